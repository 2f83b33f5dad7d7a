"""Appointments: booking them, and what became of them."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from patients.queries import clinic_days
from schedules import actions, queries
from schedules.forms import BookingForm
from schedules.models import BookingState
from schedules.rules.months import long_date
from schedules.worklists import rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.BOOK)
def book(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    clinic = slot.patient.clinic
    record_look(page="book", by=request.user, patients=[slot.patient])
    with timezone.override(clinic.zone):
        form = BookingForm(request.POST or None, clinic=clinic)
        if request.method == "POST" and form.is_valid():
            try:
                booking = actions.book(slot=slot, by=request.user, **form.cleaned_data)
            except ValidationError as error:
                refuse(form, error)
            else:
                when = booking.starts_at.astimezone(clinic.zone)
                messages.success(
                    request, f"{slot.patient} is booked for {long_date(when)} at {when:%H:%M}."
                )
                return redirect("to-book")
        [row] = rows(queries.slots_of(clinics).filter(pk=slot.pk), clinic_days([clinic]))
        return render(request, "schedules/book.html", {"form": form, "row": row})


@require_POST
@allowed(Act.BOOK)
def move_booking(
    request: UserRequest, clinics: list[Clinic], public_id: UUID, to: BookingState
) -> HttpResponse:
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    try:
        actions.move_booking(booking=booking, to=to, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{booking.slot.patient}: {to.label.lower()}.")
    return redirect("booked")
