"""From a protocol and an anchor to slots with their four dates."""

from dataclasses import dataclass
from datetime import date, timedelta

from schedules.rules.months import add_months
from schedules.rules.protocol import Definition, Exam


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One exam that is due: the n-th of its series, `month` months after the anchor.

    All four dates are inclusive: it counts from `earliest_on`, is due on `due_on`, on time until
    `latest_on`, and takes a late exam until `lapses_on`, the day before the next one opens.
    """

    exam: Exam
    n: int
    month: int
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date


def plan(definition: Definition, anchor: date) -> list[PlannedSlot]:
    """Return all slots that `definition` gives from `anchor`, one series after another.

    Every date is computed from the anchor, never from the slot before. In each series the
    windows from `earliest_on` to `lapses_on` tile: no gap, no overlap.
    """
    slots = []
    for exam in definition.exams:
        for n, step in enumerate(definition.series(exam), start=1):
            due_on = add_months(anchor, step.month)
            slots.append(
                PlannedSlot(
                    exam=exam,
                    n=n,
                    month=step.month,
                    earliest_on=add_months(anchor, step.opens_month),
                    due_on=due_on,
                    latest_on=due_on + timedelta(days=step.late_after_days),
                    lapses_on=add_months(anchor, step.next_opens_month) - timedelta(days=1),
                )
            )
    return slots
