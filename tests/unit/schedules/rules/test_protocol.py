import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.plan import plan
from schedules.rules.protocol import (
    REGIONS,
    Contrast,
    Definition,
    Exam,
    Phase,
    ProtocolError,
    Unit,
    exam_in_words,
    exam_name,
)
from tests.unit.schedules.rules.strategies import DEFINITIONS

CT = Exam("CT", ("chest", "abdomen"))
MR = Exam("MR", ("lower_limb",))


def phase(**changes: Any) -> Phase:
    """Return the phase of the case report, changed."""
    told: dict[str, Any] = {
        "after_month": 0,
        "up_to_month": 60,
        "every": 3,
        "opens_before": 1,
        "unit": Unit.MONTHS,
        "late_after_days": 14,
        "exams": (CT,),
    }
    return Phase(**told | changes)


def exam_data(**changes: Any) -> dict[str, Any]:
    return {"modality": "CT", "regions": ["chest", "abdomen"]} | changes


def phase_data(**changes: Any) -> dict[str, Any]:
    return {
        "after_month": 0,
        "up_to_month": 60,
        "every_months": 3,
        "opens_months_before": 1,
        "late_after_days": 14,
        "exams": [exam_data()],
    } | changes


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def in_weeks(**changes: Any) -> dict[str, Any]:
    rest = without(phase_data(), "every_months", "opens_months_before")
    return rest | {"every_weeks": 6, "opens_weeks_before": 2} | changes


def refused(message: str) -> Any:
    return pytest.raises(ProtocolError, match=f"^{re.escape(message)}$")


def test_the_words_of_a_protocol_file_never_change() -> None:
    assert REGIONS == (
        "head",
        "neck",
        "chest",
        "abdomen",
        "pelvis",
        "upper_limb",
        "lower_limb",
        "primary_site",
    )
    assert list(Contrast) == ["unspecified", "with", "without"]
    assert list(Unit) == ["months", "weeks"]


@pytest.mark.parametrize(
    ("exam", "key"),
    [
        (CT, "CT chest+abdomen"),
        (Exam("CT", ("chest",), Contrast.WITH), "CT chest with contrast"),
        (Exam("CT", ("chest",), Contrast.WITHOUT), "CT chest without contrast"),
    ],
)
def test_a_series_is_named_by_what_it_looks_at_with_what(exam: Exam, key: str) -> None:
    assert exam.key == key


@pytest.mark.parametrize(
    ("modality", "regions", "message"),
    [
        ("", ("chest",), "exam without a modality"),
        ("C" * 17, ("chest",), f"exam {'C' * 17}: a modality has 16 letters at most"),
        ("CT", (), "exam CT: no regions"),
        ("CT", ("chest", "thorax"), "exam CT: unknown region “thorax”"),
    ],
)
def test_an_exam_that_makes_no_sense_is_refused(
    modality: str, regions: tuple[str, ...], message: str
) -> None:
    with refused(message):
        Exam(modality, regions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every": 0}, "the interval must be at least 1"),
        ({"every": -3}, "the interval must be at least 1"),
        ({"after_month": -3}, "it must end after it begins, at month 0 or later"),
        ({"after_month": 60}, "it must end after it begins, at month 0 or later"),
        ({"up_to_month": 601}, "it ends after month 600"),
        ({"up_to_month": 2}, "no exam falls between its first and its last month"),
        (
            {"after_month": 3, "up_to_month": 5},
            "no exam falls between its first and its last month",
        ),
        (
            {"unit": Unit.WEEKS, "every": 33, "up_to_month": 8},
            "no exam falls between its first and its last month",
        ),
        (
            {"unit": Unit.WEEKS, "every": 5, "up_to_month": 1},
            "no exam falls between its first and its last month",
        ),
        ({"opens_before": 3}, "a window would open before the exam before it is due"),
        ({"opens_before": -1}, "a window would open before the exam before it is due"),
        ({"late_after_days": -1}, "late_after_days is negative"),
        ({"exams": ()}, "no exams"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused_by_its_first_month(
    changes: dict[str, Any], message: str
) -> None:
    with refused(f"phase after month {changes.get('after_month', 0)}: {message}"):
        phase(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"every": 1, "opens_before": 0},
        {"up_to_month": 3},
        {"up_to_month": 600},
        {"unit": Unit.WEEKS, "every": 4, "up_to_month": 1},
        {"opens_before": 2},
        {"late_after_days": 0},
    ],
)
def test_a_phase_may_go_to_the_limit(changes: dict[str, Any]) -> None:
    definition = Definition((phase(**changes),))

    assert plan(definition, date(2026, 2, 1))


def test_a_protocol_needs_a_phase() -> None:
    with refused("no phases"):
        Definition(())


@pytest.mark.parametrize("after_month", [33, 39])
def test_phases_neither_overlap_nor_leave_a_gap(after_month: int) -> None:
    with refused(f"phase after month {after_month}: the phase before it ends at month 36"):
        Definition((phase(up_to_month=36), phase(after_month=after_month)))


@pytest.mark.parametrize(
    "changes",
    [
        {"every": 1, "opens_before": 0, "late_after_days": 26},
        {"every": 4, "opens_before": 3, "late_after_days": 5, "unit": Unit.WEEKS},
    ],
    ids=["months", "weeks"],
)
def test_at_the_latest_an_exam_is_late_for_one_day_before_the_next_window_opens(
    changes: dict[str, Any],
) -> None:
    latest = phase(**changes)
    # Due in February: the shortest month leaves the least room.
    first = plan(Definition((latest,)), date(2026, 1, 1))[0]
    assert (first.lapses_on - first.latest_on).days == 1

    with refused(
        "phase after month 0, exam CT chest+abdomen: late_after_days reaches into the next window"
    ):
        Definition((replace(latest, late_after_days=latest.late_after_days + 1),))


def test_the_last_exam_of_a_phase_may_not_be_late_into_the_first_window_of_the_next() -> None:
    following = phase(after_month=36, every=6, opens_before=5)
    Definition((phase(up_to_month=36, late_after_days=26), following))

    with refused(
        "phase after month 0, exam CT chest+abdomen: late_after_days reaches into the next window"
    ):
        Definition((phase(up_to_month=36, late_after_days=27), following))


def test_the_last_phase_of_each_exam_is_looked_at_too() -> None:
    with refused(
        "phase after month 36, exam MR lower_limb: late_after_days reaches into the next window"
    ):
        Definition(
            (
                phase(up_to_month=36, exams=(CT, MR)),
                phase(after_month=36, every=1, opens_before=0, late_after_days=27, exams=(MR,)),
            )
        )


def test_each_exam_comes_once_in_the_order_of_its_first_phase() -> None:
    definition = Definition(
        (
            phase(up_to_month=12, exams=(MR,)),
            phase(after_month=12, up_to_month=24, exams=(CT, MR)),
            phase(after_month=24),
        )
    )

    assert definition.exams == (MR, CT)
    assert definition.phases_of(MR) == definition.phases[:2]
    assert definition.phases_of(CT) == definition.phases[1:]


def test_a_definition_in_months_and_weeks_is_read_from_plain_data() -> None:
    data = {
        "phases": [
            in_weeks(up_to_month=3),
            phase_data(after_month=3, exams=[exam_data(contrast="with")]),
        ]
    }

    assert Definition.from_data(data) == Definition(
        (
            phase(up_to_month=3, every=6, opens_before=2, unit=Unit.WEEKS),
            phase(after_month=3, exams=(Exam("CT", ("chest", "abdomen"), Contrast.WITH),)),
        )
    )


def test_the_same_regions_in_another_order_are_the_same_exam() -> None:
    data = {"phases": [phase_data(exams=[exam_data(regions=["abdomen", "chest", "abdomen"])])]}

    assert Definition.from_data(data) == Definition((phase(),))


@given(DEFINITIONS)
def test_any_definition_is_read_as_it_was_told(definition: Definition) -> None:
    data = {
        "phases": [
            {
                "after_month": told.after_month,
                "up_to_month": told.up_to_month,
                f"every_{told.unit}": told.every,
                f"opens_{told.unit}_before": told.opens_before,
                "late_after_days": told.late_after_days,
                "exams": [
                    {
                        "modality": exam.modality,
                        "regions": list(exam.regions),
                        "contrast": str(exam.contrast),
                    }
                    for exam in told.exams
                ],
            }
            for told in definition.phases
        ]
    }

    assert Definition.from_data(data) == definition


@pytest.mark.parametrize("data", [{}, {"phases": None}, {"phases": {}}, {"phases": []}])
def test_data_without_phases_is_refused(data: dict[str, Any]) -> None:
    with refused("no phases"):
        Definition.from_data(data)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("CT", "not a table of names and values"),
        (without(phase_data(), "every_months"), "say either every_months or every_weeks"),
        (phase_data(every_weeks=6), "say either every_months or every_weeks"),
        (without(phase_data(), "after_month"), "after_month is missing"),
        (without(phase_data(), "up_to_month"), "up_to_month is missing"),
        (without(phase_data(), "opens_months_before"), "opens_months_before is missing"),
        (without(in_weeks(), "opens_weeks_before"), "opens_weeks_before is missing"),
        (without(phase_data(), "late_after_days"), "late_after_days is missing"),
        (without(phase_data(), "exams"), "exams is missing"),
        (phase_data(opens_weeks_before=1), "unknown opens_weeks_before"),
        (phase_data(until=3, colour="red"), "unknown colour, until"),
        (phase_data(every_months="3"), "every is not a whole number"),
        (phase_data(up_to_month=60.0), "up_to_month is not a whole number"),
        (phase_data(late_after_days=True), "late_after_days is not a whole number"),
        (phase_data(exams=None), "exams is not a list"),
    ],
)
def test_a_phase_of_another_shape_is_refused_by_its_number(second: Any, message: str) -> None:
    with refused(f"phase 2: {message}"):
        Definition.from_data({"phases": [phase_data(up_to_month=36), second]})


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("CT", "exam: not a table of names and values"),
        ({"regions": ["chest"]}, "exam: modality is missing"),
        ({"modality": "CT"}, "exam: regions is missing"),
        (exam_data(modality=5), "exam: modality is not text"),
        (exam_data(modality=""), "exam without a modality"),
        (exam_data(regions="chest"), "exam: regions is not a list"),
        (exam_data(regions=[]), "exam CT: no regions"),
        (exam_data(regions=["chest", "thorax"]), "exam CT: unknown region “thorax”"),
        (exam_data(contrast="gadolinium"), "exam: unknown contrast “gadolinium”"),
        (exam_data(contrast=["with"]), "exam: unknown contrast “['with']”"),
        (exam_data(side="left", depth="deep"), "exam: unknown depth, side"),
    ],
)
def test_an_exam_of_another_shape_is_refused_by_its_phase(second: Any, message: str) -> None:
    with refused(f"phase 2, {message}"):
        Definition.from_data(
            {
                "phases": [
                    phase_data(up_to_month=36),
                    phase_data(after_month=36, exams=[exam_data(), second]),
                ]
            }
        )


def test_a_phase_that_makes_no_sense_is_refused_from_data_too() -> None:
    with refused("phase after month 36: no exams"):
        Definition.from_data(
            {"phases": [phase_data(up_to_month=36), phase_data(after_month=36, exams=[])]}
        )


@given(
    st.builds(
        Exam,
        st.text(min_size=1, max_size=16),
        st.lists(st.sampled_from(REGIONS), min_size=1).map(tuple),
        st.sampled_from(Contrast),
    )
)
def test_in_the_language_of_its_key_an_exam_is_named_by_its_key(exam: Exam) -> None:
    assert exam_name(exam.key) == exam.name == exam.key


@given(st.text() | st.text("CT +chest_with out contrast"))
def test_what_is_no_key_of_an_exam_is_shown_as_it_stands(text: str) -> None:
    assert exam_name(text) == text


def test_an_exam_that_a_draft_leaves_open_is_said_all_the_same() -> None:
    assert exam_in_words("", ["chest"], "") == "modality not stated, chest"
    assert exam_in_words("CT", [], "with") == "CT regions not stated with contrast"
