"""The server proves that it works by its own traffic, and its silence is an alarm."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from imaging.models import Heard, Peer, Service
from imaging.server import callers
from imaging.server.association import Listener
from imaging.server.itself import is_answered
from imaging.server.listening import Place, leave, listen
from imaging.traffic import is_silent, traffic
from reminders.models import Alarm
from schedules.models import Scanner
from surveillance.tasks import listen_for_silence
from tests.certificates import certificate
from tests.integration.imaging.server.conftest import Toolkit


def place_of(listener: Listener) -> Place:
    return Place("127.0.0.1", int(listener.server_address[1]), "SURVEILLANCE")


def test_it_asks_itself_as_a_scanner_does_and_is_heard(
    listener: Listener, scanner: Scanner
) -> None:
    assert is_silent(timezone.now())
    assert is_answered(place_of(listener))

    now = timezone.now()
    assert Heard.objects.get().service == Service.FIND
    assert not is_silent(now)
    assert is_silent(now + timedelta(minutes=6))
    [peer] = traffic([scanner.clinic], now).peers
    assert (peer.peer.ae_title, peer.served) == ("CT1", [])


@pytest.mark.django_db
def test_silence_is_an_alarm_where_somebody_could_call(scanner: Scanner) -> None:
    listen_for_silence()
    assert not Alarm.objects.exists()  # nobody could

    Peer.objects.create(clinic=scanner.clinic, ae_title="CT1", address="127.0.0.1")
    listen_for_silence()
    listen_for_silence()
    assert "never has" in Alarm.objects.get(ended_at=None).detail

    Heard.objects.create(ae_title="SURVEILLANCE", service=Service.FIND)
    listen_for_silence()
    assert not Alarm.objects.filter(ended_at=None).exists()


def test_with_tls_it_answers_who_shows_a_certificate_and_nobody_else(
    transactional_db: None, scanner: Scanner, settings: Settings, tmp_path: Path
) -> None:
    Peer.objects.create(clinic=scanner.clinic, ae_title="CT1", address="127.0.0.1")
    callers.forget()
    public, secret = certificate(tmp_path)
    settings.DICOM_TLS_CERT, settings.DICOM_TLS_KEY = str(public), str(secret)
    settings.DICOM_TLS_CLIENT_CA = str(public)
    listener = listen(Place("127.0.0.1", 0, "SURVEILLANCE"))
    try:
        dcmtk = Toolkit(int(listener.server_address[1]))
        # Whoever connects and says nothing holds up nobody.
        with socket.create_connection(("127.0.0.1", dcmtk.port)):
            assert is_answered(place_of(listener))
            shown = dcmtk("echoscu", "+tls", str(secret), str(public), "+cf", str(public))
            assert shown.code == 0, shown.text
            assert dcmtk("echoscu", "+tla", "-ic").code != 0
            assert dcmtk("echoscu").code != 0
    finally:
        leave(listener)


def test_the_command_listens_until_it_is_told_to_stop(
    transactional_db: None, scanner: Scanner, settings: Settings
) -> None:
    Peer.objects.create(clinic=scanner.clinic, ae_title="CT1", address="127.0.0.1")
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    running = subprocess.Popen(
        [sys.executable, "manage.py", "dicom_server", "--port", "0"],
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert running.stdout
        said = running.stdout.readline()
        found = re.search(r"SURVEILLANCE listens on 127\.0\.0\.1, port (\d+)", said)
        assert found, said
        assert Toolkit(int(found[1]))("echoscu").code == 0
        call_command("dicom_server", "--check", "--port", found[1])
        until = monotonic() + 20
        while not Heard.objects.filter(ae_title="SURVEILLANCE").exists():
            assert monotonic() < until, "it did not ask itself"
            sleep(0.1)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 0
    with pytest.raises(SystemExit):
        call_command("dicom_server", "--check", "--port", found[1])
