"""What people type. The rules stand in the actions; a form only reads."""

from django import forms
from django.http import QueryDict

from patients.forms import DateInput, ListField
from schedules.models import Decision, ResultOutcome, Study
from schedules.rules.protocol import REGIONS

# What studies can be recorded in, by DICOM code.
MODALITIES = {"CT": "CT", "MR": "MR", "PT": "PET", "CR": "Plain film"}


class ReviewForm(forms.Form):
    decision = forms.TypedChoiceField(
        choices=Decision.choices, coerce=Decision, widget=forms.RadioSelect
    )
    until = forms.DateField(
        label="Defer until", required=False, widget=DateInput, help_text="Only for a deferral."
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        help_text="Needed to skip this exam or to end the follow-up.",
    )


class StudyForm(forms.Form):
    performed_on = forms.DateField(label="Performed on", widget=DateInput)
    modality = forms.ChoiceField(choices=list(MODALITIES.items()))
    regions = forms.MultipleChoiceField(
        label="Regions covered",
        choices=[(region, region.replace("_", " ").capitalize()) for region in REGIONS],
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick what the images really cover, not what was ordered.",
    )
    study_uid = forms.RegexField(
        r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$",
        label="StudyInstanceUID",
        required=False,
        max_length=64,
        help_text="If you have it; it keeps one study from being entered twice.",
    )
    outcome = forms.TypedChoiceField(
        label="Result",
        required=False,
        choices=[("", "Not reported yet"), *ResultOutcome.choices],
        coerce=ResultOutcome,
    )
    sites = ListField(
        required=False, help_text="Of a new lesion, with commas between: liver S6, left lung."
    )


class KeepOffScheduleForm(forms.Form):
    reason = forms.CharField(max_length=300)

    def __init__(self, data: QueryDict | None = None, *, study: Study) -> None:
        # One page holds many of these, and each field needs an id of its own.
        super().__init__(data, auto_id=f"id_%s_{study.public_id}")
