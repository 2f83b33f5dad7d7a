"""Which slots count as kept, of which: the days at the edges, and what holds for any history."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.adherence import (
    Adherence,
    Came,
    Standing,
    adherence,
    counts,
    done_on,
    is_kept,
    median_lateness,
    standing,
)
from schedules.rules.outcome import Outcome

DUE = date(2026, 4, 15)
LONG_AFTER = date(2027, 1, 1)


def came(days: int | None = None, outcome: Outcome = Outcome.OPEN) -> Came:
    """A slot of the usual windows, done so many days after its due date."""
    done = None if days is None else DUE + timedelta(days=days)
    return Came(DUE, DUE + timedelta(days=14), DUE + timedelta(days=60), outcome, done)


DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))
CAME = st.builds(came, st.none() | st.integers(-120, 120), st.sampled_from(Outcome))


@pytest.mark.parametrize(
    ("days", "kept"), [(-31, False), (-30, True), (0, True), (60, True), (61, False), (None, False)]
)
def test_kept_is_from_30_days_before_to_60_days_after_both_included(
    days: int | None, kept: bool
) -> None:
    assert is_kept(came(days)) == kept


@pytest.mark.parametrize(("days", "counted"), [(-1, False), (0, False), (60, False), (61, True)])
def test_a_slot_counts_once_its_60_days_have_run_out_done_or_not(days: int, counted: bool) -> None:
    on = DUE + timedelta(days=days)

    assert counts(came(), on) == counted
    assert counts(came(0), on) == counted


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.SUPERSEDED, Outcome.WITHDRAWN])
def test_what_nobody_was_to_come_for_does_not_count(outcome: Outcome) -> None:
    assert not counts(came(0, outcome), LONG_AFTER)
    assert adherence([came(0, outcome)], LONG_AFTER) == Adherence(0, 0)


@pytest.mark.parametrize(
    ("days_done", "on", "expected"),
    [
        (None, -1, Standing.NOT_YET_DUE),
        (-3, 0, Standing.ON_TIME),
        (14, 14, Standing.ON_TIME),
        (15, 14, Standing.OPEN),
        (15, 15, Standing.LATE),
        (None, 60, Standing.OPEN),
        (None, 61, Standing.LAPSED),
    ],
)
def test_where_a_slot_stands_by_its_days(
    days_done: int | None, on: int, expected: Standing
) -> None:
    assert standing(came(days_done), DUE + timedelta(days=on)) == expected


def test_a_slot_is_done_on_the_day_that_covers_the_last_region() -> None:
    chest, abdomen = (date(2026, 4, 10), ["chest"]), (date(2026, 4, 20), ["abdomen"])
    both = date(2026, 5, 1), ["chest", "abdomen"]

    assert done_on(["chest", "abdomen"], [both, abdomen, chest], LONG_AFTER) == date(2026, 4, 20)
    assert done_on(["chest", "abdomen"], [chest], LONG_AFTER) is None
    assert done_on(["chest", "abdomen"], [chest, abdomen], date(2026, 4, 19)) is None


def test_of_nothing_there_is_no_percentage_and_of_few_it_says_little() -> None:
    assert Adherence(0, 0).percent is None
    assert not Adherence(0, 0).is_few
    assert (Adherence(1, 8).percent, Adherence(2, 3).percent) == (13, 67)
    assert Adherence(9, 9).is_few
    assert not Adherence(9, 10).is_few


def test_the_median_is_of_days_after_the_due_date_and_of_the_late_apart() -> None:
    slots = [came(-10), came(0), came(20), came(30), came()]

    assert median_lateness(slots, LONG_AFTER) == 10
    assert median_lateness(slots, LONG_AFTER, only_late=True) == 25
    assert median_lateness([came()], LONG_AFTER) is None


@given(st.lists(CAME, max_size=20), DAYS)
def test_no_more_are_kept_than_count_and_no_more_count_than_came_due(
    slots: list[Came], on: date
) -> None:
    found = adherence(slots, on)
    asked = [s for s in slots if standing(s, on) in {"on_time", "late", "lapsed", "open"}]

    assert 0 <= found.kept <= found.of <= len(asked)
    assert found.percent is None or 0 <= found.percent <= 100


@given(st.lists(CAME, max_size=20), st.lists(CAME, max_size=20), DAYS)
def test_the_parts_add_up_to_the_whole(one: list[Came], other: list[Came], on: date) -> None:
    first, second = adherence(one, on), adherence(other, on)

    assert adherence([*one, *other], on) == Adherence(
        first.kept + second.kept, first.of + second.of
    )


@given(CAME, DAYS, DAYS)
def test_what_counts_goes_on_counting_and_is_judged_the_same(
    slot: Came, one: date, other: date
) -> None:
    earlier, later = sorted((one, other))
    if counts(slot, earlier):
        assert counts(slot, later)
        assert adherence([slot], earlier) == adherence([slot], later)
