"""Protocols beside one another: what the pages show of one, of all, and of two compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from schedules.models import Protocol
from schedules.pictures import protocols as pictures
from schedules.pictures.drawing import Picture
from schedules.rules.compare import YEARS, Stretch, counts, in_words, stretches, totals
from schedules.rules.protocol import Contrast, exam_in_words, exam_name


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One exam of a protocol: the months in which it is due, and how many within `YEARS`."""

    exam: str
    months: str
    counts: list[int]


@dataclass(frozen=True, slots=True)
class StretchRow:
    """Months in which two protocols each go on in one way, in words."""

    after_month: int
    up_to_month: int
    first: str
    second: str
    differs: bool


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many exams of one kind each of two protocols asks for within `YEARS`."""

    exam: str
    first: list[int]
    second: list[int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two protocols on one axis, the phases of both, and how much each asks for."""

    first: Protocol
    second: Protocol
    picture: Picture
    stretches: list[StretchRow]
    counts: list[CountRow]
    years: tuple[int, ...] = YEARS

    @property
    def differences(self) -> int:
        return sum(row.differs for row in self.stretches)


class CompareForm(forms.Form):
    """Which two versions to compare, each told as its code and version: esmo-sts-high-1."""

    a = forms.ChoiceField(label=_("First"))
    b = forms.ChoiceField(label=_("Second"))

    def __init__(self, *args: Any, protocols: Iterable[Protocol], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._protocols = {name_of(one): one for one in protocols}
        choices = [("", gettext("Choose one"))] + [
            (name, _title(one)) for name, one in self._protocols.items()
        ]
        for name in ("a", "b"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_a(self) -> Protocol:
        return self._complete("a")

    def clean_b(self) -> Protocol:
        return self._complete("b")

    def _complete(self, name: str) -> Protocol:
        protocol = self._protocols[self.cleaned_data[name]]
        if protocol.flaw:
            raise ValidationError(
                gettext(
                    "%(protocol)s cannot be compared as long as its phases are incomplete: "
                    "%(flaw)s."
                )
                % {"protocol": protocol, "flaw": protocol.flaw}
            )
        return protocol


def name_of(protocol: Protocol) -> str:
    """Return a version's name in an address."""
    return f"{protocol.code}-{protocol.version}"


def compare(first: Protocol, second: Protocol) -> Comparison:
    """Set two complete protocols beside one another."""
    each = [counts(one.definition) for one in (first, second)]
    nothing = [0] * len(YEARS)
    exams = dict.fromkeys(exam for counted in each for exam in counted)
    rows = [
        CountRow(exam_name(exam), *(counted.get(exam, nothing) for counted in each))
        for exam in exams
    ]
    drawn = [first] if first == second else [first, second]
    return Comparison(
        first,
        second,
        pictures.picture([_drawn(one) for one in drawn], gettext("Two protocols over the years")),
        [_row(one) for one in stretches(first.definition, second.definition)],
        [*rows, CountRow(gettext("All exams"), *(totals(counted) for counted in each))],
    )


def picture_of(protocol: Protocol) -> Picture:
    """Draw one complete protocol."""
    return pictures.picture([_drawn(protocol)], gettext("The protocol over the years"))


def series_of(protocol: Protocol) -> list[SeriesRow]:
    """Return what the picture of a complete protocol shows, exam by exam."""
    counted = counts(protocol.definition)
    return [
        SeriesRow(exam_name(exam), pictures.months(slots), counted[exam])
        for exam, slots in pictures.series(protocol.definition).items()
    ]


def phases_of(protocol: Protocol) -> list[dict[str, Any]]:
    """Return the phases as they stand, complete or not, with their exams in words."""
    return [
        phase | {"exams": [_exam(one) for one in phase.get("exams", [])]}
        for phase in protocol.phases
    ]


def _exam(told: dict[str, Any]) -> str:
    return exam_in_words(
        told.get("modality", ""),
        told.get("regions", []),
        told.get("contrast", Contrast.UNSPECIFIED),
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """All protocols that are complete on one axis, the same by protocol and exam, and the rest."""

    picture: Picture
    left_out: list[Protocol]
    rows: list[tuple[Protocol, list[str], list[SeriesRow]]]
    years: tuple[int, ...] = YEARS


def overview(protocols: Iterable[Protocol]) -> Overview | None:
    """Return a look at all of `protocols` that are complete; None where none is."""
    everyone = list(protocols)
    complete = [one for one in everyone if not one.flaw]
    if not complete:
        return None
    return Overview(
        pictures.picture(
            [_drawn(one) for one in complete], gettext("All protocols over the years")
        ),
        [one for one in everyone if one not in complete],
        [(one, _phases(one), series_of(one)) for one in complete],
    )


def _phases(protocol: Protocol) -> list[str]:
    return [
        gettext("months %(after)s to %(up_to)s: %(phase)s")
        % {"after": phase.after_month, "up_to": phase.up_to_month, "phase": in_words(phase)}
        for phase in protocol.definition.phases
    ]


def _drawn(protocol: Protocol) -> pictures.Drawn:
    return pictures.Drawn(_title(protocol), protocol.definition, protocol.citation)


def _title(protocol: Protocol) -> str:
    return gettext("%(title)s (%(version)s, %(state)s)") % {
        "title": protocol.name,
        "version": protocol,
        "state": protocol.get_state_display().lower(),
    }


def _row(stretch: Stretch) -> StretchRow:
    first, second = (
        in_words(phase) if phase else gettext("nothing")
        for phase in (stretch.first, stretch.second)
    )
    return StretchRow(stretch.after_month, stretch.up_to_month, first, second, stretch.differs)
