from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext, gettext_noop

from patients import actions
from patients.access import UserRequest, allowed
from patients.fields import DatedForm
from patients.forms import ConsentForm, FindingForm, ResponsibleForm, TreatmentForm, refuse
from patients.models import Clinic, Tumour
from patients.queries import patients_of
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.REGISTER_PATIENT)
def add_treatment(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Add an event to the treatment history; an operation may propose a new anchor."""
    title = gettext_noop("Add a treatment")
    return _add(request, clinics, public_id, TreatmentForm, actions.add_treatment, title)


@allowed(Act.REGISTER_PATIENT)
def add_finding(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Add disease seen: a local recurrence or a metastasis."""
    title = gettext_noop("Add a finding")
    return _add(request, clinics, public_id, FindingForm, actions.add_finding, title)


def _add(
    request: UserRequest,
    clinics: list[Clinic],
    public_id: UUID,
    kind: type[DatedForm],
    action: Callable[..., Any],
    title: str,
) -> HttpResponse:
    tumour = get_object_or_404(
        Tumour.objects.filter(patient__in=patients_of(clinics)), public_id=public_id
    )
    form = kind(request.POST or None, today=tumour.patient.clinic.today())
    record_look(page=title.lower(), by=request.user, patients=[tumour.patient])
    if request.method == "POST" and form.is_valid():
        try:
            added = action(tumour=tumour, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(
                request,
                gettext("%(patient)s: added “%(added)s”.")
                % {"patient": tumour.patient, "added": added},
            )
            return redirect("patient", public_id=tumour.patient.public_id)
    context = {"form": form, "tumour": tumour, "patient": tumour.patient, "title": gettext(title)}
    return render(request, "patients/add.html", context)


@allowed(Act.REGISTER_PATIENT)
def contact(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Record or withdraw the consent to messages, or name the responsible clinician.

    Each has its own form; the name of the button that was pressed says which was sent.
    """
    patient = get_object_or_404(patients_of(clinics), public_id=public_id)
    record_look(page="contact", by=request.user, patients=[patient])
    names_clinician = "responsible" in request.POST
    withdraws = "withdraw" in request.POST
    consent = ConsentForm(
        None if names_clinician or withdraws else request.POST or None,
        initial={
            "contact_by": patient.contact_by,
            "email": patient.email,
            "phone": patient.phone,
            "language": patient.language,
        },
    )
    responsible = ResponsibleForm(
        request.POST if names_clinician else None,
        clinic=patient.clinic,
        initial={"clinician": patient.responsible_id},
    )
    sent = responsible if names_clinician else consent
    if request.method == "POST" and (withdraws or sent.is_valid()):
        try:
            if withdraws:
                actions.withdraw_consent(patient=patient, by=request.user)
                done = gettext("%(patient)s: no messages are sent any more.")
            elif names_clinician:
                actions.name_responsible(
                    patient=patient, by=request.user, **responsible.cleaned_data
                )
                done = gettext("%(patient)s: the responsible clinician is recorded.")
            else:
                actions.agree_to_messages(patient=patient, by=request.user, **consent.cleaned_data)
                done = gettext("%(patient)s: the consent is recorded.")
        except ValidationError as error:
            refuse(sent, error)
            patient.refresh_from_db()
        else:
            messages.success(request, done % {"patient": patient})
            return redirect("patient", public_id=patient.public_id)
    context = {
        "patient": patient,
        "form": sent,
        "consent": consent,
        "consent_seen": actions.mark_of_consent(patient),
        "responsible": responsible,
        "responsible_seen": actions.mark_of_responsible(patient),
    }
    return render(request, "patients/contact.html", context)
