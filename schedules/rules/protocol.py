"""A protocol as the rules know it: phases, exams and windows, refused where they make no sense."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

from schedules.rules.wording import gettext as _
from schedules.rules.wording import gettext_noop, listed, ngettext

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
_NAMES = {
    "head": gettext_noop("head"),
    "neck": gettext_noop("neck"),
    "chest": gettext_noop("chest"),
    "abdomen": gettext_noop("abdomen"),
    "pelvis": gettext_noop("pelvis"),
    "upper_limb": gettext_noop("upper limb"),
    "lower_limb": gettext_noop("lower limb"),
    "primary_site": gettext_noop("primary site"),
}


def region_name(region: str) -> str:
    """Return what people call a region: upper limb."""
    return _(_NAMES[region]) if region in _NAMES else region.replace("_", " ")


def exam_in_words(modality: str, regions: Iterable[str], contrast: str) -> str:
    """Return what people call an exam, whatever of it a draft lacks: CT chest+abdomen."""
    exam = " ".join(
        (
            modality or _("modality not stated,"),
            "+".join(map(region_word, regions)) or _("regions not stated"),
        )
    )
    if contrast == Contrast.WITH:
        return _("%(exam)s with contrast") % {"exam": exam}
    if contrast == Contrast.WITHOUT:
        return _("%(exam)s without contrast") % {"exam": exam}
    return exam


def region_word(region: str) -> str:
    """Return a region as the name of an exam has it: in the language of the keys as they do."""
    name = region_name(region)
    return region if name == region.replace("_", " ") else name


def exam_name(key: str) -> str:
    """Return what people call the exam of an `Exam.key`; anything else as it stands."""
    exam, contrast = key, Contrast.UNSPECIFIED
    for stated in (Contrast.WITH, Contrast.WITHOUT):
        if key.endswith(f" {stated} contrast"):
            exam, contrast = key.removesuffix(f" {stated} contrast"), stated
    modality, _space, joined = exam.rpartition(" ")
    regions = joined.split("+")
    if not modality or any(region not in REGIONS for region in regions):
        return key
    return exam_in_words(modality, regions, contrast)


LAST_MONTH = 600  # 50 years: nobody is followed for longer


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

    def counted(self, count: int) -> str:
        """Return so many of them in words: 1 month, 3 months."""
        if self is Unit.MONTHS:
            said = ngettext("%(count)s month", "%(count)s months", count)
        else:
            said = ngettext("%(count)s week", "%(count)s weeks", count)
        return said % {"count": count}


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
            raise ProtocolError(_("exam without a modality"))
        if len(self.modality) > 16:
            raise ProtocolError(
                _("exam %(modality)s: a modality has 16 letters at most")
                % {"modality": self.modality}
            )
        if not self.regions:
            raise ProtocolError(_("exam %(modality)s: no regions") % {"modality": self.modality})
        for region in self.regions:
            if region not in REGIONS:
                raise ProtocolError(
                    _("exam %(modality)s: unknown region “%(region)s”")
                    % {"modality": self.modality, "region": region}
                )

    @property
    def key(self) -> str:
        """The name of this exam's series of slots, such as `CT chest+abdomen`."""
        contrast = "" if self.contrast == Contrast.UNSPECIFIED else f" {self.contrast} contrast"
        return f"{self.modality} {'+'.join(self.regions)}{contrast}"

    @property
    def name(self) -> str:
        """The same in the language of whoever reads it."""
        return exam_in_words(self.modality, self.regions, self.contrast)


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
        if self.every < 1:
            raise self._error(_("the interval must be at least 1"))
        if not 0 <= self.after_month < self.up_to_month:
            raise self._error(_("it must end after it begins, at month 0 or later"))
        if self.up_to_month > LAST_MONTH:
            raise self._error(_("it ends after month %(month)s") % {"month": LAST_MONTH})
        # The months of a phase hold at least 28 days each, so that one exam surely falls in it.
        if self.every * self.unit.fewest_days > 28 * (self.up_to_month - self.after_month):
            raise self._error(_("no exam falls between its first and its last month"))
        if not 0 <= self.opens_before < self.every:
            raise self._error(_("a window would open before the exam before it is due"))
        if self.late_after_days < 0:
            raise self._error(_("late_after_days is negative"))
        if not self.exams:
            raise self._error(_("no exams"))

    def _error(self, why: str) -> ProtocolError:
        where = _("phase after month %(month)s") % {"month": self.after_month}
        return _error(where, why)

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
            raise ProtocolError(_("no phases"))
        for before, after in pairwise(self.phases):
            if after.after_month != before.up_to_month:
                raise ProtocolError(
                    _("phase after month %(month)s: the phase before it ends at month %(end)s")
                    % {"month": after.after_month, "end": before.up_to_month}
                )
        for exam in self.exams:
            phases = self.phases_of(exam)
            for phase, following in pairwise([*phases, phases[-1]]):
                room = min(phase.fewest_days_to_next, following.fewest_days_to_next)
                # One day must be left for the slot to be overdue before the next one opens.
                if phase.late_after_days > room - 2:
                    raise ProtocolError(
                        _(
                            "phase after month %(month)s, exam %(exam)s: "
                            "late_after_days reaches into the next window"
                        )
                        % {"month": phase.after_month, "exam": exam.name}
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
            raise ProtocolError(_("no phases"))
        return cls(tuple(_phase(number, told) for number, told in enumerate(data["phases"], 1)))


def _phase(number: int, told: object) -> Phase:
    where = _("phase %(number)s") % {"number": number}
    told = _table(where, told)
    units = [unit for unit in Unit if f"every_{unit}" in told]
    if len(units) != 1:
        raise _error(where, _("say either every_months or every_weeks"))
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
        raise _error(where, _("%(name)s is missing") % {"name": error.args[0]}) from error
    if told:
        raise _error(where, _("unknown %(names)s") % {"names": listed(sorted(told))})
    for name, value in phase.items():
        if type(value) is not int:
            raise _error(where, _("%(name)s is not a whole number") % {"name": name})
    return Phase(**phase, unit=unit, exams=tuple(_exam(where, exam) for exam in exams))


def _exam(phase: str, told: object) -> Exam:
    where = _("%(phase)s, exam") % {"phase": phase}
    told = _table(where, told)
    try:
        modality = told.pop("modality")
        regions = _list(where, "regions", told.pop("regions"))
        contrast = told.pop("contrast", Contrast.UNSPECIFIED)
    except KeyError as error:
        raise _error(where, _("%(name)s is missing") % {"name": error.args[0]}) from error
    if told:
        raise _error(where, _("unknown %(names)s") % {"names": listed(sorted(told))})
    if not isinstance(modality, str):
        raise _error(where, _("modality is not text"))
    if contrast not in list(Contrast):
        raise _error(where, _("unknown contrast “%(contrast)s”") % {"contrast": contrast})
    try:
        exam = Exam(modality, tuple(regions), Contrast(contrast))
    except ProtocolError as error:
        raise ProtocolError(_("%(phase)s, %(error)s") % {"phase": phase, "error": error}) from error
    # In whatever order they are told, the same regions are the same exam.
    return replace(exam, regions=tuple(region for region in REGIONS if region in regions))


def _error(where: str, why: str) -> ProtocolError:
    return ProtocolError(_("%(where)s: %(why)s") % {"where": where, "why": why})


def _table(where: str, told: object) -> dict[str, Any]:
    """Return a copy, to take from it what is known."""
    if not isinstance(told, dict):
        raise _error(where, _("not a table of names and values"))
    return dict(told)


def _list(where: str, name: str, told: object) -> list[Any]:
    if not isinstance(told, list):
        raise _error(where, _("%(name)s is not a list") % {"name": name})
    return told
