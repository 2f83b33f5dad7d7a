"""From a protocol and an anchor to slots with their four dates."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple

from schedules.rules.months import add_months
from schedules.rules.protocol import Definition, Exam, Phase, Unit

_DAY = timedelta(days=1)


class PlannedSlot(NamedTuple):
    """One exam that is due: the n-th of its series, so many months and weeks after the anchor.

    All four dates are inclusive: it counts from `earliest_on`, is due on `due_on`, on time until
    `latest_on`, and takes a late exam until `lapses_on`, the day before the next one opens.
    """

    exam: Exam
    n: int
    month: int
    weeks: int
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date


class Pause(NamedTuple):
    """Follow-up was suspended from a day up to, but not including, another."""

    from_on: date
    until_on: date


def plan(definition: Definition, anchor: date, pauses: Sequence[Pause] = ()) -> list[PlannedSlot]:
    """Return all slots that `definition` gives from `anchor`, one series after another.

    Every date is computed from the anchor, never from the slot before. In each series the
    windows from `earliest_on` to `lapses_on` tile: no gap, no overlap. A slot that lapsed during
    a pause is left out; the others keep their number.
    """
    slots = [slot for exam in definition.exams for slot in _series(definition, exam, anchor)]
    if not pauses:
        return slots
    return [
        slot
        for slot in slots
        if not any(pause.from_on <= slot.lapses_on < pause.until_on for pause in pauses)
    ]


class _Place(NamedTuple):
    """Where an exam of a series falls."""

    month: int
    weeks: int
    earliest_on: date
    due_on: date


def _series(definition: Definition, exam: Exam, anchor: date) -> Iterator[PlannedSlot]:
    phases = definition.phases_of(exam)
    places = [
        (place, late_after)
        for phase in phases
        for late_after in [timedelta(days=phase.late_after_days)]
        for place in _within(phase, anchor)
    ]
    # After the last exam comes none; its slot lapses as if its phase went on.
    after_last = _beyond(phases[-1], anchor, places[-1][0]).earliest_on
    opens = [*(place.earliest_on for place, _ in places[1:]), after_last]
    pairs = zip(places, opens, strict=True)
    for n, ((place, late_after), next_opens_on) in enumerate(pairs, start=1):
        yield PlannedSlot(
            exam,
            n,
            place.month,
            place.weeks,
            place.earliest_on,
            place.due_on,
            place.due_on + late_after,
            next_opens_on - _DAY,
        )


def _within(phase: Phase, anchor: date) -> Iterator[_Place]:
    """Yield the places of a phase: each counts from the anchor, and weeks from its first day."""
    last_on = add_months(anchor, phase.up_to_month)
    for nth in count(1):
        place = _place(phase, anchor, nth)
        if place.due_on > last_on:
            return
        yield place


def _beyond(phase: Phase, anchor: date, last: _Place) -> _Place:
    """Return the place that would follow `last`."""
    if phase.unit == Unit.MONTHS:
        return _place(phase, anchor, (last.month - phase.after_month) // phase.every + 1)
    return _place(phase, anchor, last.weeks // phase.every + 1)


def _place(phase: Phase, anchor: date, nth: int) -> _Place:
    steps = nth * phase.every
    if phase.unit == Unit.MONTHS:
        month = phase.after_month + steps
        earliest_on = add_months(anchor, month - phase.opens_before)
        return _Place(month, 0, earliest_on, add_months(anchor, month))
    begins_on = add_months(anchor, phase.after_month)
    return _Place(
        phase.after_month,
        steps,
        begins_on + timedelta(weeks=steps - phase.opens_before),
        begins_on + timedelta(weeks=steps),
    )
