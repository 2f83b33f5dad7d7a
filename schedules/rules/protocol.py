"""A protocol as the rules know it: phases, exams and windows, refused where they make no sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

REGIONS = ("head", "neck", "chest", "abdomen", "pelvis", "upper_limb", "lower_limb")


class ProtocolError(ValueError):
    """A definition that no schedule can follow; the message names the place."""


@dataclass(frozen=True, slots=True)
class Exam:
    """What is done at one visit: a modality (DICOM code) over body regions."""

    modality: str
    regions: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.modality:
            raise ProtocolError("exam: modality is empty")
        if not self.regions:
            raise ProtocolError(f"exam {self.modality}: no regions")
        for region in self.regions:
            if region not in REGIONS:
                raise ProtocolError(f"exam {self.modality}: unknown region “{region}”")

    @property
    def key(self) -> str:
        """The name of this exam's series of slots, such as `CT chest+abdomen`."""
        return f"{self.modality} {'+'.join(self.regions)}"


@dataclass(frozen=True, slots=True)
class Phase:
    """After month `after_month` up to and including `up_to_month`: exams every `every_months`.

    A slot opens `opens_months_before` its due month and is overdue `late_after_days` after
    its due date.
    """

    after_month: int
    up_to_month: int
    every_months: int
    opens_months_before: int
    late_after_days: int
    exams: tuple[Exam, ...]

    def __post_init__(self) -> None:
        where = f"phase after month {self.after_month}"
        if self.every_months < 1:
            raise ProtocolError(f"{where}: every_months must be at least 1")
        if not 0 <= self.after_month <= self.up_to_month - self.every_months:
            raise ProtocolError(f"{where}: no exam falls between its first and last month")
        if not 0 <= self.opens_months_before < self.every_months:
            raise ProtocolError(f"{where}: a window would open before the exam before it is due")
        if self.late_after_days < 0:
            raise ProtocolError(f"{where}: late_after_days is negative")
        if not self.exams:
            raise ProtocolError(f"{where}: no exams")

    @property
    def months(self) -> range:
        """The months after the anchor at which an exam is due."""
        return range(self.after_month + self.every_months, self.up_to_month + 1, self.every_months)


@dataclass(frozen=True, slots=True)
class Step:
    """One place in an exam's series, in months after the anchor."""

    month: int
    opens_month: int
    next_opens_month: int
    late_after_days: int


@dataclass(frozen=True, slots=True)
class Definition:
    """The phases of one protocol version, in order and without overlap."""

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        if not self.phases:
            raise ProtocolError("no phases")
        for before, after in pairwise(self.phases):
            if after.after_month != before.up_to_month:
                raise ProtocolError(
                    f"phase after month {after.after_month}: "
                    f"the phase before it ends at month {before.up_to_month}"
                )
        for exam in self.exams:
            for step in self.series(exam):
                # A month has at least 28 days. One day must be left for the slot to be overdue.
                if step.late_after_days > 28 * (step.next_opens_month - step.month) - 2:
                    raise ProtocolError(
                        f"exam {exam.key} at month {step.month}: "
                        "late_after_days reaches into the next window"
                    )

    @property
    def exams(self) -> tuple[Exam, ...]:
        """Each exam once, in the order of its first phase."""
        return tuple(dict.fromkeys(exam for phase in self.phases for exam in phase.exams))

    def series(self, exam: Exam) -> Iterator[Step]:
        """Yield the places at which `exam` is due, in order."""
        due = [
            (month, phase) for phase in self.phases if exam in phase.exams for month in phase.months
        ]
        opens = [month - phase.opens_months_before for month, phase in due]
        # After the last comes none; it lapses as if its phase went on.
        opens.append(opens[-1] + due[-1][1].every_months)
        for (month, phase), (opens_month, next_opens_month) in zip(
            due, pairwise(opens), strict=True
        ):
            yield Step(month, opens_month, next_opens_month, phase.late_after_days)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Read a definition from plain data, as a protocol file holds it.

        Raises:
            ProtocolError: something is missing, unknown or makes no sense.
        """
        try:
            return cls(tuple(_phase(**phase) for phase in data["phases"]))
        except (KeyError, TypeError) as error:
            raise ProtocolError(f"not a protocol definition: {error}") from error


def _phase(*, exams: list[dict[str, Any]], **months: int) -> Phase:
    return Phase(
        **months,
        exams=tuple(Exam(exam["modality"], tuple(exam["regions"])) for exam in exams),
    )
