"""Days and times as people type them, in English and in Japanese, whatever the width of a digit.

Nothing is guessed. What could be two days is refused, and so is what is none: a wrong date that is
taken in silence moves a scan. Libraries do guess: told that the day comes first, `dateutil` and
`dateparser` still read 3/27/2026 as 27 March, and neither knows the Japanese eras. The grammar that
is needed is small enough to stand here whole.

| typed | read |
|---|---|
| 2026-03-27, 2026/3/27, 2026.3.27, 2026 3 27, 20260327, 2026年3月27日 | the year comes first |
| 令和8年3月27日, R8.3.27, 昭和元年12月25日 | by the era; the day must be of it |
| 27 Mar 2026, 27-march-26, 27th of March 2026, March 27, 2026 | the month has a name |
| 27/3/2026, 27.3.26, 27 3 2026 | the day comes first; refused where people put the year first |
| today, tomorrow, yesterday, 今日, 明日, 昨日 | if it is known which day it is |

A year of two digits is the one that ends so in a range of years; if two do, it is refused. It is
read only where the day comes first or the month has a name: elsewhere it could be a year of an era.
"""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from unicodedata import normalize

YEARS = range(1900, 2200)  # what lies outside is mistyped

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
# Each with its letter, its short form, and its first and last day.
ERAS = (
    ("大正", "t", "大", date(1912, 7, 30), date(1926, 12, 25)),
    ("昭和", "s", "昭", date(1926, 12, 25), date(1989, 1, 7)),
    ("平成", "h", "平", date(1989, 1, 8), date(2019, 4, 30)),
    ("令和", "r", "令", date(2019, 5, 1), date.max),
)
WORDS = {"yesterday": -1, "昨日": -1, "today": 0, "今日": 0, "本日": 0, "tomorrow": 1, "明日": 1}

# What the keys for - / . give while Japanese is typed, and the dashes of word processors.
_MARKS = str.maketrans("ー‐‑–—−・。", "------/.")
_ERA = "|".join(name for era in ERAS for name in era[:3])
_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{1,2})", r"(?P<day>[0-9]{1,2})"
_SHORT_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_ERA_YEAR = rf"(?P<era>{_ERA}) ?(?P<year>[0-9]{{1,2}}|元)"
_NAME = r"(?P<name>[a-z]{3,9})\.?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_BETWEEN, _AGAIN = r"(?P<between>[-/. ])", r"(?P=between)"

_FORMS = tuple(
    re.compile(form)
    for form in (
        _YEAR + _BETWEEN + _MONTH + _AGAIN + _DAY,
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        rf"{_YEAR}年{_MONTH}月{_DAY}日",
        rf"{_ERA_YEAR}年{_MONTH}月{_DAY}日",
        _ERA_YEAR + _BETWEEN + _MONTH + _AGAIN + _DAY,
        rf"{_DAY}{_ORDINAL}[-/. ]?(?:of )?{_NAME}[-/., ]* ?{_SHORT_YEAR}",
        rf"{_NAME} ?{_DAY}{_ORDINAL},? ?{_YEAR}",
        rf"{_YEAR}[-/. ]{_NAME}[-/. ]{_DAY}",
    )
)
_DAY_FIRST = re.compile(_DAY + _BETWEEN + _MONTH + _AGAIN + _SHORT_YEAR)
_TIMES = tuple(
    re.compile(form)
    for form in (
        r"(?P<hour>[0-9]{1,2})[:.h](?P<minute>[0-9]{2})",
        r"(?P<hour>[0-9]{1,2})(?P<minute>[0-9]{2})",
        r"(?P<hour>[0-9]{1,2})時(?:(?P<minute>[0-9]{1,2})分?)?",
    )
)
_MOMENT = re.compile(r"(?P<day>.*[^,]),?(?: |(?<=[0-9])t(?=[0-9])|(?<=日))(?P<time>.+)")


class Why(StrEnum):
    UNREADABLE = "it looks like no day"
    NO_SUCH_DAY = "the calendar has no such day"
    NOT_OF_ERA = "the day is not of that era"
    ORDER = "the day or the month may come first"
    CENTURY = "the year may be of two centuries"
    YEAR = "no such year can be meant"
    TIME = "the time is missing, or looks like none"


class NotADay(ValueError):
    """What was typed is no day, or could be two; `read` says which numbers were understood."""

    def __init__(self, why: Why, **read: int) -> None:
        super().__init__(why.value)
        self.why, self.read = why, read


def read_day(
    typed: str,
    *,
    year_first: bool = False,
    many_hands: bool = False,
    two_digits: range = YEARS,
    today: date | None = None,
) -> date:
    """Return the day that was typed; `two_digits` are the years that two digits can stand for.

    Where people put the `year_first`, a day of digits alone that ends with its year is refused. If
    it comes of `many_hands`, as in a file, it is refused where it is another day month first.

    Raises:
        NotADay: it is none, or could be two.
    """
    return _day(_plain(typed), year_first, two_digits, today, many_hands)


def read_time(typed: str) -> time:
    """Return the time of day that was typed, on a clock of 24 hours: 9:30, 0930, 9.30, 9時30分.

    Raises:
        NotADay: it is none.
    """
    return _time(_plain(typed))


def read_moment(
    typed: str, *, year_first: bool = False, two_digits: range = YEARS, today: date | None = None
) -> datetime:
    """Return the day and the time after it, read as by `read_day` and `read_time`.

    Raises:
        NotADay: one of them is none, or the day could be two.
    """
    text = _plain(typed)
    parts = _MOMENT.fullmatch(text)
    for day, at in [(parts["day"], parts["time"]), (text, "")] if parts else [(text, "")]:
        try:
            found = _day(day, year_first, two_digits, today)
        except NotADay as refused:
            if refused.why != Why.UNREADABLE:
                raise
        else:
            return datetime.combine(found, _time(at))
    raise NotADay(Why.UNREADABLE)


def _plain(typed: str) -> str:
    """Return a text with one width, one case, and no needless blanks."""
    text = normalize("NFKC", typed).casefold().translate(_MARKS)
    text = re.sub(r"\s*([-/.:年月日時])\s*", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def _day(
    text: str,
    year_first: bool,
    two_digits: range,
    today: date | None,
    many_hands: bool = False,
) -> date:
    if text in WORDS and today:
        return today + timedelta(days=WORDS[text])
    for form in _FORMS:
        if parts := form.fullmatch(text):
            return _made(parts.groupdict(), two_digits)
    if parts := _DAY_FIRST.fullmatch(text):
        day, month = int(parts["day"]), int(parts["month"])
        if year_first or (many_hands and day != month and day <= 12):
            raise NotADay(Why.ORDER)
        return _made(parts.groupdict(), two_digits)
    raise NotADay(Why.UNREADABLE)


def _made(parts: dict[str, str], two_digits: range) -> date:
    """Make the day of what a form has found."""
    day = int(parts["day"])
    month = _named(parts["name"]) if "name" in parts else int(parts["month"])
    if "era" in parts:
        return _of_era(parts["era"], 1 if parts["year"] == "元" else int(parts["year"]), month, day)
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        years = [one for one in two_digits if one % 100 == year]
        if len(years) != 1:
            raise NotADay(Why.CENTURY)
        [year] = years
    return _of_calendar(year, month, day)


def _of_calendar(year: int, month: int, day: int) -> date:
    if year not in YEARS:
        raise NotADay(Why.YEAR, year=year)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NotADay(Why.NO_SUCH_DAY, year=year, month=month, day=day) from error


def _of_era(name: str, year: int, month: int, day: int) -> date:
    first, last = next(era[3:] for era in ERAS if name in era)
    found = _of_calendar(first.year + year - 1, month, day)
    if not first <= found <= last:
        raise NotADay(Why.NOT_OF_ERA)
    return found


def _named(name: str) -> int:
    for number, month in enumerate(MONTHS, start=1):
        if month.startswith(name):
            return number
    raise NotADay(Why.UNREADABLE)


def _time(text: str) -> time:
    for form in _TIMES:
        if parts := form.fullmatch(text):
            try:
                return time(int(parts["hour"]), int(parts["minute"] or 0))
            except ValueError as error:
                raise NotADay(Why.TIME) from error
    raise NotADay(Why.TIME)
