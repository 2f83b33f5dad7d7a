"""The appointments of a week or a month by scanner and day, and how full each day is.

Everything stands on the clinic's own clock. A time counts as taken, for how full a day is, unless
its patient cancelled or did not attend.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from math import ceil
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.models import Clinic
from schedules.models import Booking, BookingState, Scanner
from schedules.openings import LOAD_LEVELS, open_minutes, why_off
from schedules.rules.proposals import ONE_DAY

WEEKDAYS = 7
YEARS = range(1970, 2200)  # outside of them a date is mistyped
IN_WORDS = (
    gettext_lazy("free"),
    gettext_lazy("light"),
    gettext_lazy("half full"),
    gettext_lazy("busy"),
    gettext_lazy("nearly full"),
)


class View(StrEnum):
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Asked:
    """What an address asks for: a week or a month, around which day, of what."""

    view: View
    on: date
    told: Mapping[str, str]  # the filters, as they stand in the address

    @classmethod
    def by(cls, told: Mapping[str, str], today: date) -> "Asked":
        """Read an address; without a day it is the week of `today`.

        Raises:
            BadRequest: `from` is no date, or one of another age.
        """
        asked = told.get("from", "").strip()
        try:
            on = date.fromisoformat(asked) if asked else today
        except ValueError as error:
            raise BadRequest(
                _("“%(text)s” is not a date: write from=YYYY-MM-DD.") % {"text": asked}
            ) from error
        if on.year not in YEARS:
            raise BadRequest(
                _("The calendar goes from the year %(first)s to %(last)s.")
                % {"first": YEARS[0], "last": YEARS[-1]}
            )
        view = View.MONTH if told.get("view") == View.MONTH else View.WEEK
        filters = {name: told[name] for name in ("clinic", "scanner") if told.get(name)}
        return cls(view, on, filters)

    @cached_property
    def first(self) -> date:
        """The Monday of the week, or the first of the month."""
        if self.view == View.MONTH:
            return self.on.replace(day=1)
        return self.on - self.on.weekday() * ONE_DAY

    @cached_property
    def last(self) -> date:
        if self.view == View.MONTH:
            return (self.first + timedelta(days=31)).replace(day=1) - ONE_DAY
        return self.first + (WEEKDAYS - 1) * ONE_DAY

    @property
    def days(self) -> list[date]:
        return [self.first + n * ONE_DAY for n in range((self.last - self.first).days + 1)]

    @property
    def weekdays(self) -> list[date]:
        """Seven days, from a Monday on: what a month's columns are named by."""
        monday = self.first - self.first.weekday() * ONE_DAY
        return [monday + n * ONE_DAY for n in range(WEEKDAYS)]

    @property
    def earlier(self) -> str:
        """The address of the week or month before; none before all ages."""
        before = self.first - ONE_DAY
        return self.address(on=before) if before.year in YEARS else ""

    @property
    def later(self) -> str:
        after = self.last + ONE_DAY
        return self.address(on=after) if after.year in YEARS else ""

    @property
    def now(self) -> str:
        """The address of the week or month that it is."""
        return self._address({"view": self.view.value})

    def address(self, *, on: date | None = None, view: View | None = None) -> str:
        """Return the address of another part of the same calendar."""
        on, view = on or self.on, view or self.view
        return self._address({"view": view.value, "from": on.isoformat()})

    def _address(self, told: Mapping[str, str]) -> str:
        return f"{reverse('calendar')}?{urlencode({**told, **self.told})}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One scanner on one day."""

    scanner: Scanner
    on: date
    off: str  # why the clinic does not work then, or nothing
    is_today: bool
    appointments: list[Booking]
    minutes: int  # taken
    of_minutes: int  # how long the scanner runs on a working day

    @property
    def level(self) -> int:
        """How full it is: 0 for nothing, 1 for any work at all, LOAD_LEVELS for nearly all."""
        if not self.minutes:
            return 0
        return min(LOAD_LEVELS, ceil(self.minutes / max(self.of_minutes, 1) * LOAD_LEVELS))

    @property
    def in_words(self) -> str:
        return str(IN_WORDS[self.level])


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day of a clinic, over all of its scanners."""

    on: date
    off: str
    is_today: bool
    cells: list[Cell]
    address: str  # of its week

    @property
    def is_free(self) -> bool:
        """Whether nothing at all is booked."""
        return not any(cell.appointments for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Line:
    """The days of one scanner."""

    scanner: Scanner
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class ClinicCalendar:
    """What a clinic has booked in the week or month."""

    clinic: Clinic
    days: list[DayOf]
    scanners: list[Scanner]

    @property
    def lines(self) -> list[Line]:
        """The same days by scanner: what a week is drawn from."""
        return [
            Line(scanner, [day.cells[n] for day in self.days])
            for n, scanner in enumerate(self.scanners)
        ]

    @property
    def weeks(self) -> list[list[DayOf | None]]:
        """The same days by week, each of seven places: what a month is drawn from."""
        places: list[DayOf | None] = [None] * self.days[0].on.weekday()
        places += self.days
        places += [None] * (-len(places) % WEEKDAYS)
        return [places[n : n + WEEKDAYS] for n in range(0, len(places), WEEKDAYS)]

    @property
    def is_booked(self) -> bool:
        return not all(day.is_free for day in self.days)

    @property
    def appointments(self) -> Iterator[Booking]:
        for day in self.days:
            for cell in day.cells:
                yield from cell.appointments


def calendars(
    asked: Asked,
    clinics: Sequence[Clinic],
    *,
    scanner: UUID | None = None,
    at: datetime | None = None,
) -> list[ClinicCalendar]:
    """Return what each of the clinics has booked, in three queries; of one scanner if it is told.

    What is cancelled is not there, nor is a scanner out of use on which nothing is booked.
    """
    prefetch_related_objects(clinics, "closed_days")
    scanners = _scanners(clinics, scanner)
    booked = _booked(asked, [one for of_clinic in scanners.values() for one in of_clinic])
    busy = {booking.scanner_id for booking in booked}
    return [
        _calendar(
            asked,
            clinic,
            [one for one in scanners[clinic.pk] if one.in_use or one.pk in busy],
            booked,
            at,
        )
        for clinic in clinics
    ]


def _scanners(clinics: Iterable[Clinic], only: UUID | None) -> dict[int, list[Scanner]]:
    scanners = Scanner.objects.filter(clinic__in=clinics).order_by("name", "id")
    of_clinic: dict[int, list[Scanner]] = defaultdict(list)
    for scanner in scanners.filter(public_id=only) if only else scanners:
        of_clinic[scanner.clinic_id].append(scanner)
    return of_clinic


def _booked(asked: Asked, scanners: Iterable[Scanner]) -> list[Booking]:
    """The bookings of the days and of the days beside them: clinics' days begin at other hours."""
    begins = datetime.combine(asked.first - ONE_DAY, time.min, UTC)
    return list(
        Booking.objects.filter(
            scanner__in=list(scanners),
            starts_at__gte=begins,
            starts_at__lt=begins + (len(asked.days) + 2) * ONE_DAY,
        )
        .exclude(state=BookingState.CANCELLED)
        .select_related("patient__clinic", "slot")
        .order_by("starts_at", "id")
    )


def _calendar(
    asked: Asked,
    clinic: Clinic,
    scanners: list[Scanner],
    booked: Iterable[Booking],
    at: datetime | None,
) -> ClinicCalendar:
    on_day: dict[tuple[int, date], list[Booking]] = defaultdict(list)
    for booking in booked:
        on_day[booking.scanner_id, booking.starts_at.astimezone(clinic.zone).date()].append(booking)
    today = clinic.today(at)
    of_minutes = open_minutes(clinic)

    def day(on: date) -> DayOf:
        off = why_off(clinic, on)
        cells = [
            Cell(
                scanner=scanner,
                on=on,
                off=off,
                is_today=on == today,
                appointments=(of_day := on_day[scanner.pk, on]),
                minutes=sum(one.minutes for one in of_day if one.state != BookingState.NO_SHOW),
                of_minutes=of_minutes,
            )
            for scanner in scanners
        ]
        return DayOf(on, off, on == today, cells, asked.address(on=on, view=View.WEEK))

    return ClinicCalendar(clinic, [day(on) for on in asked.days], scanners)
