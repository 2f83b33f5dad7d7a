"""A time zone as a calendar tells it: pure.

icalendar can write one, too, but lets summer time begin an hour late (7.3: the onset is told by the
clock that begins, and RFC 5545, 3.6.5, asks for the one that ends).
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

ONE_DAY = timedelta(days=1)
SECONDS = range(24 * 60 * 60)


def zone_of(zone: ZoneInfo, first: date, last: date) -> Timezone:
    """Return what the clocks of a zone do from `first` to `last`, and some days around."""
    begins = datetime.combine(first, time.min, UTC) - 2 * ONE_DAY
    told = Timezone()
    told.add("TZID", zone.key)
    for onset in (begins, *_onsets(zone, begins, datetime.combine(last, time.min, UTC))):
        before = _offset(zone, onset if onset == begins else onset - timedelta(seconds=1))
        clock = onset.astimezone(zone)
        observance = TimezoneDaylight() if clock.dst() else TimezoneStandard()
        observance.add("DTSTART", onset.replace(tzinfo=None) + before)
        observance.add("TZOFFSETFROM", before)
        observance.add("TZOFFSETTO", _offset(zone, onset))
        observance.add("TZNAME", str(clock.tzname()))
        told.add_component(observance)
    return told


def _onsets(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """Yield the moments at which the clocks are changed; none is changed twice a day."""
    day = begins
    while day < ends + 2 * ONE_DAY:
        old = _offset(zone, day)
        if _offset(zone, day + ONE_DAY) != old:
            seconds = bisect_left(
                SECONDS,
                True,
                key=lambda second: _offset(zone, day + timedelta(seconds=second)) != old,
            )
            yield day + timedelta(seconds=seconds)
        day += ONE_DAY


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
