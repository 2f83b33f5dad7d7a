"""What is booked, written as a calendar: pure, and one event after another."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration, vText

from schedules.feeds.zones import zone_of

READ_AGAIN = timedelta(minutes=15)  # what programs are asked for; many take hours
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
END = b"END:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, which keeps its `uid` when it moves, while its `sequence` grows."""

    uid: UUID
    sequence: int
    changed_at: datetime
    starts_at: datetime
    minutes: int
    zone: ZoneInfo  # of the clinic, on whose clock it is told
    title: str
    place: str
    note: str
    is_cancelled: bool
    takes_time: bool  # not, if nobody came


def written(
    name: str, zones: Iterable[ZoneInfo], first: date, last: date, entries: Iterable[Entry]
) -> Iterator[bytes]:
    """Yield a calendar piece by piece; the entries are of `zones`, and begin from `first` to
    `last`."""
    calendar = Calendar()
    calendar.add("PRODID", "-//Sarcoma follow-up//Appointments//EN")
    calendar.add("VERSION", "2.0")
    for title in ("NAME", "X-WR-CALNAME"):  # RFC 7986, and what programs knew before it
        calendar.add(title, _text(name))
    calendar.add("REFRESH-INTERVAL", READ_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(READ_AGAIN))
    for zone in zones:
        calendar.add_component(zone_of(zone, first, last))
    yield calendar.to_ical().removesuffix(END)
    for entry in entries:
        yield _event(entry).to_ical()
    yield END


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("UID", str(entry.uid))
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.changed_at)
    event.add("LAST-MODIFIED", entry.changed_at)
    event.add("DTSTART", _on_the_clock(entry.starts_at, entry.zone))
    ends_at = entry.starts_at + timedelta(minutes=entry.minutes)
    event.add("DTEND", _on_the_clock(ends_at, entry.zone))
    event.add("SUMMARY", _text(entry.title))
    event.add("LOCATION", _text(entry.place))
    event.add("DESCRIPTION", _text(entry.note))
    event.add("STATUS", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("TRANSP", "OPAQUE" if entry.takes_time else "TRANSPARENT")
    event.add("CLASS", "PRIVATE")
    return event


def _text(text: str) -> vText:
    """Return a text of one line; what no calendar may hold becomes a blank."""
    return vText(CONTROLS.sub(" ", text))


def _on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return a moment on the clock of a zone; of the hour that comes twice, the second by UTC, for
    a calendar knows it by the clock as the first (RFC 5545, 3.3.5)."""
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if local.fold else local
