"""Appointments: booking them, and what became of them."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from patients.locks import lock, lock_alive
from schedules.actions.slots import check_to_be_done, plan_again
from schedules.models import Booking, BookingState, Scanner, ScheduleState, Slot
from schedules.rules.months import long_date
from schedules.rules.windows import takes
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last

# From each state of a booking, where people can take it. Fulfilled comes from a study alone.
BOOKING_MOVES: dict[str, frozenset[str]] = {
    BookingState.BOOKED: frozenset(
        {BookingState.ARRIVED, BookingState.CANCELLED, BookingState.NO_SHOW}
    ),
    BookingState.ARRIVED: frozenset({BookingState.CANCELLED}),
}
A_YEAR = timedelta(days=366)
LONGEST = 720  # minutes that an appointment may take; a constraint holds it


@transaction.atomic
def book(
    *,
    slot: Slot,
    scanner: Scanner,
    starts_at: datetime,
    by: User,
    minutes: int | None = None,
    outside_window_reason: str = "",
    at: datetime | None = None,
) -> Booking:
    """Book an appointment for a slot, for the scanner's usual length unless `minutes` are given.

    A time outside the slot's window (from `earliest_on` to `lapses_on`, on the clinic's calendar)
    needs a reason, and stays marked.

    Raises:
        ValidationError: the slot is done or already booked, the scanner or the patient has another
            appointment at that time, the time is past, or it lies outside the window and no reason
            is given.
    """
    lock_alive(slot.patient)
    slot.refresh_from_db()
    check_to_be_done(slot)
    booking = _enter(
        Booking(
            slot=slot,
            scanner=scanner,
            starts_at=starts_at,
            minutes=scanner.minutes if minutes is None else minutes,
            outside_window_reason=outside_window_reason,
            booked_by=by,
            booked_at=at or timezone.now(),
        )
    )
    record_booking("booking.booked", booking, by)
    return booking


@transaction.atomic
def reschedule(
    *,
    booking: Booking,
    scanner: Scanner,
    starts_at: datetime,
    by: User,
    minutes: int | None = None,
    outside_window_reason: str = "",
    at: datetime | None = None,
) -> Booking:
    """Give an appointment another time: it is cancelled, and a new one that points to it is booked.

    Raises:
        ValidationError: the appointment is not ahead any more, or `book` would refuse the new time.
    """
    patient = lock_alive(booking.slot.patient)
    booking.refresh_from_db()
    at = at or timezone.now()
    if booking.state != BookingState.BOOKED:
        raise ValidationError(
            _("This appointment is %(state)s by now (%(person)s): it cannot be given another time.")
            % {"state": booking.get_state_display().lower(), "person": who_changed(booking)}
        )
    if booking.starts_at.astimezone(patient.clinic.zone).date() < patient.clinic.today(at):
        raise ValidationError(_("This appointment has passed: record first what became of it."))
    check_to_be_done(booking.slot)
    booking.state = BookingState.CANCELLED
    booking.save(update_fields=["state"])
    new = _enter(
        Booking(
            slot=booking.slot,
            scanner=scanner,
            starts_at=starts_at,
            minutes=scanner.minutes if minutes is None else minutes,
            outside_window_reason=outside_window_reason,
            booked_by=by,
            booked_at=at,
            replaces=booking,
        )
    )
    record_booking("booking.rescheduled", new, by, replaces=booking.public_id)
    return new


@transaction.atomic
def move_booking(
    *, booking: Booking, to: BookingState, by: User | str, at: datetime | None = None
) -> None:
    """Record that a patient arrived, did not attend, or that the appointment was cancelled.

    Raises:
        ValidationError: the booking's state allows no such move, or it is told before its time.
    """
    patient = lock(booking.slot.patient)
    booking.refresh_from_db()
    if to not in BOOKING_MOVES.get(booking.state, frozenset()):
        raise ValidationError(
            _("This appointment is %(state)s by now (%(person)s): it cannot be set to “%(to)s”.")
            % {
                "state": booking.get_state_display().lower(),
                "person": who_changed(booking),
                "to": to.label.lower(),
            }
        )
    clinic = patient.clinic
    day = booking.starts_at.astimezone(clinic.zone).date()
    if to != BookingState.CANCELLED and day > clinic.today(at):
        raise ValidationError(_("The appointment is not before %(day)s.") % {"day": long_date(day)})
    before, booking.state = booking.state, to
    booking.save(update_fields=["state"])
    if not booking.is_active and booking.slot.schedule.state == ScheduleState.ACTIVE:
        plan_again(booking.slot.schedule)  # what the appointment held in place may go now
    record_booking(f"booking.{to.value}", booking, by, before=before)


@transaction.atomic
def break_off(*, booking: Booking, because: str, by: User | str) -> None:
    """Give back an appointment at which the scan was begun and not done: the exam is to be booked
    again, and the list says why.

    Raises:
        ValidationError: it is over, or was given up, already.
    """
    lock(booking.slot.patient)
    booking.refresh_from_db()
    if not booking.is_active:
        raise ValidationError(
            _("This appointment is %(state)s by now.")
            % {"state": booking.get_state_display().lower()}
        )
    before, booking.state = booking.state, BookingState.CANCELLED
    booking.broken_off_because = because[:200]
    booking.save(update_fields=["state", "broken_off_because"])
    if booking.slot.schedule.state == ScheduleState.ACTIVE:
        plan_again(booking.slot.schedule)
    because = booking.broken_off_because
    record_booking("booking.broken_off", booking, by, before=before, because=because)


def who_changed(booking: Booking) -> str:
    """Return the name of whoever brought an appointment into its state, if that is known."""
    patient = booking.slot.patient
    if replacement := Booking.objects.filter(replaces=booking).select_related("booked_by").first():
        return str(replacement.booked_by)
    moves = (BookingState.ARRIVED, BookingState.NO_SHOW, BookingState.CANCELLED)
    return who_last(
        *(f"booking.{move}" for move in moves),
        "booking.broken_off",
        clinic_code=patient.clinic_code,
        patient=patient,
        booking=booking.public_id,
    )


def _enter(booking: Booking) -> Booking:
    """Store a new appointment, if its time can be had. The patient is locked already."""
    slot, scanner = booking.slot, booking.scanner
    check_unbooked(booking)
    if scanner.clinic_id != slot.patient.clinic_id:
        raise ValidationError({"scanner": _("This scanner belongs to another clinic.")})
    _check_time(booking)
    if in_window(booking):
        booking.outside_window_reason = ""
    if not lock_scanner(booking).in_use:
        raise ValidationError(
            {"scanner": _("%(scanner)s is out of use.") % {"scanner": scanner.name}}
        )
    check_free(booking)
    booking.patient = slot.patient
    booking.save()
    return booking


def check_unbooked(booking: Booking) -> None:
    """Refuse an appointment for an exam that has another one."""
    slot = booking.slot
    others = slot.bookings.filter(state__in=Booking.ACTIVE).exclude(pk=booking.pk)
    if held := others.select_related("booked_by").first():
        when = held.starts_at.astimezone(slot.patient.clinic.zone)
        raise ValidationError(
            _("%(person)s has already booked this exam for %(day)s at %(time)s.")
            % {"person": held.booked_by, "day": long_date(when), "time": time_format(when)}
        )


def lock_scanner(booking: Booking) -> Scanner:
    """Lock the scanner, after the patient, always: so that two who want one scanner wait for each
    other, and never in a circle. The second then reads who was first."""
    return Scanner.objects.select_for_update(no_key=True).get(pk=booking.scanner_id)


def in_window(booking: Booking) -> bool:
    slot = booking.slot
    return takes(slot, booking.starts_at.astimezone(slot.patient.clinic.zone).date())


def _check_time(booking: Booking) -> None:
    slot, starts_at = booking.slot, booking.starts_at
    if starts_at < booking.booked_at:
        raise ValidationError({"starts_at": _("This time is past.")})
    if starts_at.date() > slot.lapses_on + A_YEAR:
        raise ValidationError(
            {"starts_at": _("This is more than a year after the window: mistyped?")}
        )
    if not 1 <= booking.minutes <= LONGEST:
        raise ValidationError(
            {"minutes": _("An appointment takes 1 to %(most)s minutes.") % {"most": LONGEST}}
        )
    if not in_window(booking) and not booking.outside_window_reason:
        raise ValidationError(
            {
                "outside_window_reason": (
                    _(
                        "%(day)s is outside the window from %(first)s to %(last)s: give a reason, "
                        "or choose another day."
                    )
                    % {
                        "day": long_date(starts_at.astimezone(slot.patient.clinic.zone)),
                        "first": long_date(slot.earliest_on),
                        "last": long_date(slot.lapses_on),
                    }
                )
            }
        )


def check_free(booking: Booking) -> None:
    """Refuse a time at which the scanner or the patient has another appointment.

    Constraints stand behind it. What the message says of another patient is nothing but the time.
    """
    patient = booking.slot.patient
    for other in (
        Booking.objects.filter(
            Q(scanner=booking.scanner) | Q(patient=patient),
            state__in=Booking.ACTIVE,
            starts_at__lt=booking.ends_at,
            starts_at__gt=booking.starts_at - timedelta(minutes=LONGEST),
        )
        .exclude(pk=booking.pk)
        .select_related("scanner", "booked_by")
        .order_by("starts_at")
    ):
        if other.ends_at <= booking.starts_at:
            continue
        zone = patient.clinic.zone
        first, last = other.starts_at.astimezone(zone), other.ends_at.astimezone(zone)
        if other.patient_id == patient.pk:
            said = _(
                "The patient has another appointment from %(first)s to %(last)s on %(scanner)s, "
                "booked by %(person)s."
            )
        else:
            said = _(
                "%(scanner)s is taken from %(first)s to %(last)s by another appointment, "
                "booked by %(person)s."
            )
        told = {
            "first": time_format(first),
            "last": time_format(last),
            "scanner": other.scanner,
            "person": other.booked_by,
        }
        raise ValidationError({"starts_at": said % told})


def record_booking(act: str, booking: Booking, by: User | str, **detail: object) -> None:
    patient = booking.slot.patient
    record(
        act=act,
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        booking=booking.public_id,
        slot=booking.slot.public_id,
        starts_at=booking.starts_at,
        minutes=booking.minutes,
        outside_window_reason=booking.outside_window_reason,
        **detail,
    )
