"""Taking back what one has done just now, from the message that says so."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from patients.access import UserRequest, allowed
from patients.models import Clinic
from schedules import actions, overdue, queries, to_book
from schedules.rules.months import long_date
from schedules.views.results import address_of_results, places
from schedules.worklists import address_of_booked
from surveillance.accounts.roles import Act


@require_POST
@allowed(Act.BOOK)
def undo_booking(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    patient = booking.slot.patient
    if booking.replaces_id:
        said = _(
            "%(patient)s: the appointment of %(day)s at %(time)s is taken back. "
            "The one that it replaced stays cancelled."
        )
    else:
        said = _("%(patient)s: the appointment of %(day)s at %(time)s is taken back.")
    when = booking.starts_at.astimezone(patient.clinic.zone)
    said %= {"patient": patient, "day": long_date(when), "time": time_format(when)}
    _undo(request, lambda: actions.undo_booking(booking=booking, by=request.user), said)
    return redirect(to_book.Asked.by(request.GET).address())


@require_POST
@allowed(Act.BOOK)
def undo_outcome(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    said = _("%(patient)s: what was said of the appointment is taken back.")
    said %= {"patient": booking.slot.patient}
    _undo(request, lambda: actions.undo_outcome(booking=booking, by=request.user), said)
    return redirect(address_of_booked(request.GET.get("after", "")))


@require_POST
@allowed(Act.BOOK)
def undo_contact(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    contact = get_object_or_404(queries.contacts_of(clinics), public_id=public_id)
    said = _("%(patient)s: the call is taken back.") % {"patient": contact.slot.patient}
    _undo(request, lambda: actions.undo_contact(contact=contact, by=request.user), said)
    return redirect(to_book.Asked.by(request.GET).address())


@require_POST
@allowed(Act.REVIEW)
def undo_review(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Take the decision back; the list is shown at its exam, which waits for another."""
    review = get_object_or_404(queries.reviews_of(clinics), public_id=public_id)
    said = _("%(patient)s: the decision is taken back.") % {"patient": review.slot.patient}
    _undo(request, lambda: actions.undo_review(review=review, by=request.user), said)
    return redirect(f"{overdue.Asked.by(request.GET).address()}#slot-{review.slot.public_id}")


@require_POST
@allowed(Act.REVIEW)
def undo_result_review(
    request: UserRequest, clinics: list[Clinic], public_id: UUID
) -> HttpResponse:
    """Let the result wait again; the lists are shown at its study."""
    result = get_object_or_404(queries.results_of(clinics), study__public_id=public_id)
    said = _("%(patient)s: the result waits for a review again.")
    said %= {"patient": result.study.patient}
    _undo(request, lambda: actions.undo_result_review(result=result, by=request.user), said)
    return redirect(f"{address_of_results(places(request))}#study-{public_id}")


@require_POST
@allowed(Act.RECORD_STUDY)
def undo_keep_off_schedule(
    request: UserRequest, clinics: list[Clinic], public_id: UUID
) -> HttpResponse:
    study = get_object_or_404(queries.studies_of(clinics), public_id=public_id)
    said = _("%(patient)s: %(study)s waits for a decision again.")
    said %= {"patient": study.patient, "study": study}
    _undo(request, lambda: actions.undo_keep_off_schedule(study=study, by=request.user), said)
    return redirect("unmatched")


def _undo(request: UserRequest, act: Callable[[], None], said: str) -> None:
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
