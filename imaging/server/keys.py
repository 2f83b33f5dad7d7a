"""What a query's keys mean (DICOM PS3.4, C.2.2.2). Pure: neither Django nor the network."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar

from pydicom.dataset import Dataset

M = TypeVar("M", date, time)
_Read = Callable[[str], M]
Span = tuple[M | None, M | None]  # the first and the last, both inclusive; None is open

_TIME = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d{1,6})?)?)?")


class Unreadable(ValueError):
    """A key holds nothing that can be looked for. It says which."""


def text(asked: Dataset, keyword: str) -> str:
    """Return what a key asks for; empty if it asks for everything."""
    value = asked.get(keyword)
    if value is None or isinstance(value, list):
        return ""
    return str(value).strip()


def texts(asked: Dataset, keyword: str) -> list[str]:
    """Return the values that a key of UIDs lists."""
    value = asked.get(keyword) or []
    return [str(one).strip() for one in ([value] if isinstance(value, str) else value)]


def item(asked: Dataset, keyword: str) -> Dataset:
    """Return the one item of a sequence, empty if there is none."""
    found = asked.get(keyword)
    return found[0] if found else Dataset()


def pattern(wildcards: str) -> str:
    """Return a regular expression of PostgreSQL: `*` is anything, `?` one sign."""
    signs = {"*": ".*", "?": "."}
    return "^" + "".join(signs.get(sign) or re.escape(sign) for sign in wildcards) + "$"


def names(asked: Dataset, keyword: str) -> list[str]:
    """Return a pattern for each way of writing that a key gives a name in, of any letter's size."""
    groups = (group.strip().rstrip("^") for group in text(asked, keyword).split("="))
    return [pattern(group) for group in groups if group and group.strip("*")]


def days(asked: Dataset, keyword: str) -> Span[date]:
    """Return the first and the last day that a key asks for.

    Raises:
        Unreadable: it holds no date.
    """
    return _span(text(asked, keyword), keyword, _day, _day)


def times(asked: Dataset, keyword: str) -> Span[time]:
    """Return the first and the last moment of a day: 09 as the last is all of that hour.

    Raises:
        Unreadable: it holds no time.
    """
    return _span(text(asked, keyword), keyword, _first, _last)


def is_range(asked: Dataset, keyword: str) -> bool:
    return "-" in text(asked, keyword)


def _span(said: str, keyword: str, first: _Read[M], last: _Read[M]) -> Span[M]:
    if said in ("", "*"):
        return None, None
    begin, dash, end = (part.strip() for part in said.partition("-"))
    if not dash:
        end = begin
    try:
        return (first(begin) if begin else None), (last(end) if end else None)
    except ValueError:
        raise Unreadable(keyword) from None


def _day(said: str) -> date:
    return datetime.strptime(said, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone


def _first(said: str) -> time:
    hour, minute, second = _parts(said)
    return time(hour, minute or 0, second or 0)


def _last(said: str) -> time:
    hour, minute, second = _parts(said)
    return time(hour, 59 if minute is None else minute, 59 if second is None else second, 999_999)


def _parts(said: str) -> tuple[int, int | None, int | None]:
    found = _TIME.fullmatch(said)
    if not found:
        raise ValueError(said)
    hour, minute, second = found.groups()
    return int(hour), int(minute) if minute else None, int(second) if second else None
