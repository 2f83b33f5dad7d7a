import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import schedules
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, ProtocolError

SHIPPED = Path(schedules.__file__).parent / "protocols" / "ct-chest-abdomen-3m.toml"
CT = Exam("CT", ("chest", "abdomen"))


MONTHS: dict[str, Any] = {
    "after_month": 0,
    "up_to_month": 60,
    "every_months": 3,
    "opens_months_before": 1,
    "late_after_days": 14,
}


def phase(**changes: Any) -> Phase:
    return Phase(**MONTHS | {"exams": (CT,)} | changes)


def phase_data(**changes: Any) -> dict[str, Any]:
    exams = [{"modality": "CT", "regions": ["chest", "abdomen"]}]
    return MONTHS | {"exams": exams} | changes


def test_the_shipped_protocol_gives_twenty_cts_of_chest_and_abdomen() -> None:
    data = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))

    slots = plan(Definition.from_data(data), date(2026, 1, 15))

    assert [(slot.exam, slot.month) for slot in slots] == [(CT, m) for m in range(3, 61, 3)]


def test_an_exam_is_named_by_what_it_looks_at_with_what() -> None:
    assert CT.key == "CT chest+abdomen"


@pytest.mark.parametrize(
    ("modality", "regions", "message"),
    [
        ("", ("chest",), "exam: modality is empty"),
        ("CT", (), "exam CT: no regions"),
        ("CT", ("chest", "thorax"), "exam CT: unknown region “thorax”"),
    ],
)
def test_an_exam_that_makes_no_sense_is_refused(
    modality: str, regions: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ProtocolError, match=f"^{message}$"):
        Exam(modality, regions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every_months": 0}, "every_months must be at least 1"),
        ({"after_month": 6, "up_to_month": 8}, "no exam falls between its first and last month"),
        ({"after_month": -3}, "no exam falls between its first and last month"),
        ({"opens_months_before": 3}, "a window would open before the exam before it is due"),
        ({"opens_months_before": -1}, "a window would open before the exam before it is due"),
        ({"late_after_days": -1}, "late_after_days is negative"),
        ({"exams": ()}, "no exams"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused_by_its_first_month(
    changes: dict[str, Any], message: str
) -> None:
    first = changes.get("after_month", 0)

    with pytest.raises(ProtocolError, match=f"^phase after month {first}: {message}$"):
        phase(**changes)


def test_a_protocol_needs_a_phase() -> None:
    with pytest.raises(ProtocolError, match=r"^no phases$"):
        Definition(())


@pytest.mark.parametrize("after_month", [33, 39])
def test_phases_neither_overlap_nor_leave_a_gap(after_month: int) -> None:
    with pytest.raises(
        ProtocolError, match=f"^phase after month {after_month}: .* ends at month 36$"
    ):
        Definition((phase(up_to_month=36), phase(after_month=after_month)))


def test_an_exam_must_be_able_to_become_overdue_before_the_next_window_opens() -> None:
    # February: due on the 1st, and the next window opens on 1 March. 26 days leave one to be late.
    longest = phase(every_months=1, opens_months_before=0, late_after_days=26)
    first = plan(Definition((longest,)), date(2026, 1, 1))[0]
    assert (first.latest_on, first.lapses_on) == (date(2026, 2, 27), date(2026, 2, 28))

    with pytest.raises(ProtocolError, match=r"^exam CT chest\+abdomen at month 1: late_after_days"):
        Definition((phase(every_months=1, opens_months_before=0, late_after_days=27),))


def test_the_first_window_of_a_phase_may_not_swallow_the_last_of_the_phase_before() -> None:
    with pytest.raises(ProtocolError, match=r"^exam CT chest\+abdomen at month 36: "):
        Definition(
            (
                phase(up_to_month=36, late_after_days=40),
                phase(after_month=36, every_months=6, opens_months_before=5),
            )
        )


def test_a_definition_is_read_from_plain_data() -> None:
    assert Definition.from_data({"phases": [phase_data()]}) == Definition((phase(),))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"phases": None},
        {"phases": [phase_data(exams=[{"modality": "CT"}])]},
        {"phases": [phase_data(exams=None)]},
        {"phases": [phase_data(colour="red")]},
        {"phases": [{"after_month": 0}]},
        {"phases": [phase_data(every_months="3")]},
    ],
    ids=["empty", "nothing", "no regions", "no exams", "unknown key", "missing keys", "text"],
)
def test_data_of_another_shape_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=r"^not a protocol definition: "):
        Definition.from_data(data)


def test_data_that_makes_no_sense_is_refused_by_its_place() -> None:
    with pytest.raises(ProtocolError, match=r"^phase after month 0: no exams$"):
        Definition.from_data({"phases": [phase_data(exams=[])]})
