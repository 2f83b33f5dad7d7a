"""All appointments as one calendar, by the command."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from icalendar import Calendar

from patients.models import CalendarsTell, Clinic
from schedules.actions import (
    move_booking,
    reschedule,
)
from schedules.models import Booking, BookingState, Scanner
from surveillance.accounts.models import User
from surveillance.audit import models as audit
from tests.calendars import events
from tests.factories import ClinicFactory, ScannerFactory
from tests.integration.pages.feeding import booked, read
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db


def test_the_command_writes_what_the_feeds_of_all_clinics_would(
    clinic: Clinic, nurse: User, scanner: Scanner, secret: str, tmp_path: Any
) -> None:
    """Parsed back, the calendar holds the same bookings."""
    file = tmp_path / "all.ics"
    berlin = ClinicFactory.create(time_zone="Europe/Berlin", calendars_tell=CalendarsTell.NAME)
    machine = ScannerFactory.create(clinic=berlin)
    bookings = [
        booked(slot_due_in(0, clinic), scanner, 2, nurse),
        booked(slot_due_in(0, berlin), machine, 3, nurse),
        reschedule(
            booking=booked(slot_due_in(0, berlin), machine, 4, nurse),
            scanner=machine,
            starts_at=moment(berlin, 5),
            minutes=45,
            by=nurse,
        ),
    ]
    move_booking(booking=bookings[0], to=BookingState.CANCELLED, by=nurse)
    said = StringIO()

    call_command("export_schedules", "--format=ics", f"--output={file}", stdout=said)

    assert said.getvalue() == f"3 appointments written to {file}\n"
    calendar = Calendar.from_ical(file.read_bytes())
    assert {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")} == {
        *("Asia/Tokyo", "Europe/Berlin")
    }
    back = [
        (
            event["DTSTART"].dt.astimezone(UTC),
            (event["DTEND"].dt - event["DTSTART"].dt) // timedelta(minutes=1),
            str(event["LOCATION"]),
            str(event["DESCRIPTION"]).split()[-1],
            event["STATUS"] == "CANCELLED",
        )
        for event in events(file.read_bytes())
    ]
    assert back == [
        (one.starts_at, one.minutes, one.scanner.name, one.accession, one == bookings[0])
        for one in bookings
    ]
    exported = audit.Event.objects.filter(act="calendar.exported").order_by("clinic_code")
    assert {event.clinic_code: event.detail for event in exported} == {
        clinic.code: {"rows": 1, "of_patients": "nothing"},
        berlin.code: {"rows": 2, "of_patients": "name"},
    }
    [look] = audit.Look.objects.all()
    assert (look.page, look.clinic_code, len(look.patient_ids)) == ("export", berlin.code, 2)
    only = tmp_path / "one.ics"
    call_command("export_schedules", "--format=ics", f"--output={only}", "--clinic", clinic.code)
    [alone], [same] = events(only.read_bytes()), read(secret)
    assert alone.to_ical() == same.to_ical()


def test_a_calendar_is_of_appointments_alone(tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="leave --table out"):
        call_command(
            "export_schedules", "--format=ics", "--table=overdue", f"--output={tmp_path / 'x.ics'}"
        )


def test_the_clock_of_the_clinic_goes_through_the_change_to_summer_time(
    nurse: User, tmp_path: Any
) -> None:
    berlin = ClinicFactory.create(time_zone="Europe/Berlin")
    scanner = ScannerFactory.create(clinic=berlin)
    spring = [datetime.combine(date(2027, 3, day), moment(berlin, 0).time()) for day in (27, 28)]
    for day in spring:
        booking = booked(slot_due_in(0, berlin), scanner, 1, nurse)
        Booking.objects.filter(pk=booking.pk).update(starts_at=day.replace(tzinfo=berlin.zone))
    file = tmp_path / "spring.ics"

    call_command("export_schedules", "--format=ics", f"--output={file}")

    assert b"DTSTART;TZID=Europe/Berlin:20270327T090000" in file.read_bytes()
    assert b"DTSTART;TZID=Europe/Berlin:20270328T090000" in file.read_bytes()
    starts = [event["DTSTART"].dt for event in events(file.read_bytes())]
    assert starts[1].astimezone(UTC) - starts[0].astimezone(UTC) == timedelta(hours=23)
