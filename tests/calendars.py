"""Calendars as a client library reads them."""

from typing import Any

from icalendar import Calendar


def events(file: bytes) -> list[Any]:
    """Return the events of a calendar. Each property is one of thirty types to the library."""
    return list(Calendar.from_ical(file).walk("VEVENT"))
