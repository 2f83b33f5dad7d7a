"""Registering a patient whose tumour was resected; a clinician then chooses the follow-up."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.access import UserRequest, allowed
from patients.actions import add_treatment, add_tumour, register_patient
from patients.fields import DateField
from patients.forms import refuse
from patients.models import Clinic, Laterality, Margin, Sex, TreatmentKind, Tumour
from patients.naming import MORPHOLOGIES
from patients.queries import clinics_where_may
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act


class RegisterForm(forms.Form):
    clinic = forms.ModelChoiceField(Clinic.objects.none(), label=_("Clinic"), empty_label=None)
    mrn = forms.CharField(label=_("MRN"), max_length=64)
    family_name = forms.CharField(label=_("Family name"), max_length=100)
    given_name = forms.CharField(label=_("Given name"), max_length=100)
    birth_date = DateField(label=_("Birth date"), is_birth=True)
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)

    site = forms.CharField(
        label=_("Site"), max_length=120, help_text=_("In words, such as “distal femur”.")
    )
    laterality = forms.ChoiceField(
        label=_("Laterality"), choices=Laterality.choices, initial=Laterality.UNKNOWN
    )
    topography = forms.RegexField(
        r"^C\d\d\.\d$", label=_("Topography"), help_text=_("ICD-O-3, such as C49.2.")
    )
    morphology = forms.RegexField(
        r"^\d{4}/\d$",
        label=_("Morphology"),
        initial="8890/3",
        help_text=_("ICD-O-3, such as 8890/3."),
    )
    morphology_name = forms.CharField(
        label=_("Morphology name"),
        max_length=120,
        initial=_("Leiomyosarcoma, NOS"),
        widget=forms.TextInput(attrs={"list": "morphologies"}),
        help_text=_("Choose a name from the list, or type another one."),
    )
    grade = forms.TypedChoiceField(
        label=_("Grade (FNCLCC)"),
        required=False,
        choices=[("", _("Not stated")), (1, "1"), (2, "2"), (3, "3")],
        coerce=int,
        empty_value=None,
    )
    size_mm = forms.IntegerField(label=_("Size in mm"), required=False, min_value=1, max_value=2000)

    on = DateField(label=_("Date of resection"))
    margin = forms.ChoiceField(label=_("Margin"), choices=Margin.choices, required=False)

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
    RESECTION = ("on", "margin")

    def __init__(self, *args: Any, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinic = self.fields["clinic"]
        assert isinstance(clinic, forms.ModelChoiceField)
        clinic.queryset = Clinic.objects.filter(pk__in=[one.pk for one in clinics])

    @property
    def morphologies(self) -> list[tuple[str, str]]:
        """The names that are offered, with the code of each."""
        return [(gettext(name), code) for name, code in MORPHOLOGIES.items()]

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of the page."""
        return [
            (title, [self[name] for name in names])
            for title, names in (
                (gettext("Patient"), self.PATIENT),
                (gettext("Tumour"), self.TUMOUR),
                (gettext("Resection"), self.RESECTION),
            )
        ]

    @transaction.atomic
    def save(self, by: User) -> Tumour:
        """Register the patient, and add the tumour and its resection: all of it, or nothing.

        Raises:
            ValidationError: an action refuses; its keys are fields of this form.
        """
        told = self.cleaned_data
        patient = register_patient(by=by, **{name: told[name] for name in self.PATIENT})
        tumour = add_tumour(patient=patient, by=by, **{name: told[name] for name in self.TUMOUR})
        add_treatment(
            tumour=tumour,
            kind=TreatmentKind.RESECTION,
            on=told["on"],
            margin=told["margin"],
            by=by,
        )
        return tumour


@allowed(Act.REGISTER_PATIENT)
def register(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    form = RegisterForm(request.POST or None, clinics=clinics)
    if request.method == "POST" and form.is_valid():
        try:
            tumour = form.save(request.user)
        except ValidationError as error:
            refuse(form, error)
        else:
            patient = tumour.patient
            if patient.clinic in clinics_where_may(request.user, Act.PLAN):
                said = gettext("%(patient)s is registered: choose the follow-up.")
                messages.success(request, said % {"patient": patient})
                return redirect("enrol", public_id=tumour.public_id)
            said = gettext("%(patient)s is registered. A clinician must choose the follow-up.")
            messages.success(request, said % {"patient": patient})
            return redirect("patient", public_id=patient.public_id)
    return render(request, "surveillance/register.html", {"form": form})
