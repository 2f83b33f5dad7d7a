"""Days and moments as a search says them, and how they compare with what is stored.

A value stands for all the time that it names: 2026-04 for the whole month. So does a day that is
stored: it lasts from midnight to midnight in its clinic's zone.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import DateTimeField, Field, Model, Q
from django.utils.translation import gettext as _

_VALUE = re.compile(
    r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb)?"
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)(\.\d+)?)?"
    r"(?P<zone>Z|[+ -]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is asked about, from its beginning up to, not including, its end."""

    prefix: str
    begins: datetime
    ends: datetime

    @classmethod
    def read(cls, value: str) -> Self:
        """Read what a search says.

        Raises:
            BadRequest: it is no day or moment of FHIR.
        """
        found = _VALUE.fullmatch(value)
        try:
            if not found:
                raise ValueError(value)
            begins, ends = _span(found)
        except (ValueError, OverflowError) as error:
            raise BadRequest(
                _("“%(value)s” is no day or moment, such as ge2026-04-01.") % {"value": value}
            ) from error
        return cls(found["prefix"] or "eq", begins, ends)

    def in_zone(self, zone: ZoneInfo) -> Self:
        """Return it with its ends on a clinic's clock: what named no zone means that one."""
        begins, ends = (
            moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
            for moment in (self.begins, self.ends)
        )
        return type(self)(self.prefix, begins, ends)


def compared(span: Span, model: type[Model], first: str, last: str) -> Q:
    """Return which rows lie to a span, in a clinic's zone, as its prefix says.

    A row's time goes from the field `first` to the field `last`, whole days or moments; an empty
    `last` goes on for ever, an empty `first` is compared with nothing.
    """
    begins, ends = (_Bounds(model._meta.get_field(name), name) for name in (first, last))
    within = begins.from_(span.begins) & ends.before(span.ends)
    match span.prefix:
        case "eq":
            found = within
        case "ne":
            found = ~within
        case "lt":
            found = begins.before(span.begins, as_begin=True)
        case "le":
            found = begins.before(span.begins, as_begin=True) | within
        case "gt":
            found = ends.after(span.ends)
        case "ge":
            found = ends.after(span.ends) | within
        case "sa":
            found = begins.from_(span.ends)
        case _:  # eb
            found = ends.before(span.begins)
    return found & Q(**{f"{first}__isnull": False})


class _Bounds:
    """One end of a row's time."""

    def __init__(self, field: Any, name: str) -> None:
        self.holds_moments = isinstance(field, DateTimeField)
        self.name = name
        assert isinstance(field, Field)

    def from_(self, moment: datetime) -> Q:
        """It begins at that moment or later."""
        return Q(**{f"{self.name}__gte": self._begin(moment)})

    def before(self, moment: datetime, *, as_begin: bool = False) -> Q:
        """It begins, or has ended, before that moment."""
        bound = self._begin(moment) if as_begin else self._end(moment)
        return Q(**{f"{self.name}__lt": bound})

    def after(self, moment: datetime) -> Q:
        """It ends after that moment, or never."""
        return Q(**{f"{self.name}__gte": self._end(moment)}) | Q(**{f"{self.name}__isnull": True})

    def _begin(self, moment: datetime) -> date | datetime:
        """The first day that begins at a moment or later."""
        if self.holds_moments:
            return moment
        return moment.date() + timedelta(days=moment.time() > _MIDNIGHT)

    def _end(self, moment: datetime) -> date | datetime:
        """The first day that has not ended by a moment."""
        return moment if self.holds_moments else moment.date()


def _span(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day, hour, minute, second = (
        int(found[name]) if found[name] else None
        for name in ("year", "month", "day", "hour", "minute", "second")
    )
    assert year is not None
    begins = datetime(year, month or 1, day or 1, hour or 0, minute or 0, second or 0)  # noqa: DTZ001
    if month is None:
        ends = begins.replace(year=year + 1)
    elif day is None:
        ends = begins.replace(year=year + month // 12, month=month % 12 + 1)
    elif hour is None:
        ends = begins + timedelta(days=1)
    else:
        ends = begins + (timedelta(minutes=1) if second is None else timedelta(seconds=1))
    if zone := found["zone"]:
        # In an address a + that nobody escaped is read as a space.
        offset = datetime.fromisoformat(f"2000-01-01T00:00{zone.replace(' ', '+')}").tzinfo
        return begins.replace(tzinfo=offset), ends.replace(tzinfo=offset)
    return begins, ends
