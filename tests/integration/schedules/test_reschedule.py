"""Another time for an appointment, and taking back what was just booked."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from schedules.actions import move_booking, reschedule
from schedules.models import Booking, BookingState
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ScheduleFactory, UserFactory, morning

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse() -> User:
    return UserFactory.create(first_name="Naomi", last_name="Nurse")


@pytest.fixture
def booking(nurse: User) -> Booking:
    """An appointment at nine on 14 April 2026, booked on 20 March."""
    return BookingFactory.create(starts_at=morning(4, 14), by=nurse)


def test_a_new_time_is_a_new_appointment_that_points_to_the_old(
    booking: Booking, nurse: User
) -> None:
    new = reschedule(
        booking=booking,
        scanner=booking.scanner,
        starts_at=morning(4, 16),
        by=nurse,
        at=morning(4, 1),
    )

    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED
    assert (new.slot, new.replaces, new.state) == (booking.slot, booking, BookingState.BOOKED)
    event = Event.objects.get(act="booking.rescheduled")
    assert event.detail["replaces"] == str(booking.public_id)


def test_an_appointment_may_move_into_its_own_time(booking: Booking, nurse: User) -> None:
    later = booking.starts_at + timedelta(minutes=15)

    new = reschedule(
        booking=booking, scanner=booking.scanner, starts_at=later, by=nurse, at=morning(4, 1)
    )

    assert new.starts_at == later


def test_where_the_new_time_is_taken_the_old_one_stands(booking: Booking, nurse: User) -> None:
    other = ScheduleFactory.create(anchor__tumour__patient__clinic=booking.slot.patient.clinic)
    BookingFactory.create(
        slot=other.slots.get(n=1), scanner=booking.scanner, starts_at=morning(4, 16)
    )

    with pytest.raises(ValidationError, match="is taken from 09:00 to 09:30"):
        reschedule(
            booking=booking,
            scanner=booking.scanner,
            starts_at=morning(4, 16),
            by=nurse,
            at=morning(4, 1),
        )

    booking.refresh_from_db()
    assert booking.state == BookingState.BOOKED


def test_an_appointment_that_has_passed_needs_its_outcome_first(
    booking: Booking, nurse: User
) -> None:
    with pytest.raises(ValidationError, match="record first what became of it"):
        reschedule(
            booking=booking,
            scanner=booking.scanner,
            starts_at=morning(4, 20),
            by=nurse,
            at=morning(4, 15),
        )


def test_an_appointment_that_was_cancelled_has_no_other_time(booking: Booking, nurse: User) -> None:
    move_booking(booking=booking, to=BookingState.CANCELLED, by=nurse, at=morning(4, 1))

    with pytest.raises(ValidationError, match="is cancelled by now"):
        reschedule(
            booking=booking,
            scanner=booking.scanner,
            starts_at=morning(4, 20),
            by=nurse,
            at=morning(4, 1),
        )
