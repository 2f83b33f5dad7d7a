from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.windows import WindowStatus, days_late, takes, window_status


class Window(NamedTuple):
    earliest_on: date
    latest_on: date
    lapses_on: date


APRIL = Window(
    earliest_on=date(2026, 3, 15), latest_on=date(2026, 4, 29), lapses_on=date(2026, 6, 14)
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    earliest_on = draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    latest_on = earliest_on + timedelta(days=draw(st.integers(0, 100)))
    return Window(earliest_on, latest_on, latest_on + timedelta(days=draw(st.integers(1, 100))))


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
