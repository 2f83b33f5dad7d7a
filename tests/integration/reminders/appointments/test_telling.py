"""What a receiver hears of appointments: all of it, in its order, and a repeat known as one."""

import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event as Moment
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from patients.models import Clinic
from reminders import delivery
from reminders.actions import send_again
from reminders.appointments import telling
from reminders.appointments.arranging import arrange_receiver, tell_anew
from reminders.appointments.telling import tell
from reminders.appointments.writing import write
from reminders.channels import mllp
from reminders.models import Alarm, Announcement, Message, MessageState, Receiver
from reminders.tasks import tell_receivers
from schedules.actions import move_booking, record_study, reschedule
from schedules.actions.undo import undo_booking, undo_outcome
from schedules.models import Booking, BookingState
from tests.certificates import certificate
from tests.factories import BookingFactory, ClinicFactory, ScannerFactory, UserFactory, morning
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
from tests.integration.reminders.appointments.scene import (
    A_MINUTE,
    AT,
    arranged,
    booked,
    states,
    told_of,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SENT, FAILED, QUEUED = MessageState.SENT, MessageState.FAILED, MessageState.QUEUED
WITHDRAWN = MessageState.WITHDRAWN


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    with Hospital() as listening:
        yield listening


@pytest.fixture
def receiver(clinic: Clinic, hospital: Hospital) -> Receiver:
    return arranged(clinic, hospital.port)


def test_an_appointment_is_told_from_its_booking_to_its_end(
    receiver: Receiver, clinic: Clinic, hospital: Hospital
) -> None:
    first = booked(clinic)
    tell(receiver, at=AT)
    by = first.booked_by
    moved = reschedule(booking=first, scanner=first.scanner, starts_at=morning(4, 10), by=by, at=AT)
    tell(receiver, at=AT)
    longer = reschedule(
        booking=moved, scanner=first.scanner, starts_at=morning(4, 10), minutes=50, by=by, at=AT
    )
    tell(receiver, at=AT)
    move_booking(booking=longer, to=BookingState.ARRIVED, by=by, at=morning(4, 10))
    tell(receiver, at=morning(4, 10))
    record_study(
        patient=first.patient,
        modality="CT",
        performed_on=morning(4, 10).date(),
        regions=["chest", "abdomen"],
        by=by,
        at=morning(4, 10),
    )
    tell(receiver, at=morning(4, 11))
    tell(receiver, at=morning(4, 12))

    assert told_of(hospital) == [
        ("S12", "Booked", "202604080900"),
        ("S13", "Booked", "202604100900"),
        ("S14", "Booked", "202604100900"),
        ("S14", "Started", "202604100900"),
        ("S14", "Complete", "202604100900"),
    ]
    ids = {str(message["SCH.F2.R1.C1"]) for message in hospital.heard}
    assert ids == {str(first.public_id)}  # it stays one appointment
    orders = [str(message["SCH.F27.R1.C1"]) for message in hospital.heard]
    assert orders == [first.accession, moved.accession, *[longer.accession] * 3]
    assert [str(message["AIS.F7"]) for message in hospital.heard] == ["30", "30", *["50"] * 3]
    assert max(hospital.times_heard.values()) == 1
    assert set(Message.objects.values_list("state", flat=True)) == {SENT}
    assert hospital.connections == 5  # one a run that had something to say, and no more


def test_what_is_taken_back_is_told_as_what_holds_again(
    receiver: Receiver, clinic: Clinic, hospital: Hospital
) -> None:
    def after(booking: Booking, *acts: BookingState | None) -> list[str]:
        """Return what is told when this becomes of it, act by act; nothing takes the last back."""
        by, so_far = booking.booked_by, len(hospital.heard)
        for act in acts:
            if act:
                move_booking(booking=booking, to=act, by=by, at=morning(4, 8))
            else:
                undo_outcome(booking=booking, by=by)
            tell(receiver, at=morning(4, 8))
            booking.refresh_from_db()
        return [event for event, *__ in told_of(hospital)[so_far:]]

    for made in (cancelled := booked(clinic), missed := booked(clinic, starts_at=morning(4, 7))):
        tell(receiver, at=AT)
        assert made.state == BookingState.BOOKED
    hospital.heard.clear()

    # Cancelled, it was gone over there: it is a new appointment, under the same id.
    assert after(cancelled, BookingState.CANCELLED, None) == ["S15", "S12"]
    assert after(missed, BookingState.NO_SHOW, None) == ["S26", "S14"]

    other = booked(clinic, starts_at=morning(4, 9), by=(by := UserFactory.create()))
    tell(receiver, at=AT)
    undo_booking(booking=other, by=by, at=AT)
    tell(receiver, at=AT)
    assert hospital.events[-2:] == ["S12", "S15"]
    assert len({str(message["SCH.F2.R1.C1"]) for message in hospital.heard}) == 3


def test_what_came_to_nothing_before_it_could_be_told_is_not_told(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    gone, moved = booked(clinic), booked(clinic)
    receiver.port = 1  # nobody is there
    tell(receiver, at=AT)
    by = gone.booked_by
    move_booking(booking=gone, to=BookingState.CANCELLED, by=by, at=AT)
    reschedule(booking=moved, scanner=moved.scanner, starts_at=morning(4, 10), by=by, at=AT)
    receiver.port = hospital.port

    tell(receiver, at=AT)

    assert told_of(hospital) == [("S12", "Booked", "202604100900")]
    assert states() == [("S12", WITHDRAWN), ("S12", WITHDRAWN), ("S12", SENT)]
    assert str(hospital.heard[0]["SCH.F2.R1.C1"]) == str(moved.public_id)


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


def test_off_by_default_nothing_is_decided_and_set_on_only_what_is_ahead(
    clinic: Clinic, hospital: Hospital
) -> None:
    past, ahead = booked(clinic), booked(clinic, starts_at=morning(4, 10))
    off = Receiver.objects.create(clinic=clinic, host="127.0.0.1", port=hospital.port)
    assert not off.on
    tell_receivers()
    assert not Announcement.objects.exists()

    receiver = arranged(clinic, hospital.port, at=morning(4, 9))
    tell(receiver, at=morning(4, 9))
    assert told_of(hospital) == [("S12", "Booked", "202604100900")]

    by = past.booked_by
    arrange_receiver(clinic=clinic, by=by, on=False)
    move_booking(booking=ahead, to=BookingState.CANCELLED, by=by, at=morning(4, 9))
    tell_receivers()
    assert len(hospital.heard) == 1
    tell(arrange_receiver(clinic=clinic, by=by, on=True, at=morning(4, 9)), at=morning(4, 9))
    assert hospital.events == ["S12", "S15"]


def test_a_clinic_tells_its_own_appointments_to_its_own_receiver(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    elsewhere = ClinicFactory.create()
    booked(clinic), booked(elsewhere)
    with Hospital() as other:
        theirs = arranged(elsewhere, other.port)
        tell(receiver, at=AT)
        assert other.heard == []
        tell(theirs, at=AT)

        for one, place in ((hospital, clinic), (other, elsewhere)):
            [message] = one.heard
            assert str(message["PID.F3.R1.C4"]) == place.mrn_issuer


def test_told_anew_it_hears_of_all_that_is_ahead_as_new(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    first = booked(clinic)
    tell(receiver, at=AT)
    moved = reschedule(
        booking=first, scanner=first.scanner, starts_at=morning(4, 10), by=first.booked_by, at=AT
    )
    tell(receiver, at=AT)

    tell_anew(receiver=receiver, by=first.booked_by, at=AT + A_MINUTE)
    receiver.refresh_from_db()
    tell(receiver, at=AT + A_MINUTE)
    tell(receiver, at=AT + 2 * A_MINUTE)
    move_booking(booking=moved, to=BookingState.CANCELLED, by=first.booked_by, at=AT)
    tell(receiver, at=AT + 3 * A_MINUTE)

    assert hospital.events == ["S12", "S13", "S12", "S15"]
    assert Announcement.objects.latest("number").number == 4


def test_an_hour_without_a_line_is_an_alarm_until_it_holds_again(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    booked(clinic)
    receiver.port = 1
    for minutes in (0, 59, 61):
        assert not Alarm.objects.exists()
        tell(receiver, at=AT + minutes * A_MINUTE)
    [alarm] = Alarm.objects.all()
    assert alarm.clinic == clinic
    assert "1 messages wait. The receiver cannot be reached: Connection refused." in alarm.detail
    assert Message.objects.get().attempts == 0  # the line is at fault, and not the message

    receiver.port = hospital.port
    tell(receiver, at=AT + timedelta(hours=2))

    alarm.refresh_from_db()
    assert alarm.ended_at
    assert states() == [("S12", SENT)]


def test_over_tls_only_a_receiver_with_a_valid_certificate_is_told(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    public, secret = certificate(tmp_path)
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(public, secret)
    booked(clinic)
    with Hospital(secured=secured) as hospital:
        receiver = arranged(clinic, hospital.port, tls=True)
        tell(receiver, at=AT)
        receiver.refresh_from_db()
        assert receiver.error.startswith("The receiver has no valid certificate: self")
        settings.MLLP_TLS_CA = str(public)

        tell(receiver, at=AT)

        assert hospital.events == ["S12"]


_TELL = """
import django
django.setup()
from reminders.tasks import tell_receiver
tell_receiver({pk})
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_it_has_the_answer_repeats_that_one_message_under_its_id(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    for __ in range(3):
        booked(clinic, scanner=ScannerFactory.create(clinic=clinic))
    Receiver.objects.update(since=AT - timedelta(days=9999))  # the worker goes by its own clock
    Booking.objects.update(starts_at=F("starts_at") + timedelta(days=9999))
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    worker: subprocess.Popen[bytes]

    def kills(line: socket.socket, control_id: str) -> None:
        worker.kill()
        worker.wait()
        says("AA")(line, control_id)

    hospital.manners.extend([says("AA"), kills])
    worker = subprocess.Popen(
        [sys.executable, "-c", _TELL.format(pk=receiver.pk)],
        env=os.environ
        | {"DATABASE_URL": url.geturl(), "DJANGO_SETTINGS_MODULE": "surveillance.settings"},
    )
    assert worker.wait(60) == -signal.SIGKILL
    assert states() == [("S12", SENT), ("S12", MessageState.SENDING), ("S12", QUEUED)]

    until = monotonic() + 15
    while Message.objects.exclude(state=SENT).exists() and monotonic() < until:
        tell(receiver)  # as soon as PostgreSQL has noticed that its session is gone

    assert sorted(hospital.times_heard.values()) == [1, 1, 2]
    assert hospital.raw[1] == hospital.raw[2]
    assert states() == [("S12", SENT)] * 3


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_once_tell_each_thing_once(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    for __ in range(5):
        booked(clinic, scanner=ScannerFactory.create(clinic=clinic))

    at_once([lambda: tell(receiver, at=AT)] * 4)
    tell(receiver, at=AT)

    assert sorted(hospital.times_heard.values()) == [1] * 5


@pytest.mark.django_db(transaction=True)
def test_one_that_hangs_holds_up_no_other_clinic(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    elsewhere, told = ClinicFactory.create(), Moment()
    booked(clinic), booked(elsewhere)

    def waits(line: object, control_id: str) -> None:
        assert told.wait(15)

    with Hospital(waits) as slow:
        hangs = arranged(elsewhere, slow.port)

        def tell_ours() -> None:
            tell(receiver, at=AT)
            told.set()

        at_once([lambda: tell(hangs, at=AT), tell_ours])

    assert hospital.events == ["S12"]


def test_what_cannot_be_written_holds_up_no_other(
    clinic: Clinic, receiver: Receiver, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = booked(clinic)
    booked(clinic, scanner=ScannerFactory.create(clinic=clinic))

    def stumbles(told: Announcement, *rest: Any) -> str:
        if told.booking_id == broken.pk:
            raise RuntimeError(broken.patient.family_name)
        return write(told, *rest)

    monkeypatch.setattr(telling, "write", stumbles)

    tell(receiver, at=AT)

    assert states() == [("S12", QUEUED), ("S12", SENT)]
    first = Message.objects.order_by("pk")[0]
    assert first.last_error == "It could not be written: RuntimeError"
