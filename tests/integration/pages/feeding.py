"""Appointments, and the calendars that tell of them."""

from typing import Any

from django.test import Client

from schedules.actions import book, reschedule
from schedules.models import Booking, Scanner, Slot
from surveillance.accounts.models import User
from tests.calendars import events
from tests.integration.pages.scene import moment


def address_of(secret: str) -> str:
    return f"/feeds/{secret}.ics"


def read(secret: str) -> list[Any]:
    """Return the events that a program finds at the address."""
    answer = Client().get(address_of(secret))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return events(answer.content)


def booked(slot: Slot, scanner: Scanner, days: int, by: User) -> Booking:
    """Book a slot on the clinic's morning, `days` after today."""
    starts_at = moment(scanner.clinic, days)
    return book(
        slot=slot, scanner=scanner, starts_at=starts_at, by=by, outside_window_reason="A test"
    )


def moved(booking: Booking, scanner: Scanner, days: int, by: User) -> Booking:
    """Give an appointment the clinic's morning, `days` after today, on a scanner."""
    return reschedule(
        booking=booking,
        scanner=scanner,
        starts_at=moment(scanner.clinic, days),
        by=by,
        outside_window_reason="A test",
    )
