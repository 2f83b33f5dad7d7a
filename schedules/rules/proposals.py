"""Which times suit a slot best: nearest to its due date, on a working day, on a free scanner.

Pure: what is booked and which days are working days are parameters. All moments are in UTC.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from schedules.rules.windows import Window

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Busy:
    """A time that is taken, its end left out."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ScannerTimes:
    """One scanner: how many minutes an appointment takes there, and when it is taken."""

    key: int
    minutes: int
    busy: Collection[Busy]


@dataclass(frozen=True, slots=True)
class Hours:
    """From when until when scanners run on a working day, by the clock of `zone`."""

    zone: ZoneInfo
    opens_at: time
    closes_at: time


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time at which one scanner is free."""

    scanner: int
    starts_at: datetime


def days_by_fitness(slot: Window, first: date) -> list[date]:
    """Return the days of a slot's window from `first` on, the nearest to its due date first.

    Of two days that are equally near, the earlier one comes first.
    """
    start = max(first, slot.earliest_on)
    days = [start + n * ONE_DAY for n in range((slot.lapses_on - start).days + 1)]
    return sorted(days, key=lambda day: (abs(day - slot.due_on), day))


def free_times(
    day: date, hours: Hours, scanners: Sequence[ScannerTimes], patient_busy: Collection[Busy] = ()
) -> list[FreeTime]:
    """Return the times of a day, one after another from the opening on, that can be booked.

    Each ends before the closing. Of one time, the scanner with the least to do on that day comes
    first.
    """
    opens, closes = (
        datetime.combine(day, clock, hours.zone).astimezone(UTC)
        for clock in (hours.opens_at, hours.closes_at)
    )
    free = []
    for scanner in scanners:
        length = timedelta(minutes=scanner.minutes)
        of_day = [busy for busy in scanner.busy if busy.starts_at < closes and busy.ends_at > opens]
        taken = [*of_day, *patient_busy]
        starts_at = opens
        while starts_at + length <= closes:
            if not any(b.starts_at < starts_at + length and starts_at < b.ends_at for b in taken):
                free.append((starts_at, len(of_day), FreeTime(scanner.key, starts_at)))
            starts_at += length
    return [time for *_, time in sorted(free, key=lambda one: one[:2])]


def propose(
    slot: Window,
    today: date,
    hours: Hours,
    scanners: Sequence[ScannerTimes],
    *,
    days_off: Collection[date] = (),
    patient_busy: Collection[Busy] = (),
    how_many: int = 3,
) -> list[FreeTime]:
    """Return the best times for a slot, one a day, the best first.

    They lie inside its window, from tomorrow on (nobody comes fasting within the hour), on working
    days within the hours, where a scanner and the patient are free. One a day, since who cannot
    come on a day is helped by another day.
    """
    return list(
        islice(_best(slot, today + ONE_DAY, hours, scanners, days_off, patient_busy), how_many)
    )


def _best(
    slot: Window,
    first: date,
    hours: Hours,
    scanners: Sequence[ScannerTimes],
    days_off: Collection[date],
    patient_busy: Collection[Busy],
) -> Iterator[FreeTime]:
    for day in days_by_fitness(slot, first):
        if day not in days_off:
            yield from free_times(day, hours, scanners, patient_busy)[:1]
