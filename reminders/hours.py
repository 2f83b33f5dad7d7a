"""When a clinic can be reached: hours and holidays, pure. The moment is always a parameter."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from patients.calendar import holiday_on, is_weekend


@dataclass(frozen=True, slots=True)
class Hours:
    """When a clinic is open: on its own clock, and not on the public holidays of its region.

    `country` and `region` are codes of the package `holidays`; without a country there are none.
    `closed` are days on which the clinic itself has closed: they count as holidays.

    Raises:
        ValueError: it would close before it has opened.
    """

    zone: ZoneInfo
    opens_at: time
    closes_at: time
    country: str = ""
    region: str = ""
    closed: Collection[date] = ()

    def __post_init__(self) -> None:
        if self.opens_at >= self.closes_at:
            raise ValueError(f"Opens at {self.opens_at}, closes at {self.closes_at}.")


def next_opening(hours: Hours, at: datetime) -> datetime:
    """Return `at` if the clinic is open then, else when it next opens, in UTC.

    At the closing time itself it is closed. Weekends are open: messages may be sent on them.

    Raises:
        NotImplementedError: the country or the region is not known.
    """
    at = at.astimezone(UTC)
    return next(
        max(at, opens)
        for day, opens, closes in _days(hours, at)
        if at < closes and not _is_holiday(hours, day)
    )


def next_morning(hours: Hours, at: datetime) -> datetime:
    """Return the first opening of a working day, at `at` or later, in UTC.

    A working day is no holiday, and no weekend of the country: Saturday and Sunday, or its own.

    Raises:
        NotImplementedError: the country or the region is not known.
    """
    at = at.astimezone(UTC)
    return next(
        opens
        for day, opens, _ in _days(hours, at)
        if at <= opens and not _is_holiday(hours, day) and not _is_weekend(hours, day)
    )


def _days(hours: Hours, at: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Walk from the clinic's day at `at`: each day, and from when until when it is open."""
    day = at.astimezone(hours.zone).date()
    while True:
        opens = _first_instant(hours.zone, day, hours.opens_at)
        closes = _first_instant(hours.zone, day, hours.closes_at)
        if opens < closes:  # else the clock jumped over both
            yield day, opens, closes
        day += timedelta(days=1)


def _first_instant(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """Return when the clock of `zone` first shows this time of this day, or jumps over it.

    Calculates in UTC: two moments of one zone are compared by what its clock shows, which is
    wrong in the hour that comes twice.
    """
    shown = datetime.combine(day, clock)
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:  # shown once, or twice
        return first
    # Never shown: the clock jumps between the two, at a full second.
    seconds = range(int((first - second).total_seconds()))

    def is_past(second_in_gap: int) -> bool:
        instant = second + timedelta(seconds=second_in_gap)
        return instant.astimezone(zone).replace(tzinfo=None) >= shown

    return second + timedelta(seconds=bisect_left(seconds, True, key=is_past))


def _is_holiday(hours: Hours, day: date) -> bool:
    return day in hours.closed or bool(holiday_on(hours.country, hours.region, day))


def _is_weekend(hours: Hours, day: date) -> bool:
    return is_weekend(hours.country, hours.region, day)
