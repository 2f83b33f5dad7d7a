"""What people type. The rules stand in the actions; a form only reads."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.fields import DatedForm, DateField
from patients.forms import EditForm, ListField
from patients.models import FindingKind, Patient, Tumour
from patients.paging import PAGE_ROWS
from schedules.actions import TOGETHER
from schedules.models import Decision, Result, ResultOutcome, Study
from schedules.models.study import STUDY_UID, made_up_study_uid
from schedules.rules.protocol import REGIONS, region_name

# What studies can be recorded in, by DICOM code.
MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET", "CR": _("Plain film")}


def _capitalised(region: str) -> str:
    return region_name(region).capitalize()


_region = lazy(_capitalised, str)  # a form is made once, and read in many languages
REGION_CHOICES = [(region, _region(region)) for region in REGIONS]


class ReviewForm(DatedForm):
    decision = forms.TypedChoiceField(
        label=_("Decision"), choices=Decision.choices, coerce=Decision, widget=forms.RadioSelect
    )
    until = DateField(
        label=_("Defer until"),
        required=False,
        help_text=_("Only for a deferral."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=300,
        help_text=_("Needed to skip this exam or to end the follow-up."),
    )
    # Which decision the person had before them: not shown, and asked for where it was.
    seen = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)

    def clean_seen(self) -> str | None:
        """Return the last decision that was shown; nothing of it if the form did not say."""
        return self.cleaned_data["seen"] if "seen" in self.data else None


class TickedField(forms.Field):
    """The rows that were ticked: each a slot's id and the last decision that was shown of it."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: list[str]) -> dict[UUID, str]:
        if not value:
            raise ValidationError(gettext("Tick the exams that this is to be recorded for."))
        if len(value) > PAGE_ROWS:
            raise ValidationError(gettext("No more than %(count)s at once.") % {"count": PAGE_ROWS})
        try:
            return {UUID(slot): seen for slot, _, seen in (one.partition("_") for one in value)}
        except ValueError as error:
            raise ValidationError(gettext("That is no exam of this list.")) from error


class TogetherForm(forms.Form):
    """One decision on several exams; only what takes nobody off the list."""

    ticked = TickedField(label=_("Exams"))
    decision = forms.TypedChoiceField(
        label=_("Decision"),
        choices=[(decision.value, decision.label) for decision in TOGETHER],
        coerce=Decision,
    )
    reason = forms.CharField(label=_("Note for all of them"), required=False, max_length=300)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="id_%s_together")


class LesionForm(forms.Form):
    """What a new lesion is: it opens a finding in the history of one of the patient's tumours."""

    sites = ListField(
        label=_("Sites"),
        required=False,
        help_text=_("Of a new lesion, with commas between: liver S6, left lung."),
    )
    finding = forms.TypedChoiceField(
        label=_("The new lesion is"),
        required=False,
        choices=[("", _("No new lesion")), *FindingKind.choices],
        coerce=FindingKind,
        empty_value=None,
        help_text=_("It is entered in the history as a finding of that kind."),
    )
    tumour = forms.ModelChoiceField(
        Tumour.objects.none(),
        label=_("Of which tumour"),
        required=False,
        empty_label=_("No new lesion"),
    )

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tumours = list(patient.tumours.order_by("id"))
        tumour = self.fields["tumour"]
        assert isinstance(tumour, forms.ModelChoiceField)
        tumour.queryset = patient.tumours.order_by("id")
        if len(self._tumours) < 2:  # there is nothing to choose
            del self.fields["tumour"]

    def clean(self) -> None:
        if "tumour" not in self.fields:
            self.cleaned_data["tumour"] = next(iter(self._tumours), None)


class ResultForm(LesionForm):
    outcome = forms.TypedChoiceField(
        label=_("Result"),
        choices=ResultOutcome.choices,
        coerce=ResultOutcome,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(label=_("Comment"), required=False, max_length=300)
    field_order: tuple[str, ...] = ("outcome", "sites", "finding", "tumour", "comment")


class CorrectionForm(EditForm, ResultForm):
    """What a result should have said; it begins with what it says."""

    withdraws = forms.TypedChoiceField(
        required=False,
        choices=[
            ("yes", _("It was never there: it is withdrawn from the history")),
            ("no", _("It was seen by other means too: it stays in the history")),
        ],
        coerce=lambda chosen: chosen == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
        help_text=_("Needed if the result tells of it no longer."),
    )
    reason = forms.CharField(label=_("Why it is corrected"), max_length=300)
    field_order = (*ResultForm.field_order, "withdraws", "reason")
    SITELESS = (ResultOutcome.NO_DISEASE, ResultOutcome.INADEQUATE)

    def __init__(self, data: QueryDict | None = None, *, result: Result) -> None:
        told_of = result.told_of
        says = {
            "outcome": result.outcome,
            "sites": ", ".join(result.sites),
            "comment": result.comment,
            "finding": told_of.kind if told_of else "",
            "tumour": told_of.tumour_id if told_of else None,
        }
        super().__init__(data, patient=result.study.patient, initial=says)
        if told_of and not told_of.results.exclude(pk=result.pk).exists():
            self.fields["withdraws"].label = gettext("The finding “%(finding)s”") % {
                "finding": told_of
            }
        else:
            del self.fields["withdraws"]

    def clean(self) -> None:
        """What it said of a lesion and still stands there is not meant, if it tells of none now."""
        told = self.cleaned_data
        if told.get("outcome") != ResultOutcome.NEW_LESION and "finding" not in self.changed_data:
            told["finding"] = None
        if told.get("outcome") in self.SITELESS and "sites" not in self.changed_data:
            told["sites"] = []
        super().clean()


class StudyForm(DatedForm, LesionForm):
    performed_on = DateField(label=_("Performed on"))
    modality = forms.ChoiceField(label=_("Modality"), choices=list(MODALITIES.items()))
    regions = forms.MultipleChoiceField(
        label=_("Regions covered"),
        choices=REGION_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick what the images really cover, not what was ordered."),
    )
    study_uid = forms.RegexField(
        STUDY_UID.regex,
        label="StudyInstanceUID",
        required=False,
        max_length=64,
        help_text=_("If you have it; it keeps one study from being entered twice."),
    )
    outcome = forms.TypedChoiceField(
        label=_("Result"),
        required=False,
        choices=[("", _("Not reported yet")), *ResultOutcome.choices],
        coerce=ResultOutcome,
    )
    # The UID of a study that has none here: whoever sends the form again, for they saw no answer,
    # tells of the same study.
    made_up_uid = forms.RegexField(
        STUDY_UID.regex,
        required=False,
        max_length=64,
        widget=forms.HiddenInput,
        initial=made_up_study_uid,
    )
    field_order = (
        *("performed_on", "modality", "regions", "study_uid"),
        *("outcome", "sites", "finding", "tumour"),
    )

    def clean(self) -> None:
        super().clean()
        if not self.cleaned_data.get("outcome") and self.cleaned_data.get("finding"):
            self.add_error("finding", gettext("Only a new lesion is a finding."))
        made_up = self.cleaned_data.pop("made_up_uid", "")
        self.cleaned_data["study_uid"] = self.cleaned_data.get("study_uid") or made_up


class KeepOffScheduleForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, data: QueryDict | None = None, *, study: Study) -> None:
        # One page holds many of these, and each field needs an id of its own.
        super().__init__(data, auto_id=f"id_%s_{study.public_id}")
