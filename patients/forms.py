"""What people type of a patient's history. The rules stand in the actions; a form only reads."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.fields import DatedForm, DateField, TypedField
from patients.models import (
    Clinic,
    ContactBy,
    FindingKind,
    Intent,
    Language,
    Margin,
    TreatmentKind,
)
from patients.queries import clinicians_of
from surveillance.accounts.models import User


def refuse(form: forms.Form, error: ValidationError) -> None:
    """Put what an action refused beside its field, or above the form where it has no such field."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        field = form.fields.get(name)
        if isinstance(field, TypedField) and (value := form.cleaned_data.get(name)):
            told = {"day": field.in_words(value), "error": " ".join(error.message_dict[name])}
            form.add_error(name, gettext("Read as %(day)s. %(error)s") % told)
        else:
            form.add_error(name if field else None, errors)


class ListField(forms.CharField):
    """Several words or names, with commas between, Japanese ones too."""

    def clean(self, value: str | None) -> list[str]:
        text: str = super().clean(value)
        return [item for part in re.split("[,、，]", text) if (item := part.strip())]


class ClinicChoiceForm(forms.Form):
    """One of the user's own clinics, or all; with a single one there is nothing to choose."""

    clinic = forms.ModelChoiceField(
        Clinic.objects.none(),
        label=_("Clinic"),
        required=False,
        to_field_name="code",
        empty_label=_("All"),
    )

    def __init__(self, data: QueryDict | None, *, clinics: list[Clinic]) -> None:
        super().__init__(data)
        clinic = self.fields["clinic"]
        assert isinstance(clinic, forms.ModelChoiceField)
        clinic.queryset = Clinic.objects.filter(pk__in=[one.pk for one in clinics]).order_by("name")
        if len(clinics) == 1:
            del self.fields["clinic"]


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("MRN or start of a name"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class TreatmentForm(DatedForm):
    kind = forms.TypedChoiceField(
        label=_("Kind"), choices=TreatmentKind.choices, coerce=TreatmentKind
    )
    on = DateField(
        label=_("Date"),
        required=False,
        help_text=_("An operation needs it: follow-up counts from there."),
    )
    description = forms.CharField(label=_("Description"), required=False, max_length=300)
    intent = forms.ChoiceField(label=_("Intent"), choices=Intent.choices, required=False)
    margin = forms.ChoiceField(label=_("Margin"), choices=Margin.choices, required=False)
    drugs = ListField(label=_("Drugs"), required=False, help_text=_("With commas between."))
    cycles = forms.IntegerField(label=_("Cycles"), required=False, min_value=1, max_value=99)


class FindingForm(DatedForm):
    kind = forms.TypedChoiceField(label=_("Kind"), choices=FindingKind.choices, coerce=FindingKind)
    sites = ListField(label=_("Sites"), help_text=_("With commas between: liver S6, left lung."))
    found_on = DateField(label=_("Found on"))
    found_by = forms.CharField(
        label=_("Found by"), max_length=120, help_text=_("Such as CT or biopsy.")
    )


class EditForm(forms.Form):
    """A form that changes what stands there: it says which state of that the person had seen.

    Its page writes `seen` itself, and anew each time: who was refused and has looked can go on.
    """

    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)


class ConsentForm(EditForm):
    contact_by = forms.TypedChoiceField(
        label=_("By"),
        choices=[choice for choice in ContactBy.choices if choice[0]],
        coerce=ContactBy,
    )
    email = forms.EmailField(label=_("E-mail address"), required=False, max_length=254)
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        help_text=_("For text messages with the country, such as +81 90 1234 5678."),
    )
    language = forms.TypedChoiceField(
        label=_("Language"), choices=Language.choices, coerce=Language
    )


class ResponsibleForm(EditForm):
    clinician = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Responsible clinician"),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("Hears first of what is overdue."),
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinician = self.fields["clinician"]
        assert isinstance(clinician, forms.ModelChoiceField)
        clinician.queryset = clinicians_of(clinic)
