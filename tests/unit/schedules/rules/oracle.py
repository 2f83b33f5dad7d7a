"""What the rules should give, worked out another way: by leafing through a calendar."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from schedules.rules.protocol import Definition, Exam, Phase, Unit

Dates = tuple[date, date, date, date]


def _leaves() -> list[list[date]]:
    """Return the days of 1990 to 2160, one leaf a month."""
    leaves: list[list[date]] = []
    day = date(1990, 1, 1)
    while day.year <= 2160:
        if day.day == 1:
            leaves.append([])
        leaves[-1].append(day)
        day += timedelta(days=1)
    return leaves


LEAVES = _leaves()
LEAF_OF = {(leaf[0].year, leaf[0].month): number for number, leaf in enumerate(LEAVES)}


def months_after(day: date, months: int) -> date:
    leaf = LEAVES[LEAF_OF[day.year, day.month] + months]
    return leaf[min(day.day, len(leaf)) - 1]


def times(phase: Phase, anchor: date) -> int:
    """Return how often a phase asks for its exams."""
    if phase.unit == Unit.MONTHS:
        return (phase.up_to_month - phase.after_month) // phase.every
    days = months_after(anchor, phase.up_to_month) - months_after(anchor, phase.after_month)
    return days.days // (7 * phase.every)


def dates(definition: Definition, exam: Exam, anchor: date) -> list[Dates]:
    """Return the four dates of each slot of an exam."""
    phases = [phase for phase in definition.phases if exam in phase.exams]
    windows = [
        window
        for phase in phases
        for window in _windows(phase, anchor, times(phase, anchor) + (phase == phases[-1]))
    ]
    return [
        (opens, due, due + timedelta(days=late), next_opens - timedelta(days=1))
        for (opens, due, late), (next_opens, _, _) in pairwise(windows)
    ]


def _windows(phase: Phase, anchor: date, many: int) -> Iterator[tuple[date, date, int]]:
    for units in range(phase.every, phase.every * many + 1, phase.every):
        opens, due = (
            months_after(anchor, phase.after_month + after)
            if phase.unit == Unit.MONTHS
            else months_after(anchor, phase.after_month) + timedelta(days=7 * after)
            for after in (units - phase.opens_before, units)
        )
        yield opens, due, phase.late_after_days
