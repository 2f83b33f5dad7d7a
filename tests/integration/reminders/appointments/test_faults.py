"""What goes wrong while appointments are told holds up no other, and loses and doubles nothing."""

import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from threading import Event as Moment
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models import F

from patients.models import Clinic
from reminders.appointments import telling
from reminders.appointments.telling import tell
from reminders.appointments.writing import write
from reminders.models import Alarm, Announcement, Message, MessageState, Receiver
from schedules.models import Booking
from tests.factories import ClinicFactory, ScannerFactory
from tests.integration.reminders.appointments.hospital import Hospital, says
from tests.integration.reminders.appointments.scene import A_MINUTE, AT, arranged, booked, states
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SENT, QUEUED = MessageState.SENT, MessageState.QUEUED


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
