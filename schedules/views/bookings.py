"""Appointments and calls: booking, another time, and what became of it."""

from datetime import date
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from patients.queries import clinic_days
from schedules import actions, queries
from schedules.booking_forms import BookingForm, ContactForm
from schedules.models import Booking, BookingState, Contact, Slot
from schedules.openings import openings
from schedules.rules.contacts import latest_snooze, usual_snooze
from schedules.rules.months import long_date
from schedules.to_book import Asked, with_contacts
from schedules.worklists import address_of_booked, place_in_booked, rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.BOOK)
def book(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Book one of the best times by its button, or any other by the form."""
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    return _book(request, slot, Asked.by(request.GET).address())


@allowed(Act.BOOK)
def reschedule(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Give an appointment another time, chosen as for a new one."""
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    back = address_of_booked(request.GET.get("after", ""))
    return _book(request, booking.slot, back, instead_of=booking)


def _book(
    request: UserRequest, slot: Slot, back: str, instead_of: Booking | None = None
) -> HttpResponse:
    """Offer the times and book one; then go `back` to the list that one comes from."""
    clinic = slot.patient.clinic
    asked = f"?{query}" if (query := urlsplit(back).query) else ""
    record_look(page="book", by=request.user, patients=[slot.patient])
    with timezone.override(clinic.zone):
        form = (
            BookingForm.sent(request.POST, clinic=clinic)
            if request.method == "POST"
            else BookingForm(clinic=clinic)
        )
        if request.method == "POST" and form.is_valid():
            try:
                if instead_of:
                    booking = actions.reschedule(
                        booking=instead_of, by=request.user, **form.cleaned_data
                    )
                else:
                    booking = actions.book(slot=slot, by=request.user, **form.cleaned_data)
            except ValidationError as error:
                refuse(form, error)
            else:
                undo = reverse("undo-booking", args=[booking.public_id])
                if not instead_of:  # else the exam is to be booked, wherever one comes from
                    undo += asked
                messages.success(request, _booked(booking), extra_tags=undo)
                return redirect(back)
        [row] = rows(_with_calls(slot), clinic_days([clinic]))
        context = {
            "form": form,
            "row": row,
            "instead_of": instead_of,
            "openings": openings(slot, timezone.now(), chosen=_day(request), instead_of=instead_of),
            "list": back,
            "asked": asked,
            "other_day": "&" if asked else "?",
        }
        return render(request, "schedules/book.html", context)


def _booked(booking: Booking) -> str:
    return _("%(patient)s is booked for %(day)s at %(time)s on %(scanner)s.") % {
        "patient": booking.slot.patient,
        "day": long_date(timezone.localtime(booking.starts_at)),
        "time": time_format(timezone.localtime(booking.starts_at)),
        "scanner": booking.scanner,
    }


def _with_calls(slot: Slot) -> QuerySet[Slot]:
    return with_contacts(queries.slots_of([slot.patient.clinic]).filter(pk=slot.pk))


def _day(request: UserRequest) -> date | None:
    """The day whose times are asked for; what is none shows no times."""
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


@require_POST
@allowed(Act.BOOK)
def move_booking(
    request: UserRequest, clinics: list[Clinic], public_id: UUID, to: BookingState
) -> HttpResponse:
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    after = request.GET.get("after", "")
    try:
        actions.move_booking(booking=booking, to=to, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        told = {"patient": booking.slot.patient, "state": to.label.lower()}
        undo = reverse("undo-outcome", args=[public_id]) + place_in_booked(after)
        messages.success(request, _("%(patient)s: %(state)s.") % told, extra_tags=undo)
    return redirect(address_of_booked(after))


@allowed(Act.BOOK)
def record_contact(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Record a call. The button says what follows: be reminded later, stay listed, or book."""
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    clinic = slot.patient.clinic
    asked, today = Asked.by(request.GET), clinic.today()
    record_look(page="record a contact", by=request.user, patients=[slot.patient])
    then = request.POST.get("then", "stay")
    form = ContactForm(
        request.POST or None, today=today, initial={"snooze_until": usual_snooze(slot, today)}
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if then != "later":
            told["snooze_until"] = None
        elif told["snooze_until"] is None:
            form.add_error("snooze_until", _("Say on which day you want to be reminded."))
        try:
            contact = (
                None if form.errors else actions.record_contact(slot=slot, by=request.user, **told)
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            if contact:
                undo = reverse("undo-contact", args=[contact.public_id]) + asked.parameters()
                messages.success(request, _recorded(contact), extra_tags=undo)
                if then == "book":
                    return redirect(_address_of_booking(slot, asked))
                return redirect(asked.address())
    [row] = rows(_with_calls(slot), clinic_days([clinic]))
    context = {
        "form": form,
        "row": row,
        "last": latest_snooze(slot, today),
        "can_snooze": usual_snooze(slot, today),
        "list": asked.address(),
    }
    return render(request, "schedules/record_contact.html", context)


def _recorded(contact: Contact) -> str:
    told = {
        "patient": contact.slot.patient,
        "outcome": contact.get_outcome_display().lower(),
    }
    if not contact.snoozed_until:
        return _("%(patient)s: recorded “%(outcome)s”.") % told
    said = _("%(patient)s: recorded “%(outcome)s”. Snoozed: back on this list on %(day)s.")
    return said % (told | {"day": long_date(contact.snoozed_until)})


def _address_of_booking(slot: Slot, asked: Asked) -> str:
    return reverse("book", args=[slot.public_id]) + asked.parameters()
