"""What people type to draft a protocol: what it is, whom it suits, and its phases.

Phases are read into the same plain data that a protocol's file holds, and checked by the rules.
"""

from datetime import date
from typing import Any, cast
from unicodedata import normalize

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.fields import AddressDateField
from patients.forms import EditForm, ListField
from schedules.forms import MODALITIES
from schedules.models import Protocol
from schedules.rules.protocol import (
    LAST_MONTH,
    REGIONS,
    Contrast,
    Definition,
    ProtocolError,
    Unit,
    exam_in_words,
    exam_name,
    region_word,
)
from schedules.rules.wording import listed


class CodesField(ListField):
    """Beginnings of ICD-O-3 codes, with commas between."""

    def __init__(self, pattern: str, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.check = RegexValidator(rf"^(?:{pattern})\Z", _("“%(value)s” begins no such code."))

    def clean(self, value: str | None) -> list[str]:
        codes = [code.upper() for code in super().clean(value)]
        for code in codes:
            self.check(code)
        return codes


class ProtocolForm(EditForm):
    """A draft, but for its phases."""

    TEXTS = ("title", "population", "citation", "quote", "note", "missing")
    SUITS = ("topography", "morphology", "grades")

    title = forms.CharField(label=_("Title"), max_length=200)
    population = forms.CharField(
        label=_("Population"),
        max_length=300,
        help_text=_("The patients that the source speaks of."),
    )
    citation = forms.CharField(label=_("Citation"), widget=forms.Textarea(attrs={"rows": 2}))
    quote = forms.CharField(
        label=_("Quote"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The source’s own words."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What the source does not say or prove. It is shown to everyone."),
    )
    missing = forms.CharField(
        label=_("Still missing"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("As long as anything stands here, the draft cannot be signed."),
    )
    topography = CodesField(
        r"C\d{0,2}|C\d\d\.\d?",
        label=_("Sites"),
        help_text=_("Beginnings of ICD-O-3 topography codes, with commas between: C47, C49.2."),
    )
    morphology = CodesField(
        r"\d{1,4}|\d{4}/\d?",
        label=_("Morphology"),
        help_text=_("Beginnings of ICD-O-3 morphology codes, with commas between: 889, 8936/3."),
    )
    grades = forms.TypedMultipleChoiceField(
        label=_("FNCLCC grades"),
        required=False,
        choices=[(1, "1"), (2, "2"), (3, "3")],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def told(self) -> dict[str, Any]:
        """What the draft is to say, and which version was the newest before it."""
        typed = self.cleaned_data
        suits = {name: typed[name] for name in self.SUITS if typed[name]}
        texts = {name: typed[name] for name in self.TEXTS}
        return texts | {"suits": suits, "seen": typed["seen"]}

    @classmethod
    def typed(cls, protocol: Protocol) -> dict[str, Any]:
        """Return what someone would type to get this protocol again."""
        suits = {name: ", ".join(protocol.suits.get(name, [])) for name in cls.SUITS[:2]}
        grades = {"grades": protocol.suits.get("grades", [])}
        return {name: getattr(protocol, name) for name in cls.TEXTS} | suits | grades


class PhaseForm(forms.Form):
    after_month = forms.IntegerField(label=_("After month"), min_value=0, max_value=LAST_MONTH)
    up_to_month = forms.IntegerField(
        label=_("Up to and including month"), min_value=1, max_value=LAST_MONTH
    )
    every = forms.IntegerField(label=_("Every"), min_value=1, max_value=LAST_MONTH)
    unit = forms.TypedChoiceField(
        label=_("Unit"),
        choices=[(Unit.MONTHS.value, _("months")), (Unit.WEEKS.value, _("weeks"))],
        coerce=Unit,
        initial=Unit.MONTHS.value,
    )
    opens_before = forms.IntegerField(label=_("Opens before"), min_value=0, max_value=LAST_MONTH)
    late_after_days = forms.IntegerField(
        label=_("Overdue after days"), min_value=0, max_value=LAST_MONTH
    )
    exams = forms.CharField(
        label=_("Exams"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line, such as “CT chest+abdomen” or “MR lower_limb with contrast”."),
    )

    def clean_exams(self) -> list[dict[str, Any]]:
        exams, errors = [], []
        for line in filter(None, map(str.strip, self.cleaned_data["exams"].splitlines())):
            try:
                exams.append(read_exam(line))
            except ValidationError as error:
                errors.append(error)
        if errors:
            raise ValidationError(errors)
        return exams

    def clean(self) -> None:
        if not self.errors:
            _check([self.told])

    @property
    def told(self) -> dict[str, Any]:
        """The phase as a protocol's file holds it."""
        typed = self.cleaned_data
        unit = typed["unit"]
        return {
            "after_month": typed["after_month"],
            "up_to_month": typed["up_to_month"],
            f"every_{unit}": typed["every"],
            f"opens_{unit}_before": typed["opens_before"],
            "late_after_days": typed["late_after_days"],
            "exams": typed["exams"],
        }

    @staticmethod
    def typed(phase: dict[str, Any]) -> dict[str, Any]:
        """Return what someone would type to get this phase again."""
        unit = Unit.WEEKS if "every_weeks" in phase else Unit.MONTHS
        return {
            "after_month": phase.get("after_month"),
            "up_to_month": phase.get("up_to_month"),
            "every": phase.get(f"every_{unit}"),
            "unit": unit.value,
            "opens_before": phase.get(f"opens_{unit}_before"),
            "late_after_days": phase.get("late_after_days"),
            "exams": "\n".join(write_exam(exam) for exam in phase.get("exams", [])),
        }


class BasePhaseFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        if not any(self.errors):
            _check(self.told)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The phases in their order, without empty rows and those that are ticked off."""
        phases = [
            form.told
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data["DELETE"]
        ]
        return sorted(phases, key=lambda phase: phase["after_month"])


PhaseFormSet = cast(
    "type[BasePhaseFormSet]",
    forms.formset_factory(PhaseForm, formset=BasePhaseFormSet, extra=2, can_delete=True),
)


class PreviewForm(forms.Form):
    anchor = AddressDateField(
        label=_("Month 0"),
        validators=[MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))],
    )


def read_exam(line: str) -> dict[str, Any]:
    """Read an exam as people write it, such as `CT chest+abdomen` or `MR head with contrast`.

    The words are those of the reader's language, or of a protocol's file.

    Raises:
        ValidationError: it has no modality or region that studies can be recorded with.
    """
    exam, contrast = _contrast(" ".join(normalize("NFKC", line).split()))
    modality, _space, regions = exam.partition(" ")
    modality = modality.upper()
    if modality not in MODALITIES:
        raise ValidationError(
            gettext("“%(line)s”: begin with the modality: %(known)s.")
            % {"line": line, "known": listed(MODALITIES)}
        )
    known = {region_word(region).lower(): region for region in REGIONS}
    typed = [region.strip().lower() for region in regions.split("+")]
    named = [known.get(region, region.replace(" ", "_")) for region in typed]
    for region in named:
        if region not in REGIONS:
            if region:
                said = gettext("“%(line)s”: “%(region)s” is no region. The regions are %(known)s.")
            else:
                said = gettext("“%(line)s”: a region is lacking. The regions are %(known)s.")
            told = {"line": line, "region": region, "known": listed(map(region_word, REGIONS))}
            raise ValidationError(said % told)
    read = {"modality": modality, "regions": [region for region in REGIONS if region in named]}
    return read | ({"contrast": contrast} if contrast else {})


def _contrast(line: str) -> tuple[str, str]:
    """Return a line without what it says of contrast, and what that is."""
    plain = exam_in_words("CT", REGIONS[:1], "")
    for stated in (Contrast.WITH, Contrast.WITHOUT):
        in_words = exam_in_words("CT", REGIONS[:1], stated).removeprefix(plain)
        for said in (f" {stated} contrast", in_words):
            if line.lower().endswith(said):
                return line[: -len(said)], stated.value
    return line, ""


def write_exam(exam: dict[str, Any]) -> str:
    """Write an exam as `read_exam` reads it; a question mark stands for what a draft lacks."""
    words = [exam.get("modality") or "?", "+".join(exam.get("regions", [])) or "?"]
    contrast = exam.get("contrast", Contrast.UNSPECIFIED)
    if contrast != Contrast.UNSPECIFIED:
        words.append(f"{contrast} contrast")
    return exam_name(" ".join(words))


def _check(phases: list[dict[str, Any]]) -> None:
    try:
        Definition.from_data({"phases": phases})
    except ProtocolError as error:
        raise ValidationError(str(error)) from error
