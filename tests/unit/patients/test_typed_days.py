from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patients.typed_days import (
    ERAS,
    MONTHS,
    YEARS,
    NotADay,
    Why,
    read_day,
    read_moment,
    read_time,
)

TODAY = date(2026, 3, 27)
CENTURY = range(1946, 2046)
FULL_WIDTH = str.maketrans("0123456789/.-:", "０１２３４５６７８９／．－：")

days = st.dates(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31))
days_of_the_century = st.dates(date(CENTURY[0], 1, 1), date(CENTURY[-1], 12, 31))


def era_of(day: date) -> tuple[str, str, str, int]:
    """Return the era of a day, from the last that had begun, and the year in it."""
    name, letter, short, first, _ = next(era for era in reversed(ERAS) if era[3] <= day)
    return name, letter, short, day.year - first.year + 1


def _by_era(day: date) -> str:
    name, _, _, year = era_of(day)
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def _by_letter(day: date) -> str:
    _, letter, _, year = era_of(day)
    return f"{letter.upper()}{year}.{day.month}.{day.day}"


def _by_short_era(day: date) -> str:
    _, _, short, year = era_of(day)
    return f"{short}{year:02}/{day.month:02}/{day.day:02}"


YEAR_FIRST: list[Callable[[date], str]] = [
    date.isoformat,
    lambda day: f"{day:%Y%m%d}",
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}.{day.month:02}.{day.day}",
    lambda day: f"  {day.year} {day.month}  {day.day} ",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.year} 年 {day.month} 月 {day.day} 日",
    lambda day: f"{day.year}・{day.month}・{day.day}",
    lambda day: f"{day.year}ー{day.month}ー{day.day}",
]
NAMED: list[Callable[[date], str]] = [
    lambda day: f"{day.day} {day:%b} {day.year}",
    lambda day: f"{day.day} {MONTHS[day.month - 1].upper()} {day.year}",
    lambda day: f"{day.day:02}-{day:%b}-{day.year}",
    lambda day: f"{day.day}{day:%b}{day.year}",
    lambda day: f"{day.day}. {day:%b}. {day.year}",
    lambda day: f"{day:%B} {day.day}, {day.year}",
    lambda day: f"{day.day}th of {day:%B} {day.year}",
    lambda day: f"{day.year}-{day:%b}-{day.day}",
]
DAY_FIRST: list[Callable[[date], str]] = [
    lambda day: f"{day.day}/{day.month}/{day.year}",
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: f"{day.day}. {day.month}. {day.year}",
    lambda day: f"{day.day} {day.month} {day.year}",
    lambda day: f"{day.day}-{day.month}-{day.year}",
]
TWO_DIGITS: list[Callable[[date], str]] = [
    lambda day: f"{day:%d/%m/%y}",
    lambda day: f"{day.day}-{day.month}-{day:%y}",
    lambda day: f"{day.day} {day:%b} {day:%y}",
]


@given(days, st.sampled_from(YEAR_FIRST + NAMED), st.booleans(), st.booleans())
def test_a_day_with_its_year_first_or_its_month_named_is_read_everywhere(
    day: date, write: Callable[[date], str], year_first: bool, wide: bool
) -> None:
    typed = write(day).translate(FULL_WIDTH) if wide else write(day)

    assert read_day(typed, year_first=year_first) == day


@given(days, st.sampled_from(DAY_FIRST))
def test_a_day_of_digits_that_ends_with_its_year_begins_with_the_day_or_is_refused(
    day: date, write: Callable[[date], str]
) -> None:
    assert read_day(write(day)) == day
    with pytest.raises(NotADay) as refused:
        read_day(write(day), year_first=True)
    assert refused.value.why == Why.ORDER


@given(days_of_the_century, st.sampled_from(TWO_DIGITS))
def test_two_digits_are_the_year_of_the_hundred_that_ends_so(
    day: date, write: Callable[[date], str]
) -> None:
    assert read_day(write(day), two_digits=CENTURY) == day


@pytest.mark.parametrize(
    ("typed", "day"),
    [("2.3.61", date(1961, 3, 2)), ("2.3.15", date(2015, 3, 2)), ("2.3.16", None)],
)
def test_two_digits_that_two_years_end_with_are_refused(typed: str, day: date | None) -> None:
    """As of a birth date: born in 1916 or in 2016?"""
    lifetimes = range(2026 - 110, 2027)
    if day:
        assert read_day(typed, two_digits=lifetimes) == day
        return
    with pytest.raises(NotADay) as refused:
        read_day(typed, two_digits=lifetimes)
    assert refused.value.why == Why.CENTURY


@given(
    st.dates(ERAS[0][3], date(YEARS[-1], 12, 31)),
    st.sampled_from([_by_era, _by_letter, _by_short_era]),
    st.booleans(),
)
def test_a_day_of_an_era_is_read_everywhere(
    day: date, write: Callable[[date], str], year_first: bool
) -> None:
    assume(era_of(day)[3] < 100)

    assert read_day(write(day), year_first=year_first) == day


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("30/2/2026", Why.NO_SUCH_DAY),
        ("3/27/2026", Why.NO_SUCH_DAY),
        ("2026/2/29", Why.NO_SUCH_DAY),
        ("2026年2月30日", Why.NO_SUCH_DAY),
        ("0/1/2026", Why.NO_SUCH_DAY),
        ("20260230", Why.NO_SUCH_DAY),
        ("27032026", Why.YEAR),
        ("27/3/0206", Why.YEAR),
        ("H31.5.1", Why.NOT_OF_ERA),
        ("令和元年4月30日", Why.NOT_OF_ERA),
        ("S64.1.8", Why.NOT_OF_ERA),
        ("R0.1.1", Why.NOT_OF_ERA),
        ("27/3/26", Why.CENTURY),
        ("26年3月27日", Why.UNREADABLE),
        ("8/3", Why.UNREADABLE),
        ("27/3-2026", Why.UNREADABLE),
        ("27/3/206", Why.UNREADABLE),
        ("27 ma 2026", Why.UNREADABLE),
        ("27 foo 2026", Why.UNREADABLE),
        ("3月27日", Why.UNREADABLE),
        ("next week", Why.UNREADABLE),
        ("2026-03-27T09:30", Why.UNREADABLE),
        ("٢٠٢٦-٠٣-٢٧", Why.UNREADABLE),
        ("", Why.UNREADABLE),
    ],
)
def test_what_is_no_day_or_could_be_two_is_refused(typed: str, why: Why) -> None:
    with pytest.raises(NotADay) as refused:
        read_day(typed)
    assert refused.value.why == why


def test_a_refusal_says_how_the_numbers_were_read() -> None:
    with pytest.raises(NotADay) as refused:
        read_day("3/27/2026")
    assert refused.value.read == {"day": 3, "month": 27, "year": 2026}


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("Today", date(2026, 3, 27)),
        ("tomorrow", date(2026, 3, 28)),
        ("昨日", date(2026, 3, 26)),
        ("㋿8年3月27日", date(2026, 3, 27)),
        ("27 sept 2026", date(2026, 9, 27)),
    ],
)
def test_words_are_read_where_the_day_is_known(typed: str, day: date) -> None:
    assert read_day(typed, today=TODAY) == day


def test_without_a_day_today_is_unknown() -> None:
    with pytest.raises(NotADay):
        read_day("today")


@given(st.times(), st.sampled_from(["{h}:{m:02}", "{h:02}{m:02}", "{h}.{m:02}", "{h}時{m}分"]))
def test_a_time_is_read_however_it_is_written(at: time, form: str) -> None:
    assert read_time(form.format(h=at.hour, m=at.minute)) == at.replace(second=0, microsecond=0)


@pytest.mark.parametrize("typed", ["9", "24:00", "9:60", "9:30 pm", "noon", "", "9:3"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(NotADay) as refused:
        read_time(typed)
    assert refused.value.why == Why.TIME


@pytest.mark.parametrize(
    "typed",
    [
        *("27 3 2026 9:30", "2026-03-27T09:30", "2026-03-27 0930", "27 Mar 2026, 09:30"),
        *("令和8年3月27日9時30分", "2026年3月27日 9:30", "today 9.30", "27.3.26 9.30"),
    ],
)
def test_a_day_is_read_with_the_time_after_it(typed: str) -> None:
    read = read_moment(typed, two_digits=CENTURY, today=TODAY)

    assert read == datetime(2026, 3, 27, 9, 30)  # noqa: DTZ001, the field knows the zone


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("27 3 2026", Why.TIME),
        ("27 March 2026", Why.TIME),
        ("27 3 2026 25:00", Why.TIME),
        ("30 2 2026 9:30", Why.NO_SUCH_DAY),
        ("30 2 2026", Why.NO_SUCH_DAY),
        ("9:30", Why.UNREADABLE),
        ("soon enough", Why.UNREADABLE),
    ],
)
def test_a_moment_is_refused_for_what_is_wrong_with_it(typed: str, why: Why) -> None:
    with pytest.raises(NotADay) as refused:
        read_moment(typed)
    assert refused.value.why == why


pieces = st.sampled_from(
    [*"0123456789/.-: ,年月日時分元tshrT", "令和", "mar", "today", "２", "th", "2026", "27", "\x00"]
)


@given(
    st.one_of(st.text(), st.lists(pieces, max_size=12).map("".join)),
    st.sampled_from([read_day, read_moment, read_time]),
)
def test_nothing_that_can_be_typed_ends_in_another_error(
    typed: str, read: Callable[[str], object]
) -> None:
    with suppress(NotADay):
        read(typed)
