"""Appointments: booking them, and what became of them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from schedules.actions.slots import check_to_be_done, lock, lock_alive, plan_again
from schedules.models import Booking, BookingState, Scanner, ScheduleState, Slot
from schedules.rules.months import long_date
from schedules.rules.windows import takes
from surveillance.accounts.models import User
from surveillance.audit.actions import record

# From each state of a booking, where people can take it. Fulfilled comes from a study alone.
BOOKING_MOVES: dict[str, frozenset[str]] = {
    BookingState.BOOKED: frozenset(
        {BookingState.ARRIVED, BookingState.CANCELLED, BookingState.NO_SHOW}
    ),
    BookingState.ARRIVED: frozenset({BookingState.CANCELLED}),
}


@transaction.atomic
def book(
    *,
    slot: Slot,
    scanner: Scanner,
    starts_at: datetime,
    by: User,
    outside_window_reason: str = "",
    at: datetime | None = None,
) -> Booking:
    """Book an appointment for a slot.

    A time outside the slot's window (from `earliest_on` to `lapses_on`, on the clinic's calendar)
    needs a reason, and stays marked.

    Raises:
        ValidationError: the slot is done or already booked, the time is past, or it lies outside
            the window and no reason is given.
    """
    patient = lock_alive(slot.patient)
    slot.refresh_from_db()
    check_to_be_done(slot)
    held = slot.bookings.filter(state__in=Booking.ACTIVE).select_related("booked_by").first()
    if held:
        when = held.starts_at.astimezone(patient.clinic.zone)
        raise ValidationError(
            f"{held.booked_by} has already booked this exam for {long_date(when)} at {when:%H:%M}."
        )
    if scanner.clinic_id != patient.clinic_id:
        raise ValidationError({"scanner": "This scanner belongs to another clinic."})
    at = at or timezone.now()
    _check_time(slot, starts_at, outside_window_reason, at)
    booking = Booking.objects.create(
        slot=slot,
        scanner=scanner,
        starts_at=starts_at,
        booked_by=by,
        booked_at=at,
        outside_window_reason="" if _in_window(slot, starts_at) else outside_window_reason,
    )
    _record_booking("booking.booked", booking, by)
    return booking


@transaction.atomic
def move_booking(
    *, booking: Booking, to: BookingState, by: User, at: datetime | None = None
) -> None:
    """Record that a patient arrived, did not attend, or that the appointment was cancelled.

    Raises:
        ValidationError: the booking's state allows no such move, or it is told before its time.
    """
    patient = lock(booking.slot.patient)
    booking.refresh_from_db()
    if to not in BOOKING_MOVES.get(booking.state, frozenset()):
        raise ValidationError(
            f"This appointment is {booking.get_state_display().lower()} by now: "
            f"it cannot be set to “{to.label.lower()}”."
        )
    clinic = patient.clinic
    day = booking.starts_at.astimezone(clinic.zone).date()
    if to != BookingState.CANCELLED and day > clinic.today(at):
        raise ValidationError(f"The appointment is not before {long_date(day)}.")
    booking.state = to
    booking.save(update_fields=["state"])
    if not booking.is_active and booking.slot.schedule.state == ScheduleState.ACTIVE:
        plan_again(booking.slot.schedule)  # what the appointment held in place may go now
    _record_booking(f"booking.{to.value}", booking, by)


def _in_window(slot: Slot, starts_at: datetime) -> bool:
    return takes(slot, starts_at.astimezone(slot.patient.clinic.zone).date())


def _check_time(slot: Slot, starts_at: datetime, outside_window_reason: str, at: datetime) -> None:
    zone = slot.patient.clinic.zone
    if starts_at < at:
        raise ValidationError({"starts_at": "This time is past."})
    if not _in_window(slot, starts_at) and not outside_window_reason:
        raise ValidationError(
            {
                "outside_window_reason": (
                    f"{long_date(starts_at.astimezone(zone))} is outside the window from "
                    f"{long_date(slot.earliest_on)} to {long_date(slot.lapses_on)}: "
                    "give a reason, or choose another day."
                )
            }
        )


def _record_booking(act: str, booking: Booking, by: User) -> None:
    patient = booking.slot.patient
    record(
        act=act,
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        booking=booking.public_id,
        slot=booking.slot.public_id,
        starts_at=booking.starts_at,
        outside_window_reason=booking.outside_window_reason,
    )
