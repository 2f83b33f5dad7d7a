from contextlib import nullcontext
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from patients.models import Patient
from schedules.actions import book, move_booking, record_study, review
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


@pytest.mark.parametrize("year", [2028, 9999])
def test_a_time_years_after_the_window_is_refused_as_mistyped(slot: Slot, year: int) -> None:
    with pytest.raises(ValidationError) as refused:
        BookingFactory.create(
            slot=slot, starts_at=morning(12, 31, year), outside_window_reason="The patient travels"
        )

    assert list(refused.value.message_dict) == ["starts_at"]
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


@pytest.mark.django_db(transaction=True)
def test_of_two_patients_who_are_given_one_scanner_at_once_one_gets_it() -> None:
    slots = [ScheduleFactory.create().slots.get(n=1) for _ in range(2)]
    clinic = slots[0].patient.clinic
    Patient.objects.update(clinic=clinic)
    scanner = ScannerFactory.create(clinic=clinic, name="CT 1")
    nurses = [
        UserFactory.create(first_name=given, last_name="Nurse") for given in ("Naomi", "Nils")
    ]

    outcomes = at_once(
        [
            partial(
                book,
                slot=Slot.objects.get(pk=slot.pk),
                scanner=scanner,
                starts_at=morning(4, 8) + timedelta(minutes=minutes),
                by=by,
                at=morning(3, 20),
            )
            for slot, by, minutes in zip(slots, nurses, (0, 20), strict=True)
        ]
    )

    [refusal] = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
    winner = Booking.objects.get()
    assert winner in outcomes
    taken = "09:00 to 09:30" if winner.booked_by == nurses[0] else "09:20 to 09:50"
    assert refusal.message_dict == {
        "starts_at": [
            f"CT 1 is taken from {taken} by another appointment, booked by {winner.booked_by}."
        ]
    }
    assert Event.objects.filter(act="booking.booked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_exams_of_one_patient_booked_for_one_time_one_gets_it() -> None:
    schedule = ScheduleFactory.create()
    clinic = schedule.tumour.patient.clinic
    scanners = ScannerFactory.create_batch(2, clinic=clinic)
    by = UserFactory.create(first_name="Naomi", last_name="Nurse")

    outcomes = at_once(
        [
            partial(
                book,
                slot=slot,
                scanner=scanner,
                starts_at=morning(4, 8),
                outside_window_reason="It suits the patient",
                by=by,
                at=morning(3, 20),
            )
            for slot, scanner in zip(schedule.slots.filter(n__lte=2), scanners, strict=True)
        ]
    )

    [refusal] = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
    assert refusal.messages == [
        "The patient has another appointment from 09:00 to 09:30 on "
        f"{Booking.objects.get().scanner}, booked by Naomi Nurse."
    ]


@pytest.mark.parametrize(("minutes", "free"), [(-30, True), (-29, False), (29, False), (30, True)])
def test_one_appointment_may_follow_another_at_once(slot: Slot, minutes: int, free: bool) -> None:
    first = BookingFactory.create(slot=slot)
    other = ScheduleFactory.create(anchor__tumour__patient__clinic=slot.patient.clinic)
    starts_at = first.starts_at + timedelta(minutes=minutes)

    with nullcontext() if free else pytest.raises(ValidationError, match="is taken from 09:00"):
        BookingFactory.create(slot=other.slots.get(n=1), scanner=first.scanner, starts_at=starts_at)

    assert Booking.objects.count() == 1 + free


def test_an_appointment_takes_as_long_as_its_scanner_usually_does(slot: Slot) -> None:
    scanner = ScannerFactory.create(clinic=slot.patient.clinic, minutes=45)

    booking = BookingFactory.create(slot=slot, scanner=scanner)

    assert booking.ends_at == morning(4, 8) + timedelta(minutes=45)


def test_an_appointment_takes_as_long_as_it_is_told(slot: Slot) -> None:
    BookingFactory.create(slot=slot, minutes=20)

    assert Booking.objects.get().minutes == 20


@pytest.mark.parametrize("minutes", [0, 721])
def test_an_appointment_of_no_length_or_of_a_whole_day_is_refused(slot: Slot, minutes: int) -> None:
    with pytest.raises(ValidationError) as refused:
        BookingFactory.create(slot=slot, minutes=minutes)

    assert refused.value.message_dict == {"minutes": ["An appointment takes 1 to 720 minutes."]}
    assert_nothing_was_booked()


def test_the_time_of_a_cancelled_appointment_is_free(slot: Slot) -> None:
    first = BookingFactory.create(slot=slot)
    move_booking(
        booking=first, to=BookingState.CANCELLED, by=UserFactory.create(), at=morning(3, 21)
    )

    again = BookingFactory.create(slot=slot, scanner=first.scanner)

    assert again.starts_at == first.starts_at


@pytest.mark.parametrize("whose", ["scanner", "patient"])
def test_the_database_refuses_what_overlaps(slot: Slot, whose: str) -> None:
    first = BookingFactory.create(slot=slot)
    clinic = slot.patient.clinic
    other = (
        slot.schedule.slots.get(n=2)
        if whose == "patient"
        else ScheduleFactory.create(anchor__tumour__patient__clinic=clinic).slots.get(n=1)
    )

    with pytest.raises(IntegrityError, match=f"{whose}_has_one_booking_at_a_time"):
        Booking.objects.create(
            slot=other,
            scanner=first.scanner if whose == "scanner" else ScannerFactory.create(clinic=clinic),
            starts_at=first.starts_at + timedelta(minutes=10),
            booked_by=first.booked_by,
        )


def test_a_booking_is_of_its_slots_patient_whoever_writes_it(slot: Slot) -> None:
    booking = BookingFactory.create(slot=slot)
    other = ScheduleFactory.create().slots.get(n=1)

    Booking.objects.update(patient=other.patient)
    booking.refresh_from_db()
    assert booking.patient == slot.patient

    Booking.objects.update(slot=other)
    booking.refresh_from_db()
    assert booking.patient == other.patient


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
