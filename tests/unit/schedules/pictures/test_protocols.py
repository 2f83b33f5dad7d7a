"""The picture of protocols: every exam that is due has its stroke, on one axis for all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.pictures.drawing import Path
from schedules.pictures.protocols import Drawn, months, picture, series
from schedules.rules.compare import ANCHOR
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit
from tests.unit.schedules.pictures.sizes import inside, text_overlaps
from tests.unit.schedules.rules.strategies import DEFINITIONS

CT = Exam("CT", ("chest", "abdomen"))
QUARTERLY = Definition((Phase(0, 60, 3, 1, Unit.MONTHS, 14, (CT,)),))
SLOWER = Definition(
    (Phase(0, 24, 3, 1, Unit.MONTHS, 14, (CT,)), Phase(24, 120, 26, 4, Unit.WEEKS, 14, (CT,)))
)

some = settings(max_examples=40, deadline=None)
DRAWN = st.builds(Drawn, st.text(max_size=80), DEFINITIONS, st.text(max_size=300))


def strokes(shapes: list[Path]) -> list[float]:
    return [line[0].x for shape in shapes if shape.look == "pic-due" for line in shape.lines]


def strokes_of(*drawn: Drawn) -> list[list[float]]:
    """The strokes of each row, from left to right."""
    return [
        found
        for group in picture(drawn, "x").groups
        if (found := strokes([shape for shape in group.shapes if isinstance(shape, Path)]))
    ]


@some
@given(st.lists(DRAWN, min_size=1, max_size=4))
def test_everything_lies_inside_and_no_words_cover_others(drawn: list[Drawn]) -> None:
    found = picture(drawn, "Protocols")

    assert inside(found) == []
    assert text_overlaps(found) == []


@some
@given(DRAWN)
def test_every_exam_has_its_stroke_later_ones_further_to_the_right(drawn: Drawn) -> None:
    rows = strokes_of(drawn)

    assert sum(len(row) for row in rows) == len(plan(drawn.definition, ANCHOR))
    assert all(row == sorted(set(row)) for row in rows)


def test_two_protocols_stand_on_one_axis() -> None:
    quarterly, slower = strokes_of(Drawn("A", QUARTERLY), Drawn("B", SLOWER))

    assert quarterly[:8] == slower[:8]
    assert quarterly[-1] < slower[-1]


def test_a_picture_tells_phases_exams_and_source() -> None:
    found = picture([Drawn("Slower", SLOWER, "Somebody 2020")], "x")

    tells = [group.tells for group in found.groups if group.tells]
    assert tells[0] == "Slower"
    assert tells[1].startswith("Months 0 to 24: every 3 months: CT chest+abdomen; from 1 month")
    assert tells[2].startswith("Months 24 to 120: every 26 weeks")
    assert tells[3].startswith("CT chest+abdomen: 24 exams, due in months 3, 6, 9")
    assert tells[-1] == "Source: Somebody 2020"
    assert "Slower: months 0 to 24 every 3 months; months 24 to 120 every 26 weeks" in found.desc


def test_the_months_of_weeks_are_told_as_such() -> None:
    [slots] = series(SLOWER).values()

    assert months(slots[7:10]) == "24, 24 + 26 weeks, 24 + 52 weeks"


def test_the_axis_names_every_year_to_the_last() -> None:
    words = [
        shape.words
        for group in picture([Drawn("A", QUARTERLY)], "x").groups
        for shape in group.shapes
        if shape.look == "pic-axis" and not isinstance(shape, Path)
    ]

    assert words == ["month 0", "1 year", "2 years", "3 years", "4 years", "5 years"]


def test_without_a_protocol_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="empty"):
        picture([], "x")
