from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.windows import WindowStatus, days_late, is_close, takes, window_status


class Window(NamedTuple):
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date


APRIL = Window(
    earliest_on=date(2026, 3, 15),
    due_on=date(2026, 4, 15),
    latest_on=date(2026, 4, 29),
    lapses_on=date(2026, 6, 14),
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    earliest_on = draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    due_on = earliest_on + timedelta(days=draw(st.integers(0, 50)))
    latest_on = due_on + timedelta(days=draw(st.integers(0, 50)))
    lapses_on = latest_on + timedelta(days=draw(st.integers(1, 100)))
    return Window(earliest_on, due_on, latest_on, lapses_on)


def test_the_words_that_lists_and_exports_say_never_change() -> None:
    assert list(WindowStatus) == ["upcoming", "due", "overdue", "lapsed"]


@pytest.mark.parametrize(
    ("on", "status"),
    [
        (date(2026, 3, 14), WindowStatus.UPCOMING),
        (date(2026, 3, 15), WindowStatus.DUE),
        (date(2026, 4, 29), WindowStatus.DUE),
        (date(2026, 4, 30), WindowStatus.OVERDUE),
        (date(2026, 6, 14), WindowStatus.OVERDUE),
        (date(2026, 6, 15), WindowStatus.LAPSED),
    ],
)
def test_the_status_changes_on_the_day_after_each_boundary(on: date, status: WindowStatus) -> None:
    assert window_status(APRIL, on) == status


@given(windows(), st.integers(-10, 210))
def test_a_slot_takes_an_exam_exactly_while_it_is_due_or_overdue(
    window: Window, after_days: int
) -> None:
    on = window.earliest_on + timedelta(days=after_days)

    status = window_status(window, on)

    assert takes(window, on) == (status in {WindowStatus.DUE, WindowStatus.OVERDUE})


@given(windows(), st.integers(-10, 210))
def test_time_only_moves_a_slot_forward(window: Window, after_days: int) -> None:
    order = list(WindowStatus)
    on = window.earliest_on + timedelta(days=after_days)

    today = order.index(window_status(window, on))
    tomorrow = order.index(window_status(window, on + timedelta(days=1)))

    assert today <= tomorrow


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 3, 1), 0),
        (date(2026, 4, 29), 0),
        (date(2026, 4, 30), 1),
        (date(2026, 6, 15), 47),
    ],
)
def test_days_late_count_from_the_day_after_the_latest(on: date, days: int) -> None:
    assert days_late(APRIL, on) == days


@pytest.mark.parametrize(
    ("on", "close"),
    [
        (date(2026, 3, 3), False),
        (date(2026, 3, 4), True),
        (date(2026, 3, 14), True),
        (date(2026, 3, 15), False),
        (date(2026, 4, 15), False),
    ],
)
def test_an_exam_is_close_within_six_weeks_before_the_due_date_but_not_in_the_window(
    on: date, close: bool
) -> None:
    assert is_close(APRIL, on) == close


@given(windows(), st.integers(-100, 210))
def test_an_exam_that_a_slot_takes_is_never_merely_close(window: Window, after_days: int) -> None:
    on = window.earliest_on + timedelta(days=after_days)

    assert not (takes(window, on) and is_close(window, on))
