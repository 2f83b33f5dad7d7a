"""Radicale, a calendar server of others, is given the feed, and gives back what was booked."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from time import monotonic, sleep
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from django.test import Client

from patients.models import CalendarsTell, Clinic, Patient
from schedules.actions import book, move_booking, reschedule, undo_outcome
from schedules.models import Booking, BookingState, Slot
from surveillance.accounts.models import User
from tests.calendars import events
from tests.factories import ScannerFactory
from tests.integration.pages.feeding import address_of
from tests.integration.pages.scene import slot_due_in

pytestmark = pytest.mark.django_db

CALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}
QUERY = """<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:">
  <D:prop><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
    <C:time-range start="{:%Y%m%dT%H%M%SZ}" end="{:%Y%m%dT%H%M%SZ}"/>
  </C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>"""
LONG = "独立行政法人国立病院機構付属第一放射線診断科, 本館; 地下二階 \\ 第三撮影室"


@dataclass(frozen=True)
class Radicale:
    """A calendar on it."""

    url: str

    def take(self, calendar: bytes) -> None:
        """Let all that it holds be what a calendar says."""
        answer = requests.put(self.url, calendar, auth=("desk", "x"), headers=CALENDAR, timeout=20)
        assert answer.status_code == 201, answer.text

    def between(self, first: datetime, last: datetime) -> list[Any]:
        """Ask for what takes place in a time, as a calendar program does."""
        query = QUERY.format(first.astimezone(UTC), last.astimezone(UTC))
        answer = requests.request(
            *("REPORT", self.url),
            data=query,
            auth=("desk", "x"),
            headers={"Depth": "1"},
            timeout=20,
        )
        assert answer.status_code == 207, answer.text
        found = ElementTree.fromstring(answer.content)
        data = found.iter("{urn:ietf:params:xml:ns:caldav}calendar-data")
        return [event for one in data for event in events(str(one.text).encode())]


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    place = tmp_path_factory.mktemp("radicale")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "radicale", "--config", "", "--server-hosts", host]
    command += ["--auth-type", "none", "--storage-filesystem-folder", str(place)]
    with (place / "log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        until = monotonic() + 30
        while monotonic() < until and running.poll() is None:
            with suppress(requests.ConnectionError):
                requests.get(f"http://{host}/.web/", timeout=5)
                break
            sleep(0.1)
        else:
            pytest.fail((place / "log").read_text()[-2000:])
        yield Radicale(f"http://{host}/desk/ct/")
    finally:
        running.terminate()
        running.wait(20)


def feed(secret: str) -> bytes:
    return Client().get(address_of(secret)).content


def test_what_radicale_shows_is_what_is_booked_when_it_moves_and_when_it_is_cancelled(
    radicale: Radicale, clinic: Clinic, nurse: User, secret: str
) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(
        time_zone="Europe/Berlin", calendars_tell=CalendarsTell.NAME
    )
    clinic.refresh_from_db()
    scanner = ScannerFactory.create(clinic=clinic, name=LONG)
    night = next_change(clinic)

    def appointment(hour: int, slot: Slot) -> Booking:
        return book(slot=slot, scanner=scanner, starts_at=night + timedelta(hours=hour), **told)

    told: dict[str, Any] = {"minutes": 45, "by": nurse, "outside_window_reason": "A test"}
    slots = [slot_due_in(0, clinic) for _ in range(6)]
    Patient.objects.filter(clinic=clinic).update(family_name="小鳥遊" * 20, given_name="一二三")
    bookings = [appointment(hour, slot) for hour, slot in enumerate(slots)]
    radicale.take(feed(secret))
    before = shown(radicale, night)
    assert before == [
        (one.starts_at, one.starts_at + timedelta(minutes=45), LONG, one.accession, "CONFIRMED")
        for one in bookings
    ]
    [first] = radicale.between(night, night + timedelta(minutes=1))
    assert (
        first["SUMMARY"] == f"CT chest+abdomen · {'小鳥遊' * 20}, 一二三 · {slots[0].patient.mrn}"
    )

    later = night + timedelta(days=1)
    reschedule(booking=bookings[0], scanner=scanner, starts_at=later, **told)
    move_booking(booking=bookings[1], to=BookingState.CANCELLED, by=nurse)
    radicale.take(feed(secret))

    assert radicale.between(night, night + timedelta(minutes=1)) == []
    [moved] = radicale.between(later, later + timedelta(minutes=1))
    assert (moved["UID"], moved["STATUS"]) == (first["UID"], "CONFIRMED")
    assert moved["SEQUENCE"] > first["SEQUENCE"]
    assert [one[-1] for one in shown(radicale, night)] == ["CANCELLED"] + 4 * ["CONFIRMED"]
    undo_outcome(booking=bookings[1], by=nurse)
    radicale.take(feed(secret))
    assert shown(radicale, night) == before[1:]


def next_change(clinic: Clinic) -> datetime:
    """Return one o'clock at the clinic on the night when its next summer time begins or ends."""
    day = datetime.combine(clinic.today(), time(1), clinic.zone) + timedelta(days=1)
    while day.utcoffset() == (day + timedelta(days=1)).utcoffset():
        day += timedelta(days=1)
    return day.astimezone(UTC)


def shown(radicale: Radicale, night: datetime) -> list[tuple[datetime, datetime, str, str, str]]:
    found = radicale.between(night, night + timedelta(hours=7))
    return sorted(
        (
            event["DTSTART"].dt.astimezone(UTC),
            event["DTEND"].dt.astimezone(UTC),
            str(event["LOCATION"]),
            str(event["DESCRIPTION"]).split()[-1],
            str(event["STATUS"]),
        )
        for event in found
    )
