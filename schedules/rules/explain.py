"""Why a slot is on its day: as data, and as one sentence."""

from dataclasses import dataclass
from datetime import date

from schedules.rules.months import long_date
from schedules.rules.protocol import Definition, Unit, exam_name
from schedules.rules.wording import gettext as _


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a slot's dates follow from, and what became of it."""

    protocol: str  # code and version
    exam: str
    phase: str
    anchor_event: str
    anchor_on: date
    n: int
    month: int
    weeks: int
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date
    became: str  # what satisfied, skipped, superseded or withdrew it; empty while it is open
    citation: str

    @property
    def arithmetic(self) -> str:
        """The sum that gives the due date."""
        summands = [long_date(self.anchor_on)]
        if self.month:
            summands.append(Unit.MONTHS.counted(self.month))
        if self.weeks:
            summands.append(Unit.WEEKS.counted(self.weeks))
        return f"{' + '.join(summands)} = {long_date(self.due_on)}"

    @property
    def sentence(self) -> str:
        """All of it, in words."""
        dates = _(
            "%(exam)s, number %(n)s of its series under %(protocol)s, %(phase)s. "
            "From %(anchor)s: %(arithmetic)s. It counts from %(earliest)s, is overdue after "
            "%(latest)s and lapses after %(lapses)s."
        ) % {
            "exam": exam_name(self.exam),
            "n": self.n,
            "protocol": self.protocol,
            "phase": self.phase,
            "anchor": self.anchor_event,
            "arithmetic": self.arithmetic,
            "earliest": long_date(self.earliest_on),
            "latest": long_date(self.latest_on),
            "lapses": long_date(self.lapses_on),
        }
        became = _("%(sentence)s.") % {"sentence": self.became} if self.became else ""
        source = _("Source: %(citation)s") % {"citation": self.citation}
        return " ".join(part for part in (dates, became, source) if part)


def phase_at(definition: Definition, exam: str, month: int, weeks: int) -> str:
    """Return in words the phase that puts an exam so many months and weeks after the anchor."""
    for phase in definition.phases:
        starts_here = phase.after_month == month if weeks else phase.after_month < month
        if (
            starts_here
            and month <= phase.up_to_month
            and any(one.key == exam for one in phase.exams)
        ):
            return _("every %(interval)s after month %(after)s up to month %(up_to)s") % {
                "interval": phase.unit.counted(phase.every),
                "after": phase.after_month,
                "up_to": phase.up_to_month,
            }
    raise ValueError(f"no phase of the protocol holds {exam} at month {month}")
