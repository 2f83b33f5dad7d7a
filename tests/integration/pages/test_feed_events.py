"""One event for each appointment, whatever becomes of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from patients.models import Clinic
from schedules.actions import (
    make_feed,
    move_booking,
    record_death,
    undo_booking,
    undo_outcome,
)
from schedules.models import Booking, BookingState, Scanner, Slot
from surveillance.accounts.models import User
from tests.factories import BookingFactory, ScannerFactory
from tests.integration.pages.feeding import booked, moved, read
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db


def told(event: Any) -> tuple[datetime, str, str]:
    return event["DTSTART"].dt, str(event["LOCATION"]), str(event["STATUS"])


def test_one_event_stands_for_an_appointment_through_all_that_becomes_of_it(
    clinic: Clinic, nurse: User, scanner: Scanner, open_slot: Slot, secret: str
) -> None:
    other = ScannerFactory.create(clinic=clinic)
    first = booked(open_slot, scanner, 3, nurse)
    said = [read(secret)]
    second = moved(first, other, 4, nurse)
    said.append(read(secret))
    move_booking(booking=second, to=BookingState.CANCELLED, by=nurse)
    said.append(read(secret))
    undo_outcome(booking=second, by=nurse)
    said.append(read(secret))
    third = moved(second, other, 5, nurse)
    undo_booking(booking=third, by=nurse)
    said.append(read(secret))

    assert [told(event) for [event] in said] == [
        (moment(clinic, 3), scanner.name, "CONFIRMED"),
        (moment(clinic, 4), other.name, "CONFIRMED"),
        (moment(clinic, 4), other.name, "CANCELLED"),
        (moment(clinic, 4), other.name, "CONFIRMED"),
        (moment(clinic, 5), other.name, "CANCELLED"),
    ]
    assert {str(event["UID"]) for [event] in said} == {str(first.public_id)}
    sequences = [event["SEQUENCE"] for [event] in said]
    assert sequences == sorted(set(sequences))


def test_whoever_writes_a_booking_its_sequence_never_goes_down(
    clinic: Clinic, nurse: User, scanner: Scanner, open_slot: Slot
) -> None:
    booking = booked(open_slot, scanner, 3, nurse)
    stale = Booking.objects.get(pk=booking.pk)
    move_booking(booking=booking, to=BookingState.CANCELLED, by=nurse)

    stale.calendar_sequence, stale.calendar_uid = 0, stale.slot.public_id
    stale.save()

    booking.refresh_from_db()
    assert (booking.calendar_sequence, booking.calendar_uid) == (2, booking.public_id)


def test_a_death_cancels_what_a_calendar_holds(
    clinic: Clinic, nurse: User, scanner: Scanner, open_slot: Slot, secret: str
) -> None:
    booked(open_slot, scanner, 3, nurse)
    [before] = read(secret)

    record_death(patient=open_slot.patient, died_on=clinic.today(), by=nurse)

    [after] = read(secret)
    assert (after["STATUS"], after["SEQUENCE"]) == ("CANCELLED", before["SEQUENCE"] + 1)


def test_of_a_scanner_the_feed_cancels_what_has_moved_to_another_one(
    clinic: Clinic, nurse: User, administrator: User, scanner: Scanner, open_slot: Slot
) -> None:
    other = ScannerFactory.create(clinic=clinic)
    here, there = (
        make_feed(clinic=clinic, name=one.name, scanner=one, by=administrator)[1]
        for one in (scanner, other)
    )
    first = booked(open_slot, scanner, 3, nurse)

    second = moved(first, other, 4, nurse)

    [left], [stands] = read(here), read(there)
    assert told(left) == (moment(clinic, 3), scanner.name, "CANCELLED")
    assert told(stands) == (moment(clinic, 4), other.name, "CONFIRMED")
    assert left["UID"] == stands["UID"]
    moved(second, scanner, 4, nurse)
    [back], [gone] = read(here), read(there)
    assert (told(back)[0], told(back)[2], told(gone)[2]) == (
        *(moment(clinic, 4), "CONFIRMED"),
        "CANCELLED",
    )
    assert back["SEQUENCE"] > left["SEQUENCE"]


@pytest.mark.parametrize(
    ("state", "transparent"),
    [(BookingState.ARRIVED, "OPAQUE"), (BookingState.NO_SHOW, "TRANSPARENT")],
)
def test_what_was_kept_stands_and_where_nobody_came_the_time_is_free(
    clinic: Clinic,
    nurse: User,
    scanner: Scanner,
    overdue_slot: Slot,
    secret: str,
    state: BookingState,
    transparent: str,
) -> None:
    told_at = moment(clinic, -1) - timedelta(days=1)
    booking = BookingFactory.create(
        slot=overdue_slot, scanner=scanner, starts_at=moment(clinic, -1), at=told_at, by=nurse
    )
    [before] = read(secret)
    move_booking(booking=booking, to=state, by=nurse)

    [event] = read(secret)

    assert (event["STATUS"], event["TRANSP"]) == ("CONFIRMED", transparent)
    assert event["SEQUENCE"] == before["SEQUENCE"]  # neither the time nor the place is another


def test_a_feed_goes_thirty_days_back_and_as_far_ahead_as_is_booked(
    clinic: Clinic, nurse: User, scanner: Scanner, secret: str
) -> None:
    starts = [moment(clinic, days) for days in (-31, -30, 90)]
    for at in starts:
        BookingFactory.create(
            slot=slot_due_in(-40, clinic),
            scanner=scanner,
            starts_at=at,
            at=moment(clinic, -60),
            outside_window_reason="A test",
        )

    assert [event["DTSTART"].dt for event in read(secret)] == starts[1:]
