from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from patients.queries import clinic_days
from schedules.actions import move_booking
from schedules.models import Booking, BookingState
from schedules.queries import booked, to_book
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory, UserFactory, morning

pytestmark = pytest.mark.django_db

ALLOWED = [
    (BookingState.BOOKED, BookingState.ARRIVED),
    (BookingState.BOOKED, BookingState.CANCELLED),
    (BookingState.BOOKED, BookingState.NO_SHOW),
    (BookingState.ARRIVED, BookingState.CANCELLED),
]
REFUSED = [
    (before, to) for before in BookingState for to in BookingState if (before, to) not in ALLOWED
]


@pytest.fixture
def booking() -> Booking:
    """An appointment at nine on 14 April 2026."""
    return BookingFactory.create(starts_at=morning(4, 14))


@pytest.fixture
def nurse() -> User:
    return UserFactory.create()


def put(booking: Booking, state: BookingState) -> None:
    Booking.objects.filter(pk=booking.pk).update(state=state)


@pytest.mark.parametrize(("before", "to"), ALLOWED)
def test_people_can_move_a_booking(
    booking: Booking, nurse: User, before: BookingState, to: BookingState
) -> None:
    put(booking, before)

    move_booking(booking=booking, to=to, by=nurse, at=morning(4, 14))

    assert Booking.objects.get().state == to
    assert Event.objects.filter(act=f"booking.{to.value}").count() == 1


@pytest.mark.parametrize(("before", "to"), REFUSED)
def test_every_other_move_is_refused_and_says_what_the_booking_is(
    booking: Booking, nurse: User, before: BookingState, to: BookingState
) -> None:
    put(booking, before)

    with pytest.raises(ValidationError, match=f"is {before.label.lower()}"):
        move_booking(booking=booking, to=to, by=nurse, at=morning(4, 14))

    assert Booking.objects.get().state == before
    assert not Event.objects.filter(act=f"booking.{to.value}", by_id=nurse.public_id).exists()


@pytest.mark.parametrize("to", [BookingState.ARRIVED, BookingState.NO_SHOW])
def test_nobody_arrives_or_stays_away_before_the_day(
    booking: Booking, nurse: User, to: BookingState
) -> None:
    with pytest.raises(ValidationError, match="not before 14 April 2026"):
        move_booking(booking=booking, to=to, by=nurse, at=morning(4, 13))

    assert Booking.objects.get().state == BookingState.BOOKED


def test_the_day_is_the_clinics_own(booking: Booking, nurse: User) -> None:
    five_in_the_morning_in_tokyo = datetime(2026, 4, 13, 20, 0, tzinfo=UTC)

    move_booking(
        booking=booking, to=BookingState.ARRIVED, by=nurse, at=five_in_the_morning_in_tokyo
    )

    assert Booking.objects.get().state == BookingState.ARRIVED


def test_an_appointment_can_be_cancelled_before_its_day(booking: Booking, nurse: User) -> None:
    move_booking(booking=booking, to=BookingState.CANCELLED, by=nurse, at=morning(4, 1))

    assert Booking.objects.get().state == BookingState.CANCELLED


@pytest.mark.parametrize("to", [BookingState.CANCELLED, BookingState.NO_SHOW])
def test_a_booking_that_falls_through_returns_its_slot_to_the_list(
    booking: Booking, nurse: User, to: BookingState
) -> None:
    clinic = booking.slot.patient.clinic
    that_day = clinic_days([clinic], at=morning(4, 14))
    assert not to_book(that_day).exists()

    move_booking(booking=booking, to=to, by=nurse, at=morning(4, 14))

    assert list(to_book(that_day)) == [booking.slot]
    assert not booked([clinic]).exists()


def test_a_slot_whose_booking_fell_through_can_be_booked_again(
    booking: Booking, nurse: User
) -> None:
    move_booking(booking=booking, to=BookingState.NO_SHOW, by=nurse, at=morning(4, 14))

    again = BookingFactory.create(
        slot=booking.slot, starts_at=morning(4, 20), at=morning(4, 14), by=nurse
    )

    assert list(booked([booking.slot.patient.clinic])) == [again]


def test_an_appointment_that_passed_without_word_is_back_on_the_list(booking: Booking) -> None:
    clinic = booking.slot.patient.clinic

    assert not to_book(clinic_days([clinic], at=morning(4, 14))).exists()
    assert list(to_book(clinic_days([clinic], at=morning(4, 15)))) == [booking.slot]
