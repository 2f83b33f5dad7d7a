"""What a receiver answers, or does not: repeats are known as such, each patient's order is kept."""

import logging
from datetime import timedelta

import pytest

from patients.models import Clinic
from reminders import delivery
from reminders.actions import send_again
from reminders.appointments.telling import tell
from reminders.channels import mllp
from reminders.models import Announcement, Message, MessageState, Receiver
from schedules.actions import move_booking, reschedule
from schedules.models import BookingState
from tests.factories import BookingFactory, ScannerFactory, morning
from tests.integration.reminders.appointments.hospital import (
    Hospital,
    Manner,
    garbage,
    half_an_answer,
    hangs_up,
    in_crumbs,
    nothing,
    of_another_message,
    once_and_hangs_up,
    says,
    twice,
    without_end,
)
from tests.integration.reminders.appointments.scene import A_MINUTE, AT, booked, states, told_of

pytestmark = pytest.mark.django_db

SENT, FAILED, QUEUED = MessageState.SENT, MessageState.FAILED, MessageState.QUEUED
WITHDRAWN = MessageState.WITHDRAWN


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        (nothing, "The receiver has not answered in time; it may have arrived"),
        (hangs_up, "The receiver cut the line before it answered; it may have arrived"),
        (half_an_answer, "The receiver cut the line before it answered; it may have arrived"),
        (of_another_message, "The receiver answered another message; it may have arrived"),
        (garbage, "The receiver answered what is no answer: it has no MSA that can be read"),
        (without_end, "The receiver answered what is no answer: it has no end"),
        (says("AX"), "The receiver answered what is no answer: its code is none"),
    ],
)
def test_without_an_answer_it_is_told_again_under_the_same_id_and_what_follows_waits(
    clinic: Clinic,
    receiver: Receiver,
    hospital: Hospital,
    monkeypatch: pytest.MonkeyPatch,
    manner: Manner,
    said: str,
) -> None:
    monkeypatch.setattr(mllp, "ANSWER_SECONDS", 0.2)
    hospital.manners.append(manner)
    booking = booked(clinic)
    tell(receiver, at=AT)
    message = Message.objects.get()
    assert (message.state, message.attempts, message.last_error) == (QUEUED, 1, said)
    receiver.refresh_from_db()
    assert receiver.error == said
    move_booking(booking=booking, to=BookingState.CANCELLED, by=booking.booked_by, at=AT)

    tell(receiver, at=AT + A_MINUTE / 2)
    assert hospital.events == ["S12"]
    tell(receiver, at=AT + 2 * A_MINUTE)
    tell(receiver, at=AT + 3 * A_MINUTE)

    # It may have arrived: so it is told to its end, as it was, and then what became of it.
    assert hospital.events == ["S12", "S12", "S15"]
    assert hospital.raw[0] == hospital.raw[1]
    assert sorted(hospital.times_heard.values()) == [1, 2]
    assert {state for __, state in states()} == {SENT}
    receiver.refresh_from_db()
    assert receiver.error == ""


@pytest.mark.parametrize("manner", [in_crumbs, twice, once_and_hangs_up, says("CA")])
def test_an_answer_is_believed_however_it_comes(
    clinic: Clinic, receiver: Receiver, hospital: Hospital, manner: Manner
) -> None:
    hospital.manners.extend([manner] * 3)
    for __ in range(3):
        booked(clinic, scanner=ScannerFactory.create(clinic=clinic))

    tell(receiver, at=AT)

    assert states() == [("S12", SENT)] * 3
    assert max(hospital.times_heard.values()) == 1


def test_what_is_refused_for_now_is_tried_again_until_it_is_given_up_and_holds_up_no_other(
    clinic: Clinic, receiver: Receiver, hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hospital.manners.append(says("AE", "No bed for Family1", "ERR|||204^Unknown key^HL70357|E\r"))
    refused, other = booked(clinic), booked(clinic, scanner=ScannerFactory.create(clinic=clinic))

    tell(receiver, at=AT)

    assert states() == [("S12", QUEUED), ("S12", SENT)]
    told = Announcement.objects.get(booking=refused)
    assert told.message.last_error.startswith(
        "The receiver did not take it: AE No bed for Family1 204^Unknown key^HL70357"
    )
    assert not told.may_have_arrived
    assert "Family1" not in caplog.text  # the other side may name patients; the log does not
    assert refused.patient.family_name not in caplog.text
    at = AT
    for __ in range(delivery.GIVE_UP_AFTER - 1):
        hospital.manners.append(says("CE"))
        told.message.refresh_from_db()
        at = told.message.next_try_at
        tell(receiver, at=at)
    told.message.refresh_from_db()
    assert (told.message.state, told.message.attempts) == (FAILED, delivery.GIVE_UP_AFTER)
    assert set(hospital.times_heard.values()) == {1, delivery.GIVE_UP_AFTER}
    assert other.pk != refused.pk

    send_again(message=told.message, by=refused.booked_by, at=at)
    tell(receiver, at=at)

    told.refresh_from_db()
    assert told.message.state == SENT
    assert hospital.times_heard[told.control_id] == 1  # it was surely not taken: a new message


def test_what_is_refused_for_good_waits_for_a_person_or_for_what_comes_next(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    hospital.manners.extend([says("AR", "Unknown patient"), says("CR")])
    booking, gone = booked(clinic), booked(clinic, scanner=ScannerFactory.create(clinic=clinic))
    tell(receiver, at=AT)
    tell(receiver, at=AT + timedelta(days=1))
    assert states() == [("S12", FAILED)] * 2
    [first, __] = Message.objects.order_by("pk")
    assert first.last_error == "The receiver refuses it: AR Unknown patient"

    by = booking.booked_by
    reschedule(booking=booking, scanner=booking.scanner, starts_at=morning(4, 10), by=by, at=AT)
    move_booking(booking=gone, to=BookingState.CANCELLED, by=by, at=AT)
    tell(receiver, at=AT + timedelta(days=1))

    # It knows of neither: the one is new to it, of the other there is nothing to say.
    assert told_of(hospital)[2:] == [("S12", "Booked", "202604100900")]
    assert states() == [("S12", WITHDRAWN), ("S12", WITHDRAWN), ("S12", SENT)]


def test_the_messages_of_one_patient_keep_their_order_when_one_is_refused(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    hospital.manners.append(says("AE"))
    booking = booked(clinic)
    tell(receiver, at=AT)
    slot = booking.slot.schedule.slots.get(n=2)
    BookingFactory.create(slot=slot, starts_at=morning(7, 8))

    tell(receiver, at=AT)
    assert len(hospital.heard) == 1
    tell(receiver, at=AT + 2 * A_MINUTE)

    assert [start for *__, start in told_of(hospital)] == [
        "202604080900",
        "202604080900",
        "202607080900",
    ]
