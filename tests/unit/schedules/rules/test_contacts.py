"""For how long a call may take a slot off the list."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.contacts import latest_snooze, usual_snooze


@dataclass(frozen=True)
class Window:
    earliest_on: date = date(2026, 3, 15)
    due_on: date = date(2026, 4, 15)
    latest_on: date = date(2026, 4, 29)
    lapses_on: date = date(2026, 6, 14)


SLOT = Window()


@given(st.dates(date(2026, 3, 1), date(2026, 7, 1)))
def test_a_snooze_never_hides_that_a_slot_becomes_late(on: date) -> None:
    last, usual = latest_snooze(SLOT, on), usual_snooze(SLOT, on)

    assert last == SLOT.latest_on or (on > SLOT.latest_on and last == on + timedelta(days=14))
    assert usual is None or on < usual <= min(last, on + timedelta(days=7))


def test_a_week_is_usual_and_less_where_the_slot_is_late_before() -> None:
    assert usual_snooze(SLOT, date(2026, 4, 1)) == date(2026, 4, 8)
    assert usual_snooze(SLOT, date(2026, 4, 27)) == SLOT.latest_on
    assert usual_snooze(SLOT, SLOT.latest_on) is None
    assert usual_snooze(SLOT, date(2026, 5, 1)) == date(2026, 5, 8)
