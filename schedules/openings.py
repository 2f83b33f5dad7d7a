"""What the page for booking shows of a slot's window: its days, what is booked, the best times."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from math import ceil

from django.utils.translation import gettext as _

from patients.calendar import is_weekend
from patients.models import Clinic
from schedules.models import Booking, Scanner, Slot
from schedules.rules.proposals import (
    ONE_DAY,
    Busy,
    FreeTime,
    Hours,
    ScannerTimes,
    free_times,
    propose,
)

DAYS_SHOWN = 91  # thirteen weeks: a window of the usual protocol, and its late part
LOAD_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """A time that can be booked by one button."""

    scanner: Scanner
    starts_at: datetime  # by the clinic's clock
    from_due: int  # days after the due date

    @property
    def before_due(self) -> int:
        return -self.from_due

    @property
    def value(self) -> str:
        """What the button sends."""
        return f"{self.starts_at:%Y-%m-%dT%H:%M}_{self.scanner.pk}"


@dataclass(frozen=True, slots=True)
class Load:
    """How much one scanner has to do on a day."""

    scanner: Scanner
    bookings: int
    level: int  # from 0, nothing, to LOAD_LEVELS, nearly all of the day


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the window."""

    on: date
    off: str  # why the clinic does not work then, or nothing
    is_late: bool
    is_due: bool
    is_today: bool
    loads: list[Load]
    appointments: list[Booking]  # of the patient


@dataclass(frozen=True, slots=True)
class Week:
    """Days of one calendar week, with as many blanks before the first as weekdays are missing."""

    month: date | None  # a day of the month that begins to be shown here
    blanks: range
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Openings:
    """All that a page shows of the times for one slot."""

    best: list[Choice]
    weeks: list[Week]
    until: date | None  # the last day shown
    scanners: list[Scanner]
    chosen: date | None
    of_chosen: list[Choice]  # every free time of the day that was asked for
    appointments: list[Booking]  # of the patient, in the window


def openings(
    slot: Slot, at: datetime, *, chosen: date | None = None, instead_of: Booking | None = None
) -> Openings:
    """Return the times for a slot at the moment `at`.

    `chosen` is a day whose times are asked for. The time of the appointment `instead_of` counts as
    free, for it would be given up.
    """
    clinic = slot.patient.clinic
    today = clinic.today(at)
    first = max(slot.earliest_on, today)
    window = [first + n * ONE_DAY for n in range((slot.lapses_on - first).days + 1)]
    off = {day: why for day in window if (why := why_off(clinic, day))}
    in_use = clinic.scanners.filter(in_use=True).order_by("name")
    scanners = {scanner.pk: scanner for scanner in in_use}
    booked = _booked(clinic, window, instead_of)
    hours = Hours(clinic.zone, clinic.opens_at, clinic.closes_at)
    times = [
        ScannerTimes(pk, scanner.minutes, _busy(one for one in booked if one.scanner_id == pk))
        for pk, scanner in scanners.items()
    ]
    of_patient = [one for one in booked if one.patient_id == slot.patient.pk]
    busy = _busy(of_patient)

    def choices(free: Iterable[FreeTime]) -> list[Choice]:
        local = [(scanners[one.scanner], one.starts_at.astimezone(clinic.zone)) for one in free]
        return [Choice(*each, (each[1].date() - slot.due_on).days) for each in local]

    of_chosen: list[FreeTime] = []
    if chosen in window and chosen not in off:
        of_chosen = [t for t in free_times(chosen, hours, times, busy) if t.starts_at > at]
    shown = [day for day in window if day <= max(first + DAYS_SHOWN * ONE_DAY, slot.latest_on)]
    return Openings(
        best=choices(propose(slot, today, hours, times, days_off=off.keys(), patient_busy=busy)),
        weeks=_weeks(_days(slot, shown, today, off, list(scanners.values()), booked)),
        until=shown[-1] if shown else None,
        scanners=list(scanners.values()),
        chosen=chosen,
        of_chosen=choices(of_chosen),
        appointments=of_patient,
    )


def _booked(clinic: Clinic, window: Sequence[date], instead_of: Booking | None) -> list[Booking]:
    """The active bookings on the clinic's scanners in the window, and what reaches into it."""
    if not window:
        return []
    begins, ends = (
        datetime.combine(day, time.min, clinic.zone) for day in (window[0], window[-1] + ONE_DAY)
    )
    booked = Booking.objects.filter(
        scanner__clinic=clinic,
        state__in=Booking.ACTIVE,
        starts_at__gt=begins - ONE_DAY,
        starts_at__lt=ends,
    )
    if instead_of:
        booked = booked.exclude(pk=instead_of.pk)
    return list(booked.select_related("scanner").order_by("starts_at", "id"))


def _busy(bookings: Iterable[Booking]) -> list[Busy]:
    return [Busy(one.starts_at, one.ends_at) for one in bookings]


def why_off(clinic: Clinic, day: date) -> str:
    """Say why the clinic does not work on that day; empty if it does."""
    if is_weekend(clinic.country, clinic.region, day):
        return _("weekend")
    return clinic.holiday_on(day)


def _days(
    slot: Slot,
    shown: Iterable[date],
    today: date,
    off: dict[date, str],
    scanners: Sequence[Scanner],
    booked: Iterable[Booking],
) -> list[Day]:
    clinic = slot.patient.clinic
    on_day: dict[date, list[Booking]] = defaultdict(list)
    for booking in booked:
        on_day[booking.starts_at.astimezone(clinic.zone).date()].append(booking)
    minutes = open_minutes(clinic)
    return [
        Day(
            on=day,
            off=off.get(day, ""),
            is_late=day > slot.latest_on,
            is_due=day == slot.due_on,
            is_today=day == today,
            loads=[
                _load(scanner, [b for b in on_day[day] if b.scanner_id == scanner.pk], minutes)
                for scanner in scanners
            ],
            appointments=[b for b in on_day[day] if b.patient_id == slot.patient.pk],
        )
        for day in shown
    ]


def _load(scanner: Scanner, booked: Sequence[Booking], of_minutes: int) -> Load:
    """Any work at all is the first level; more than three quarters of the day are the last."""
    share = sum(booking.minutes for booking in booked) / max(of_minutes, 1)
    return Load(scanner, len(booked), min(LOAD_LEVELS, ceil(share * LOAD_LEVELS)))


def open_minutes(clinic: Clinic) -> int:
    """Return how many minutes a scanner runs on a working day."""
    return _minutes(clinic.closes_at) - _minutes(clinic.opens_at)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _weeks(days: Iterable[Day]) -> list[Week]:
    weeks: list[Week] = []
    month = 0
    for _week, of_week in groupby(days, key=lambda day: day.on.isocalendar()[:2]):
        week = list(of_week)
        named = next((day.on for day in week if day.on.month != month), None)
        month = week[-1].on.month
        weeks.append(Week(named, range(week[0].on.weekday()), week))
    return weeks
