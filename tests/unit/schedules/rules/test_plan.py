from datetime import date, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.months import add_months
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition, Exam, Phase
from tests.unit.schedules.rules.strategies import definitions

CT = Exam("CT", ("chest", "abdomen"))
THREE_MONTHLY = Definition((Phase(0, 60, 3, 1, 14, (CT,)),))
EVERY_ANCHOR_OF_FOUR_YEARS = [date(2024, 1, 1) + timedelta(days=day) for day in range(1461)]
ANCHORS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def series(slots: list[PlannedSlot]) -> list[list[PlannedSlot]]:
    return [list(group) for _, group in groupby(slots, key=lambda slot: slot.exam)]


def test_the_first_slot_has_the_dates_that_the_protocol_says() -> None:
    first = plan(THREE_MONTHLY, date(2026, 1, 15))[0]

    assert first == PlannedSlot(
        exam=CT,
        n=1,
        month=3,
        earliest_on=date(2026, 3, 15),
        due_on=date(2026, 4, 15),
        latest_on=date(2026, 4, 29),
        lapses_on=date(2026, 6, 14),
    )


def test_the_last_slot_lapses_as_if_one_more_came() -> None:
    last = plan(THREE_MONTHLY, date(2026, 1, 15))[-1]

    assert (last.due_on, last.lapses_on) == (date(2031, 1, 15), date(2031, 3, 14))


def test_a_short_month_moves_no_later_slot() -> None:
    slots = plan(THREE_MONTHLY, date(2026, 11, 30))

    assert [slot.due_on for slot in slots[:3]] == [
        date(2027, 2, 28),
        date(2027, 5, 30),
        date(2027, 8, 30),
    ]


def test_windows_tile_from_every_anchor_of_four_years() -> None:
    for anchor in EVERY_ANCHOR_OF_FOUR_YEARS:
        slots = plan(THREE_MONTHLY, anchor)

        assert len(slots) == 20
        for slot, following in pairwise(slots):
            assert following.earliest_on == slot.lapses_on + timedelta(days=1), anchor


def test_dates_are_in_order_from_every_anchor_of_four_years() -> None:
    for anchor in EVERY_ANCHOR_OF_FOUR_YEARS:
        for n, slot in enumerate(plan(THREE_MONTHLY, anchor), start=1):
            assert slot.n == n
            assert slot.earliest_on < slot.due_on < slot.latest_on < slot.lapses_on, anchor


@pytest.mark.parametrize("anchor", [date(2026, 1, 15), date(2024, 2, 29), date(2026, 8, 31)])
def test_the_interval_can_widen_from_phase_to_phase(anchor: date) -> None:
    definition = Definition((Phase(0, 36, 3, 1, 14, (CT,)), Phase(36, 60, 6, 1, 14, (CT,))))

    slots = plan(definition, anchor)

    assert [slot.month for slot in slots] == [*range(3, 37, 3), 42, 48, 54, 60]
    assert [slot.due_on for slot in slots] == [add_months(anchor, slot.month) for slot in slots]


def test_an_exam_that_only_one_phase_asks_for_is_a_series_of_its_own() -> None:
    mr = Exam("MR", ("lower_limb",))
    definition = Definition((Phase(0, 6, 3, 1, 14, (CT,)), Phase(6, 18, 6, 1, 14, (CT, mr))))

    slots = plan(definition, date(2026, 1, 15))

    assert [(slot.exam, slot.n, slot.month) for slot in slots] == [
        (CT, 1, 3),
        (CT, 2, 6),
        (CT, 3, 12),
        (CT, 4, 18),
        (mr, 1, 12),
        (mr, 2, 18),
    ]


@given(definitions(), ANCHORS)
def test_any_protocol_gives_each_exam_when_its_phases_ask_for_it(
    definition: Definition, anchor: date
) -> None:
    slots = plan(definition, anchor)

    assert {(slot.exam, slot.month) for slot in slots} == {
        (exam, month)
        for phase in definition.phases
        for exam in phase.exams
        for month in range(phase.after_month + 1, phase.up_to_month + 1)
        if (month - phase.after_month) % phase.every_months == 0
    }
    assert all(slot.due_on == add_months(anchor, slot.month) for slot in slots)


@given(definitions(), ANCHORS)
def test_the_windows_of_any_protocol_tile(definition: Definition, anchor: date) -> None:
    for slots in series(plan(definition, anchor)):
        assert [slot.n for slot in slots] == list(range(1, len(slots) + 1))
        for slot, following in pairwise(slots):
            assert following.earliest_on == slot.lapses_on + timedelta(days=1)


@given(definitions(), ANCHORS)
def test_the_dates_of_any_protocol_are_in_order(definition: Definition, anchor: date) -> None:
    for slot in plan(definition, anchor):
        assert slot.earliest_on <= slot.due_on <= slot.latest_on < slot.lapses_on
