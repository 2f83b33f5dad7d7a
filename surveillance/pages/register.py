"""Registering a patient whose tumour was resected, and putting them under surveillance at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render

from patients.access import UserRequest, allowed
from patients.actions import add_treatment, add_tumour, register_patient
from patients.models import Clinic, Laterality, Margin, Patient, Sex, TreatmentKind
from schedules.actions import enrol
from schedules.forms import DateInput
from schedules.models import Protocol, ProtocolState
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act


class RegisterForm(forms.Form):
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    mrn = forms.CharField(label="MRN", max_length=64)
    family_name = forms.CharField(max_length=100)
    given_name = forms.CharField(max_length=100)
    birth_date = forms.DateField(widget=DateInput)
    sex = forms.ChoiceField(choices=Sex.choices)
    phone = forms.CharField(required=False, max_length=40)

    site = forms.CharField(max_length=120, help_text="In words, such as “distal femur”.")
    laterality = forms.ChoiceField(choices=Laterality.choices, initial=Laterality.UNKNOWN)
    topography = forms.RegexField(
        r"^C\d\d\.\d$", label="Topography", help_text="ICD-O-3, such as C49.2."
    )
    morphology = forms.RegexField(
        r"^\d{4}/\d$", label="Morphology", initial="8890/3", help_text="ICD-O-3, such as 8890/3."
    )
    morphology_name = forms.CharField(max_length=120, initial="Leiomyosarcoma, NOS")
    grade = forms.TypedChoiceField(
        label="Grade (FNCLCC)",
        required=False,
        choices=[("", "Not stated"), (1, "1"), (2, "2"), (3, "3")],
        coerce=int,
        empty_value=None,
    )
    size_mm = forms.IntegerField(label="Size in mm", required=False, min_value=1, max_value=2000)

    on = forms.DateField(label="Date of resection", widget=DateInput)
    margin = forms.ChoiceField(choices=Margin.choices, required=False)
    protocol = forms.ModelChoiceField(Protocol.objects.none(), empty_label=None)

    PATIENT = ("clinic", "mrn", "family_name", "given_name", "birth_date", "sex", "phone")
    TUMOUR = (
        "site",
        "laterality",
        "topography",
        "morphology",
        "morphology_name",
        "grade",
        "size_mm",
    )
    RESECTION = ("on", "margin", "protocol")

    def __init__(self, *args: Any, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "clinic": Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics]),
            "protocol": Protocol.objects.filter(state=ProtocolState.ACTIVE),
        }
        for name, queryset in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = queryset

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of the page."""
        return [
            (title, [self[name] for name in names])
            for title, names in (
                ("Patient", self.PATIENT),
                ("Tumour", self.TUMOUR),
                ("Resection and follow-up", self.RESECTION),
            )
        ]

    @transaction.atomic
    def save(self, by: User) -> Patient:
        """Register, add the tumour and its resection, and enrol: all of it, or nothing.

        Raises:
            ValidationError: an action refuses; its keys are fields of this form.
        """
        told = self.cleaned_data
        patient = register_patient(by=by, **{name: told[name] for name in self.PATIENT})
        tumour = add_tumour(patient=patient, by=by, **{name: told[name] for name in self.TUMOUR})
        resection = add_treatment(
            tumour=tumour,
            kind=TreatmentKind.RESECTION,
            on=told["on"],
            margin=told["margin"],
            by=by,
        )
        enrol(tumour=tumour, protocol=told["protocol"], anchor=resection, by=by)
        return patient


@allowed(Act.REGISTER_PATIENT)
def register(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    form = RegisterForm(request.POST or None, clinics=clinics)
    if request.method == "POST" and form.is_valid():
        try:
            patient = form.save(request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{patient} is registered and under surveillance.")
            return redirect("patient", public_id=patient.public_id)
    return render(request, "surveillance/register.html", {"form": form})
