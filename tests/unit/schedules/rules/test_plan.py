from collections import Counter
from datetime import date, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.months import add_months
from schedules.rules.plan import Pause, PlannedSlot, plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit
from tests.unit.schedules.rules import oracle
from tests.unit.schedules.rules.strategies import (
    ANCHORS,
    DEFINITIONS,
    RESTS,
    Rest,
    core,
    pauses,
)

CT = Exam("CT", ("chest", "abdomen"))
MR = Exam("MR", ("lower_limb",))
THREE_MONTHLY = Definition((Phase(0, 60, 3, 1, Unit.MONTHS, 14, (CT,)),))
ANCHOR = date(2026, 1, 15)


def series(slots: list[PlannedSlot]) -> list[list[PlannedSlot]]:
    return [list(group) for _, group in groupby(slots, key=lambda slot: slot.exam)]


def test_the_first_slot_has_the_dates_that_the_protocol_says() -> None:
    first = plan(THREE_MONTHLY, ANCHOR)[0]

    assert first == PlannedSlot(
        exam=CT,
        n=1,
        month=3,
        weeks=0,
        earliest_on=date(2026, 3, 15),
        due_on=date(2026, 4, 15),
        latest_on=date(2026, 4, 29),
        lapses_on=date(2026, 6, 14),
    )


def test_the_last_slot_lapses_as_if_one_more_came() -> None:
    last = plan(THREE_MONTHLY, ANCHOR)[-1]

    assert (last.due_on, last.lapses_on) == (date(2031, 1, 15), date(2031, 3, 14))


def test_a_short_month_moves_no_later_slot() -> None:
    slots = plan(THREE_MONTHLY, date(2026, 11, 30))

    assert [slot.due_on for slot in slots[:3]] == [
        date(2027, 2, 28),
        date(2027, 5, 30),
        date(2027, 8, 30),
    ]


def test_weeks_count_from_the_first_day_of_their_phase() -> None:
    definition = Definition((Phase(1, 4, 6, 2, Unit.WEEKS, 7, (CT,)),))

    slots = plan(definition, date(2026, 1, 31))

    # Month 1 after 31 January is 28 February, month 4 is 31 May: 13 weeks and a day.
    assert slots == [
        PlannedSlot(
            exam=CT,
            n=1,
            month=1,
            weeks=6,
            earliest_on=date(2026, 3, 28),
            due_on=date(2026, 4, 11),
            latest_on=date(2026, 4, 18),
            lapses_on=date(2026, 5, 8),
        ),
        PlannedSlot(
            exam=CT,
            n=2,
            month=1,
            weeks=12,
            earliest_on=date(2026, 5, 9),
            due_on=date(2026, 5, 23),
            latest_on=date(2026, 5, 30),
            lapses_on=date(2026, 6, 19),
        ),
    ]


def test_an_exam_on_the_last_day_of_its_phase_is_still_asked_for() -> None:
    four_weeks = Definition((Phase(0, 1, 4, 0, Unit.WEEKS, 7, (CT,)),))

    assert [slot.due_on for slot in plan(four_weeks, date(2026, 2, 1))] == [date(2026, 3, 1)]


@pytest.mark.parametrize("anchor", [ANCHOR, date(2024, 2, 29), date(2026, 8, 31)])
def test_the_interval_can_widen_from_phase_to_phase(anchor: date) -> None:
    definition = Definition(
        (
            Phase(0, 36, 3, 1, Unit.MONTHS, 14, (CT,)),
            Phase(36, 60, 6, 1, Unit.MONTHS, 14, (CT,)),
        )
    )

    slots = plan(definition, anchor)

    assert [slot.month for slot in slots] == [*range(3, 37, 3), 42, 48, 54, 60]
    assert [slot.due_on for slot in slots] == [add_months(anchor, slot.month) for slot in slots]


def test_weeks_can_be_followed_by_months() -> None:
    definition = Definition(
        (
            Phase(0, 3, 6, 1, Unit.WEEKS, 7, (CT,)),
            Phase(3, 9, 3, 1, Unit.MONTHS, 14, (CT,)),
        )
    )

    slots = plan(definition, ANCHOR)

    assert [(slot.n, slot.month, slot.weeks, slot.due_on) for slot in slots] == [
        (1, 0, 6, date(2026, 2, 26)),
        (2, 0, 12, date(2026, 4, 9)),
        (3, 6, 0, date(2026, 7, 15)),
        (4, 9, 0, date(2026, 10, 15)),
    ]


def test_an_exam_that_only_one_phase_asks_for_is_a_series_of_its_own() -> None:
    definition = Definition(
        (
            Phase(0, 6, 3, 1, Unit.MONTHS, 14, (CT,)),
            Phase(6, 18, 6, 1, Unit.MONTHS, 14, (CT, MR)),
        )
    )

    slots = plan(definition, ANCHOR)

    assert [(slot.exam, slot.n, slot.month) for slot in slots] == [
        (CT, 1, 3),
        (CT, 2, 6),
        (CT, 3, 12),
        (CT, 4, 18),
        (MR, 1, 12),
        (MR, 2, 18),
    ]


def test_a_late_exam_is_taken_through_a_phase_that_does_not_ask_for_it() -> None:
    definition = Definition(
        (
            Phase(0, 6, 6, 1, Unit.MONTHS, 14, (CT, MR)),
            Phase(6, 12, 6, 1, Unit.MONTHS, 14, (CT,)),
            Phase(12, 18, 6, 1, Unit.MONTHS, 14, (CT, MR)),
        )
    )

    first, second = (slot for slot in plan(definition, ANCHOR) if slot.exam == MR)

    assert (first.lapses_on, second.earliest_on) == (date(2027, 6, 14), date(2027, 6, 15))


@pytest.mark.parametrize(
    ("from_on", "until_on", "left_out"),
    [
        (date(2026, 6, 14), date(2026, 6, 15), [1]),
        (date(2026, 6, 15), date(2026, 9, 14), []),
        (date(2026, 6, 14), date(2026, 6, 14), []),
        (date(2026, 6, 14), date(2026, 9, 15), [1, 2]),
        (date(2025, 1, 1), date(2026, 6, 14), []),
    ],
)
def test_a_slot_that_lapsed_in_a_pause_is_left_out_and_the_others_keep_their_number(
    from_on: date, until_on: date, left_out: list[int]
) -> None:
    slots = plan(THREE_MONTHLY, ANCHOR, [Pause(from_on, until_on)])

    assert slots == [slot for slot in plan(THREE_MONTHLY, ANCHOR) if slot.n not in left_out]


def test_each_of_several_pauses_counts() -> None:
    june = Pause(date(2026, 6, 1), date(2026, 7, 1))
    december = Pause(date(2026, 12, 1), date(2027, 1, 1))

    slots = plan(THREE_MONTHLY, ANCHOR, [june, december])

    assert [slot.n for slot in slots] == [2, *range(4, 21)]


@core
@given(DEFINITIONS, ANCHORS)
def test_every_date_of_any_protocol_is_counted_from_the_anchor(
    definition: Definition, anchor: date
) -> None:
    assert [(slot.exam, slot[-4:]) for slot in plan(definition, anchor)] == [
        (exam, dates)
        for exam in definition.exams
        for dates in oracle.dates(definition, exam, anchor)
    ]


@core
@given(DEFINITIONS, ANCHORS)
def test_the_windows_of_any_protocol_tile_and_are_as_many_as_its_phases_ask_for(
    definition: Definition, anchor: date
) -> None:
    asked_for: Counter[Exam] = Counter()
    for phase in definition.phases:
        for exam in phase.exams:
            asked_for[exam] += oracle.times(phase, anchor)

    planned = series(plan(definition, anchor))

    assert {slots[0].exam: len(slots) for slots in planned} == asked_for
    for slots in planned:
        assert [slot.n for slot in slots] == list(range(1, len(slots) + 1))
        for slot, following in pairwise(slots):
            assert following.earliest_on == slot.lapses_on + timedelta(days=1)
        for slot in slots:
            assert slot.earliest_on <= slot.due_on <= slot.latest_on < slot.lapses_on


@given(DEFINITIONS, ANCHORS)
def test_each_place_of_any_protocol_says_how_its_due_date_is_counted(
    definition: Definition, anchor: date
) -> None:
    for slot in plan(definition, anchor):
        counted = oracle.months_after(anchor, slot.month) + timedelta(weeks=slot.weeks)
        assert slot.due_on == counted


@core
@given(DEFINITIONS, ANCHORS, st.lists(st.sampled_from(RESTS), max_size=2))
def test_any_pauses_take_out_what_lapsed_in_them_and_nothing_else(
    definition: Definition, anchor: date, rests: list[Rest]
) -> None:
    rested = [
        range(pause.from_on.toordinal(), pause.until_on.toordinal())
        for pause in pauses(anchor, rests)
    ]

    assert plan(definition, anchor, pauses(anchor, rests)) == [
        slot
        for slot in plan(definition, anchor)
        if not any(slot.lapses_on.toordinal() in days for days in rested)
    ]
