"""A worklist's rows: each slot beside what a person must know to act on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.http import urlencode

from patients.models import Patient
from patients.paging import By
from patients.queries import ClinicDay
from schedules.models import Booking, Review, ScheduleState, Slot, Study
from schedules.rules.windows import WindowStatus, days_late, is_close, window_status

EARLIEST = (By("starts_at"),)  # the order of appointments
OLDEST = (By("performed_on", date.fromisoformat),)  # and that of studies


@dataclass(frozen=True, slots=True)
class Row:
    """One slot on one day."""

    slot: Slot
    patient: Patient
    on: date
    status: WindowStatus
    days_late: int
    last_booking: Booking | None
    last_review: Review | None
    close_exam: Study | None  # done shortly before the window opened: somebody should decide

    @property
    def days_left(self) -> int:
        """Days until the slot becomes overdue."""
        return (self.slot.latest_on - self.on).days

    @property
    def seen(self) -> str:
        """Which decision a person who looks at this row has before them: the last one's id."""
        return str(self.last_review.public_id) if self.last_review else ""


def rows(slots: Iterable[Slot], days: Iterable[ClinicDay]) -> list[Row]:
    """Return a row for each of the slots, in their order, in a constant number of queries."""
    on_of = {clinic.pk: day.on for day in days for clinic in day.clinics}
    slots = list(slots)
    prefetch_related_objects(
        slots,
        "studies__result",
        "schedule__tumour__patient__studies",
        Prefetch("bookings", Booking.objects.order_by("-id").select_related("scanner")),
        Prefetch("reviews", Review.objects.order_by("-id").select_related("by")),
    )
    return [_row(slot, on_of[slot.patient.clinic_id]) for slot in slots]


def close_exam(slot: Slot) -> Study | None:
    """Return the last exam of the slot's kind that was done shortly before its window opened."""
    near = [
        study
        for study in slot.patient.studies.all()
        if is_close(slot, study.performed_on) and study.is_exam_of(slot)
    ]
    return max(near, key=lambda study: study.performed_on, default=None)


@dataclass(frozen=True, slots=True)
class Appointment:
    """One booking whose outcome is not known yet."""

    booking: Booking
    patient: Patient
    day_has_come: bool
    day_has_passed: bool

    @property
    def not_needed(self) -> str:
        """Why the slot needs no exam now; the appointment still stands, and somebody must act."""
        slot = self.booking.slot
        if slot.outcome not in Slot.TO_BE_DONE:
            return str(slot.get_outcome_display())
        if slot.schedule.state != ScheduleState.ACTIVE:
            return str(slot.schedule.get_state_display())
        return slot.why  # a plan that asks for it no more, and waits for a nurse


def address_of_booked(after: str) -> str:
    """Return the address of the list of appointments, from the place `after` on."""
    return reverse("booked") + place_in_booked(after)


def place_in_booked(after: str) -> str:
    """Return how an address says to which place of the list of appointments to go back."""
    return f"?{urlencode({'after': after})}" if after else ""


def appointments(bookings: Iterable[Booking], at: datetime) -> list[Appointment]:
    """Return the bookings as they stand at `at`, on their clinic's calendar."""
    return [_appointment(booking, at) for booking in bookings]


def _appointment(booking: Booking, at: datetime) -> Appointment:
    clinic = booking.slot.patient.clinic
    day, today = booking.starts_at.astimezone(clinic.zone).date(), clinic.today(at)
    return Appointment(booking, booking.slot.patient, day <= today, day < today)


def _row(slot: Slot, on: date) -> Row:
    return Row(
        slot=slot,
        patient=slot.patient,
        on=on,
        status=window_status(slot, on),
        days_late=days_late(slot, on),
        last_booking=next(iter(slot.bookings.all()), None),
        last_review=next(iter(slot.reviews.all()), None),
        close_exam=close_exam(slot),
    )
