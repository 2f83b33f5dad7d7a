"""Recording a study."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic, Patient
from patients.queries import patients_of
from schedules import actions, queries
from schedules.forms import StudyForm
from schedules.models import ResultOutcome
from schedules.worklists import address_of_booked
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

_ASKED = ("booking", "study")


@allowed(Act.RECORD_STUDY)
def record_study(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Record a study: that of an appointment (`?booking=`), or more regions of one (`?study=`).

    Both are public ids, and lead back to the list on which they stand; of the appointments to the
    page that follows the place `?after=`.
    """
    patient = get_object_or_404(patients_of(clinics), public_id=public_id)
    record_look(page="record study", by=request.user, patients=[patient])
    form = StudyForm(
        request.POST or None,
        patient=patient,
        today=patient.clinic.today(),
        initial=_known(request, patient),
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        result = {name: told.pop(name, None) for name in ("outcome", "sites", "finding", "tumour")}
        try:
            with transaction.atomic():
                study = actions.record_study(patient=patient, by=request.user, **told)
                if result["outcome"]:
                    actions.record_result(study=study, by=request.user, **result)
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("%(patient)s: recorded %(study)s.")
            messages.success(request, said % {"patient": patient, "study": study})
            if result["outcome"] == ResultOutcome.NEW_LESION:
                return redirect("record-result", public_id=study.public_id)
            if "booking" in request.GET:
                return redirect(address_of_booked(request.GET.get("after", "")))
            if "study" in request.GET:
                return redirect("unmatched")
            return redirect("patient", public_id=patient.public_id)
    return render(request, "schedules/record_study.html", {"form": form, "patient": patient})


def _known(request: UserRequest, patient: Patient) -> dict[str, Any]:
    """What is known of the study that the address asks about, if it asks."""
    try:
        asked = {name: UUID(request.GET[name]) for name in _ASKED if name in request.GET}
    except ValueError as error:
        raise BadRequest(_("What the address asks about is no id.")) from error
    if "booking" in asked:
        bookings = queries.bookings_of([patient.clinic]).filter(patient=patient)
        booking = get_object_or_404(bookings, public_id=asked["booking"])
        day = booking.starts_at.astimezone(patient.clinic.zone).date()
        return {"performed_on": day, "modality": booking.slot.modality}
    if "study" in asked:
        study = get_object_or_404(patient.studies, public_id=asked["study"])
        return model_to_dict(study, ["performed_on", "modality", "regions", "study_uid"])
    return {}
