"""What two definitions ask for differently, and how many exams each asks for."""

from collections import Counter
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from schedules.rules.months import add_months
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition, Phase, Unit
from schedules.rules.wording import both, ngettext
from schedules.rules.wording import gettext as _

YEARS = (1, 2, 3, 5, 10)
ANCHOR = date(2025, 1, 1)  # Exams in weeks fall a little differently from another day.


class Stretch(NamedTuple):
    """Months in which each of two definitions goes on in one way, or asks for nothing."""

    after_month: int
    up_to_month: int
    first: Phase | None
    second: Phase | None

    @property
    def differs(self) -> bool:
        """Say whether exams, their days or their windows are not the same."""
        if self.first is None or self.second is None:
            return self.first is not self.second
        return _pace(self.first) != _pace(self.second)


def stretches(first: Definition, second: Definition) -> list[Stretch]:
    """Return the months of both, cut wherever a phase of either begins or ends."""
    phases = [*first.phases, *second.phases]
    cuts = sorted({month for phase in phases for month in (phase.after_month, phase.up_to_month)})
    return [
        Stretch(after, up_to, _phase_in(first, after, up_to), _phase_in(second, after, up_to))
        for after, up_to in pairwise(cuts)
    ]


def counts(definition: Definition) -> dict[str, list[int]]:
    """Return for each exam how many are due within 1, 2, 3, 5 and 10 years (`YEARS`)."""
    slots = plan(definition, ANCHOR)
    found = {exam.key: [0] * len(YEARS) for exam in definition.exams}
    for at, years in enumerate(YEARS):
        last_on = add_months(ANCHOR, 12 * years)
        for key, count in Counter(s.exam.key for s in slots if s.due_on <= last_on).items():
            found[key][at] = count
    return found


def totals(counted: dict[str, list[int]]) -> list[int]:
    """Return how many exams of all kinds are due within each of the `YEARS`."""
    return [sum(of_year) for of_year in zip(*counted.values(), strict=True)]


def pace(phase: Phase) -> str:
    """Say how often a phase asks for an exam: every 3 months."""
    if phase.unit is Unit.WEEKS:
        said = ngettext("every week", "every %(count)s weeks", phase.every)
    else:
        said = ngettext("every month", "every %(count)s months", phase.every)
    return said % {"count": phase.every}


def in_words(phase: Phase) -> str:
    """Say all that a phase asks for."""
    late = ngettext("%(count)s day", "%(count)s days", phase.late_after_days)
    return _("%(pace)s: %(exams)s; from %(opens)s before, overdue %(late)s after") % {
        "pace": pace(phase),
        "exams": both(exam.name for exam in phase.exams),
        "opens": phase.unit.counted(phase.opens_before),
        "late": late % {"count": phase.late_after_days},
    }


def month_of(slot: PlannedSlot) -> str:
    """Say when a slot is due: 24, or 24 + 13 weeks."""
    if not slot.weeks:
        return str(slot.month)
    return _("%(month)s + %(count)s weeks") % {"month": slot.month, "count": slot.weeks}


def _phase_in(definition: Definition, after: int, up_to: int) -> Phase | None:
    for phase in definition.phases:
        if phase.after_month <= after and up_to <= phase.up_to_month:
            return phase
    return None


def _pace(phase: Phase) -> tuple[object, ...]:
    """Return all that decides on which days which exams are due, and what their windows are."""
    counts_from = phase.after_month
    if phase.unit is Unit.MONTHS:
        counts_from %= phase.every
    exams = frozenset(phase.exams)
    return phase.unit, phase.every, counts_from, phase.opens_before, phase.late_after_days, exams
