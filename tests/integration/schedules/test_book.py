from datetime import date, datetime, timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from schedules.actions import book, record_study, review
from schedules.models import Booking, BookingState, Decision, Slot
from surveillance.audit.models import Event
from tests.factories import (
    TOKYO,
    BookingFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

BEFORE_MIDNIGHT = timedelta(hours=14, minutes=30)  # after nine in the morning


@pytest.fixture
def slot() -> Slot:
    """The first slot: from 15 March to 14 June 2026."""
    return ScheduleFactory.create().slots.get(n=1)


def assert_nothing_was_booked() -> None:
    assert not Booking.objects.exists()
    assert not Event.objects.filter(act="booking.booked").exists()


def test_an_appointment_inside_the_window_needs_no_reason(slot: Slot) -> None:
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))

    stored = Booking.objects.get()
    assert stored == booking
    assert (stored.slot, stored.starts_at, stored.booked_at) == (
        slot,
        morning(4, 8),
        morning(3, 20),
    )
    assert (stored.state, stored.outside_window_reason) == (BookingState.BOOKED, "")


def test_a_booking_is_in_the_audit() -> None:
    booking = BookingFactory.create(by__first_name="Naomi", by__last_name="Nurse")

    event = Event.objects.get(act="booking.booked")
    assert event.by_name == "Naomi Nurse"
    assert event.patient_id == booking.slot.patient.public_id
    assert event.detail["booking"] == str(booking.public_id)


def test_a_time_that_is_past_is_refused(slot: Slot) -> None:
    with pytest.raises(ValidationError) as refused:
        BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(4, 9))

    assert refused.value.message_dict == {"starts_at": ["This time is past."]}
    assert_nothing_was_booked()


@pytest.mark.parametrize("starts_at", [morning(3, 14), morning(6, 15)])
def test_a_day_outside_the_window_is_refused_without_a_reason(
    slot: Slot, starts_at: datetime
) -> None:
    with pytest.raises(ValidationError, match="from 15 March 2026 to 14 June 2026") as refused:
        BookingFactory.create(slot=slot, starts_at=starts_at, at=morning(3, 1))

    assert list(refused.value.message_dict) == ["outside_window_reason"]
    assert_nothing_was_booked()


@pytest.mark.parametrize("starts_at", [morning(3, 14), morning(6, 15)])
def test_a_day_outside_the_window_stays_marked_with_its_reason(
    slot: Slot, starts_at: datetime
) -> None:
    BookingFactory.create(
        slot=slot,
        starts_at=starts_at,
        at=morning(3, 1),
        outside_window_reason="The patient travels",
    )

    assert Booking.objects.get().outside_window_reason == "The patient travels"


@pytest.mark.parametrize("starts_at", [morning(3, 15), morning(6, 14)])
def test_a_reason_is_dropped_on_the_first_and_last_day_of_the_window(
    slot: Slot, starts_at: datetime
) -> None:
    BookingFactory.create(
        slot=slot, starts_at=starts_at, at=morning(3, 1), outside_window_reason="To be sure"
    )

    assert Booking.objects.get().outside_window_reason == ""


def test_the_window_ends_at_the_clinics_own_midnight(slot: Slot) -> None:
    half_past_eleven = morning(6, 14) + BEFORE_MIDNIGHT

    booking = BookingFactory.create(slot=slot, starts_at=half_past_eleven)

    assert booking.starts_at.astimezone(TOKYO).date() == date(2026, 6, 14)


def test_a_second_booking_is_refused_with_who_holds_it_and_when(slot: Slot) -> None:
    BookingFactory.create(
        slot=slot, starts_at=morning(4, 14), by__first_name="Naomi", by__last_name="Nurse"
    )

    with pytest.raises(ValidationError) as refused:
        BookingFactory.create(slot=slot, starts_at=morning(4, 21))

    assert refused.value.messages == [
        "Naomi Nurse has already booked this exam for 14 April 2026 at 09:00."
    ]
    assert Booking.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_book_the_same_slot_at_once_one_gets_it() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    scanner = ScannerFactory.create(clinic=slot.patient.clinic)
    nurses = UserFactory.create_batch(8)

    outcomes = at_once(
        [
            partial(
                book,
                slot=Slot.objects.get(pk=slot.pk),
                scanner=scanner,
                starts_at=morning(4, 8),
                by=by,
                at=morning(3, 20),
            )
            for by in nurses
        ]
    )

    refusals = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
    winner = Booking.objects.get()
    assert winner in outcomes
    assert len(refusals) == 7
    assert all(
        message.startswith(f"{winner.booked_by} has already booked this exam")
        for refusal in refusals
        for message in refusal.messages
    )
    assert Event.objects.filter(act="booking.booked").count() == 1


@pytest.mark.parametrize("state", [BookingState.BOOKED, BookingState.ARRIVED])
def test_the_database_refuses_a_second_active_booking(state: BookingState) -> None:
    first = BookingFactory.create()

    with pytest.raises(IntegrityError, match="one_active_booking_per_slot"):
        Booking.objects.create(
            slot=first.slot,
            scanner=first.scanner,
            starts_at=morning(4, 9),
            booked_by=first.booked_by,
            state=state,
        )


def test_a_scanner_of_another_clinic_is_refused(slot: Slot) -> None:
    with pytest.raises(ValidationError) as refused:
        BookingFactory.create(slot=slot, scanner=ScannerFactory.create())

    assert refused.value.message_dict == {"scanner": ["This scanner belongs to another clinic."]}
    assert_nothing_was_booked()


def test_a_slot_that_is_satisfied_is_refused(slot: Slot) -> None:
    record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 1),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
    )

    with pytest.raises(ValidationError, match=r"Nothing is left to do here: .* satisfied"):
        BookingFactory.create(slot=slot)

    assert_nothing_was_booked()


def test_a_slot_of_a_schedule_that_has_ended_is_refused(slot: Slot) -> None:
    review(
        slot=slot,
        decision=Decision.TERMINATE,
        reason="Palliative care",
        by=UserFactory.create(),
        at=morning(5, 20),
    )

    with pytest.raises(ValidationError, match=r"Nothing is left to do here: .* terminated"):
        BookingFactory.create(slot=slot.schedule.slots.get(n=2))

    assert_nothing_was_booked()
