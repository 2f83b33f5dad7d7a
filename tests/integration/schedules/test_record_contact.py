"""Calls to patients, and the slots that leave the list until a day."""

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from patients.queries import clinic_days
from schedules.actions import move_booking, record_contact
from schedules.models import BookingState, Contact, ContactOutcome, Slot
from schedules.queries import snoozed, to_book, unbooked
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ScheduleFactory, UserFactory, morning

pytestmark = pytest.mark.django_db

NO_ANSWER, AGREED = ContactOutcome.NO_ANSWER, ContactOutcome.AGREED


@pytest.fixture
def slot() -> Slot:
    """The first slot: from 15 March, on time until 29 April, until 14 June 2026."""
    return ScheduleFactory.create().slots.get(n=1)


def call(
    slot: Slot,
    at: datetime,
    until: date | None = None,
    outcome: ContactOutcome = NO_ANSWER,
    note: str = "",
) -> Contact:
    by = UserFactory.create(first_name="Naomi", last_name="Nurse")
    return record_contact(slot=slot, outcome=outcome, by=by, note=note, snooze_until=until, at=at)


def lists(slot: Slot, on: date) -> tuple[bool, bool]:
    """Say whether the slot is to book on that day, and whether it is snoozed."""
    days = clinic_days([slot.patient.clinic], on=on)
    return to_book(days).filter(pk=slot.pk).exists(), snoozed(days).filter(pk=slot.pk).exists()


def test_a_call_is_kept_and_in_the_audit(slot: Slot) -> None:
    contact = call(slot, morning(4, 1), note=" Called twice ")

    assert (contact.outcome, contact.note, contact.at) == (
        NO_ANSWER,
        "Called twice",
        morning(4, 1),
    )
    event = Event.objects.get(act="contact.recorded")
    assert (event.by_name, event.patient_id) == ("Naomi Nurse", slot.patient.public_id)
    assert event.detail["outcome"] == "no_answer"


def test_a_call_alone_leaves_the_slot_on_the_list(slot: Slot) -> None:
    call(slot, morning(4, 1))

    assert lists(slot, date(2026, 4, 1)) == (True, False)


def test_a_snoozed_slot_is_off_the_list_until_its_day(slot: Slot) -> None:
    call(slot, morning(4, 1), until=date(2026, 4, 8))

    assert lists(slot, date(2026, 4, 1)) == (False, True)
    assert lists(slot, date(2026, 4, 7)) == (False, True)
    assert lists(slot, date(2026, 4, 8)) == (True, False)


def test_who_is_told_by_reminders_is_told_of_a_snoozed_slot_too(slot: Slot) -> None:
    call(slot, morning(4, 1), until=date(2026, 4, 8))

    days = clinic_days([slot.patient.clinic], on=date(2026, 4, 1))
    assert slot in unbooked(days)


def test_the_last_call_counts(slot: Slot) -> None:
    call(slot, morning(4, 1), until=date(2026, 4, 8))
    call(slot, morning(4, 2))

    assert lists(slot, date(2026, 4, 2)) == (True, False)


def test_who_was_booked_since_and_cancelled_is_back_at_once(slot: Slot) -> None:
    call(slot, morning(4, 1), until=date(2026, 4, 8))
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 20), at=morning(4, 2))
    move_booking(
        booking=booking, to=BookingState.CANCELLED, by=UserFactory.create(), at=morning(4, 3)
    )

    assert lists(slot, date(2026, 4, 3)) == (True, False)


@pytest.mark.parametrize(
    ("on", "until", "why"),
    [
        (date(2026, 4, 1), date(2026, 4, 1), "still to come"),
        (date(2026, 4, 1), date(2026, 4, 30), "after 29 April 2026 this exam is late"),
        (date(2026, 4, 29), date(2026, 4, 30), "after 29 April 2026 this exam is late"),
        (date(2026, 5, 1), date(2026, 5, 16), "15 May 2026 is the last day"),
    ],
)
def test_no_snooze_hides_that_an_exam_becomes_late_or_stays_so(
    slot: Slot, on: date, until: date, why: str
) -> None:
    with pytest.raises(ValidationError, match=why) as refused:
        call(slot, morning(on.month, on.day), until=until)

    assert list(refused.value.message_dict) == ["snooze_until"]
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("on", "until"),
    [(date(2026, 4, 1), date(2026, 4, 29)), (date(2026, 5, 1), date(2026, 5, 15))],
)
def test_a_snooze_may_last_until_the_last_day_on_time_or_two_weeks_when_late(
    slot: Slot, on: date, until: date
) -> None:
    call(slot, morning(on.month, on.day), until=until)

    assert lists(slot, until - timedelta(days=1)) == (False, True)


def test_a_refusal_needs_the_patients_words(slot: Slot) -> None:
    with pytest.raises(ValidationError) as refused:
        call(slot, morning(4, 1), outcome=ContactOutcome.REFUSED, note=" ")

    assert list(refused.value.message_dict) == ["note"]


def test_there_is_nobody_to_call_about_what_is_done(slot: Slot) -> None:
    Slot.objects.filter(pk=slot.pk).update(outcome="satisfied")

    with pytest.raises(ValidationError, match="Nothing is left to do here"):
        call(slot, morning(4, 1))
