"""A protocol as the rules know it: phases, exams and windows, refused where they make no sense."""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

REGIONS = (
    "head",
    "neck",
    "chest",
    "abdomen",
    "pelvis",
    "upper_limb",
    "lower_limb",
    "primary_site",
)


class ProtocolError(ValueError):
    """A definition that no schedule can follow; the message names the place."""


class Unit(StrEnum):
    """What a phase counts its intervals in."""

    MONTHS = "months"
    WEEKS = "weeks"

    @property
    def fewest_days(self) -> int:
        """The days that one unit has at least."""
        return 28 if self is Unit.MONTHS else 7


class Contrast(StrEnum):
    """Whether a contrast agent is given."""

    UNSPECIFIED = "unspecified"
    WITH = "with"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True)
class Exam:
    """What is done at one visit: a modality (DICOM code) over body regions."""

    modality: str
    regions: tuple[str, ...]
    contrast: Contrast = Contrast.UNSPECIFIED

    def __post_init__(self) -> None:
        if not self.modality:
            raise ProtocolError("exam without a modality")
        if not self.regions:
            raise ProtocolError(f"exam {self.modality}: no regions")
        for region in self.regions:
            if region not in REGIONS:
                raise ProtocolError(f"exam {self.modality}: unknown region “{region}”")

    @property
    def key(self) -> str:
        """The name of this exam's series of slots, such as `CT chest+abdomen`."""
        contrast = "" if self.contrast == Contrast.UNSPECIFIED else f" {self.contrast} contrast"
        return f"{self.modality} {'+'.join(self.regions)}{contrast}"


@dataclass(frozen=True, slots=True)
class Phase:
    """After month `after_month` up to and including `up_to_month`: exams every so many units.

    A slot opens `opens_before` units before it is due, and is overdue `late_after_days` after its
    due date.
    """

    after_month: int
    up_to_month: int
    every: int
    opens_before: int
    unit: Unit
    late_after_days: int
    exams: tuple[Exam, ...]

    def __post_init__(self) -> None:
        where = f"phase after month {self.after_month}"
        if self.every < 1:
            raise ProtocolError(f"{where}: the interval must be at least 1")
        if not 0 <= self.after_month < self.up_to_month:
            raise ProtocolError(f"{where}: it must end after it begins, at month 0 or later")
        # The months of a phase hold at least 28 days each, so that one exam surely falls in it.
        if self.every * self.unit.fewest_days > 28 * (self.up_to_month - self.after_month):
            raise ProtocolError(f"{where}: no exam falls between its first and its last month")
        if not 0 <= self.opens_before < self.every:
            raise ProtocolError(f"{where}: a window would open before the exam before it is due")
        if self.late_after_days < 0:
            raise ProtocolError(f"{where}: late_after_days is negative")
        if not self.exams:
            raise ProtocolError(f"{where}: no exams")

    @property
    def fewest_days_to_next(self) -> int:
        """The days that lie at least between a due date and the opening of the next window."""
        return (self.every - self.opens_before) * self.unit.fewest_days


@dataclass(frozen=True, slots=True)
class Definition:
    """The phases of one protocol version, in order, without gap or overlap."""

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
            phases = self.phases_of(exam)
            for phase, following in pairwise([*phases, phases[-1]]):
                room = min(phase.fewest_days_to_next, following.fewest_days_to_next)
                # One day must be left for the slot to be overdue before the next one opens.
                if phase.late_after_days > room - 2:
                    raise ProtocolError(
                        f"phase after month {phase.after_month}, exam {exam.key}: "
                        "late_after_days reaches into the next window"
                    )

    @property
    def exams(self) -> tuple[Exam, ...]:
        """Each exam once, in the order of its first phase."""
        return tuple(dict.fromkeys(exam for phase in self.phases for exam in phase.exams))

    def phases_of(self, exam: Exam) -> tuple[Phase, ...]:
        return tuple(phase for phase in self.phases if exam in phase.exams)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Read a definition from plain data, as a protocol file holds it.

        Raises:
            ProtocolError: something is missing, unknown or makes no sense; the phase is named.
        """
        if not isinstance(data.get("phases"), list):
            raise ProtocolError("no phases")
        return cls(tuple(_phase(number, told) for number, told in enumerate(data["phases"], 1)))


def _phase(number: int, told: object) -> Phase:
    where = f"phase {number}"
    told = _table(where, told)
    units = [unit for unit in Unit if f"every_{unit}" in told]
    if len(units) != 1:
        raise ProtocolError(f"{where}: say either every_months or every_weeks")
    unit = units[0]
    try:
        phase = {
            "after_month": told.pop("after_month"),
            "up_to_month": told.pop("up_to_month"),
            "every": told.pop(f"every_{unit}"),
            "opens_before": told.pop(f"opens_{unit}_before"),
            "late_after_days": told.pop("late_after_days"),
        }
        exams = _list(where, "exams", told.pop("exams"))
    except KeyError as error:
        raise ProtocolError(f"{where}: {error.args[0]} is missing") from error
    if told:
        raise ProtocolError(f"{where}: unknown {', '.join(sorted(told))}")
    for name, value in phase.items():
        if type(value) is not int:
            raise ProtocolError(f"{where}: {name} is not a whole number")
    return Phase(**phase, unit=unit, exams=tuple(_exam(where, exam) for exam in exams))


def _exam(where: str, told: object) -> Exam:
    told = _table(f"{where}, exam", told)
    try:
        modality = told.pop("modality")
        regions = _list(f"{where}, exam", "regions", told.pop("regions"))
        contrast = told.pop("contrast", Contrast.UNSPECIFIED)
    except KeyError as error:
        raise ProtocolError(f"{where}, exam: {error.args[0]} is missing") from error
    if told:
        raise ProtocolError(f"{where}, exam: unknown {', '.join(sorted(told))}")
    if not isinstance(modality, str):
        raise ProtocolError(f"{where}, exam: modality is not text")
    if contrast not in list(Contrast):
        raise ProtocolError(f"{where}, exam: unknown contrast “{contrast}”")
    try:
        exam = Exam(modality, tuple(regions), Contrast(contrast))
    except ProtocolError as error:
        raise ProtocolError(f"{where}, {error}") from error
    # In whatever order they are told, the same regions are the same exam.
    return replace(exam, regions=tuple(region for region in REGIONS if region in regions))


def _table(where: str, told: object) -> dict[str, Any]:
    """Return a copy, to take from it what is known."""
    if not isinstance(told, dict):
        raise ProtocolError(f"{where}: not a table of names and values")
    return dict(told)


def _list(where: str, name: str, told: object) -> list[Any]:
    if not isinstance(told, list):
        raise ProtocolError(f"{where}: {name} is not a list")
    return told
