"""Why a slot is on its day: as data, and as one sentence."""

from dataclasses import dataclass
from datetime import date

from schedules.rules.months import long_date
from schedules.rules.protocol import Definition


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
            summands.append(_counted(self.month, "months"))
        if self.weeks:
            summands.append(_counted(self.weeks, "weeks"))
        return f"{' + '.join(summands)} = {long_date(self.due_on)}"

    @property
    def sentence(self) -> str:
        became = f"{self.became}. " if self.became else ""
        return (
            f"{self.exam}, number {self.n} of its series under {self.protocol}, {self.phase}. "
            f"From {self.anchor_event}: {self.arithmetic}. "
            f"It counts from {long_date(self.earliest_on)}, "
            f"is overdue after {long_date(self.latest_on)} "
            f"and lapses after {long_date(self.lapses_on)}. {became}Source: {self.citation}"
        )


def phase_at(definition: Definition, exam: str, month: int, weeks: int) -> str:
    """Return in words the phase that puts an exam so many months and weeks after the anchor."""
    for phase in definition.phases:
        starts_here = phase.after_month == month if weeks else phase.after_month < month
        if (
            starts_here
            and month <= phase.up_to_month
            and any(one.key == exam for one in phase.exams)
        ):
            return (
                f"every {_counted(phase.every, phase.unit)} "
                f"after month {phase.after_month} up to month {phase.up_to_month}"
            )
    raise ValueError(f"no phase of the protocol holds {exam} at month {month}")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit.removesuffix('s') if number == 1 else unit}"
