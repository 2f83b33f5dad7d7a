from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.months import add_months

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
MONTHS = st.integers(-240, 240)


def walk(day: date, months: int) -> date:
    """Turn the leaves of a calendar one by one, then look for the day or the month's last."""
    first = day.replace(day=1)
    for _ in range(abs(months)):
        a_day_beside = first + timedelta(days=31) if months > 0 else first - timedelta(days=1)
        first = a_day_beside.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=day.day - 1), last)


@given(DAYS, MONTHS)
def test_is_what_a_walk_through_the_calendar_gives(day: date, months: int) -> None:
    assert add_months(day, months) == walk(day, months)


@given(DAYS, MONTHS)
def test_keeps_the_day_unless_the_month_ends_before_it(day: date, months: int) -> None:
    result = add_months(day, months)

    assert result.day == day.day or (result + timedelta(days=1)).day == 1


@given(DAYS)
def test_no_months_later_is_the_same_day(day: date) -> None:
    assert add_months(day, 0) == day


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 15), 3, date(2026, 4, 15)),
        (date(2026, 10, 31), 3, date(2027, 1, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
    ],
)
def test_known_dates(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_three_months_after_30_november_is_the_end_of_february() -> None:
    assert add_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert add_months(date(2027, 11, 30), 3) == date(2028, 2, 29)


def test_never_drifts_after_a_short_month() -> None:
    anchor = date(2026, 11, 30)

    assert [add_months(anchor, months) for months in (3, 6, 9, 12)] == [
        date(2027, 2, 28),
        date(2027, 5, 30),
        date(2027, 8, 30),
        date(2027, 11, 30),
    ]


def test_refuses_to_leave_the_calendar() -> None:
    with pytest.raises(ValueError, match="year"):
        add_months(date(9999, 12, 1), 1)
