"""The times that are proposed for a slot."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.rules.proposals import (
    ONE_DAY,
    Busy,
    FreeTime,
    Hours,
    ScannerTimes,
    days_by_fitness,
    free_times,
    propose,
)
from tests.unit.schedules.rules.strategies import core

TOKYO = ZoneInfo("Asia/Tokyo")
HOURS = Hours(TOKYO, time(9), time(12))
TODAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Window:
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date


SLOT = Window(date(2026, 3, 15), date(2026, 4, 15), date(2026, 4, 29), date(2026, 6, 14))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a moment by the clock of Tokyo."""
    return datetime.combine(day, time(hour, minute), TOKYO)


def busy(day: date, hour: int, minutes: int, minute: int = 0) -> Busy:
    starts_at = at(day, hour, minute)
    return Busy(starts_at, starts_at + timedelta(minutes=minutes))


def days(times: list[FreeTime]) -> list[date]:
    return [one.starts_at.astimezone(TOKYO).date() for one in times]


# --- what must hold always

DAY = st.dates(date(2026, 3, 1), date(2026, 4, 30))
ZONES = ("Asia/Tokyo", "Europe/London", "America/New_York", "Pacific/Apia")


@st.composite
def windows(draw: st.DrawFn) -> Window:
    steps = draw(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20)))
    dates = [draw(DAY)]
    for step in steps:
        dates.append(dates[-1] + timedelta(days=step))
    return Window(*dates)


@st.composite
def some_busy(draw: st.DrawFn) -> list[Busy]:
    return [
        Busy(starts_at, starts_at + timedelta(minutes=minutes))
        for starts_at, minutes in draw(
            st.lists(
                st.tuples(
                    st.datetimes(datetime(2026, 2, 28), datetime(2026, 6, 30)),  # noqa: DTZ001
                    st.integers(1, 3000),
                ).map(lambda told: (told[0].replace(tzinfo=UTC), told[1])),
                max_size=20,
            )
        )
    ]


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    opens, closes = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2)))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return Hours(zone, time(*divmod(opens, 60)), time(*divmod(closes, 60)))


SCANNERS = st.lists(st.tuples(st.integers(5, 240), some_busy()), max_size=3).map(
    lambda told: [ScannerTimes(key, *each) for key, each in enumerate(told)]
)


@settings(core, max_examples=min(core.max_examples, 2_000))  # each looks at every day of a window
@given(windows(), DAY, hours(), SCANNERS, st.sets(DAY, max_size=30), some_busy())
def test_every_proposal_can_be_booked_and_no_nearer_day_could(
    slot: Window,
    today: date,
    hours: Hours,
    scanners: list[ScannerTimes],
    days_off: set[date],
    patient_busy: list[Busy],
) -> None:
    proposed = propose(slot, today, hours, scanners, days_off=days_off, patient_busy=patient_busy)

    assert len(proposed) <= 3
    on = [one.starts_at.astimezone(hours.zone).date() for one in proposed]
    for day, one in zip(on, proposed, strict=True):
        scanner = scanners[one.scanner]
        ends_at = one.starts_at + timedelta(minutes=scanner.minutes)
        assert slot.earliest_on <= day <= slot.lapses_on
        assert day > today
        assert day not in days_off
        for taken in (*scanner.busy, *patient_busy):
            assert taken.ends_at <= one.starts_at or ends_at <= taken.starts_at
        opens, closes = (
            datetime.combine(day, clock, hours.zone).astimezone(UTC)
            for clock in (hours.opens_at, hours.closes_at)
        )
        assert opens <= one.starts_at
        assert ends_at <= closes

    by_fitness = [(abs(day - slot.due_on), day) for day in on]
    assert by_fitness == sorted(set(by_fitness))
    passed_over = [
        day
        for day in days_by_fitness(slot, today + ONE_DAY)
        if day not in days_off
        and day not in on
        and (len(on) < 3 or (abs(day - slot.due_on), day) < by_fitness[-1])
    ]
    assert not any(free_times(day, hours, scanners, patient_busy) for day in passed_over)


@core
@given(windows(), DAY)
def test_the_days_are_those_of_the_window_from_the_first_on(slot: Window, first: date) -> None:
    days = days_by_fitness(slot, first)

    start = max(first, slot.earliest_on)
    assert sorted(days) == [
        start + timedelta(n) for n in range(max(0, (slot.lapses_on - start).days + 1))
    ]


# --- by example


def test_the_due_date_comes_first_then_the_days_around_it_the_earlier_first() -> None:
    proposed = propose(SLOT, TODAY, HOURS, [ScannerTimes(1, 30, ())])

    assert days(proposed) == [date(2026, 4, 15), date(2026, 4, 14), date(2026, 4, 16)]
    assert {one.starts_at.astimezone(TOKYO).time() for one in proposed} == {time(9)}


def test_who_is_late_is_proposed_the_next_days() -> None:
    proposed = propose(SLOT, date(2026, 5, 20), HOURS, [ScannerTimes(1, 30, ())])

    assert days(proposed) == [date(2026, 5, 21), date(2026, 5, 22), date(2026, 5, 23)]


def test_days_off_are_passed_over() -> None:
    easter = {date(2026, 4, 14), date(2026, 4, 15)}

    proposed = propose(SLOT, TODAY, HOURS, [ScannerTimes(1, 30, ())], days_off=easter)

    assert days(proposed) == [date(2026, 4, 16), date(2026, 4, 13), date(2026, 4, 17)]


def test_a_full_day_is_passed_over_and_the_gap_of_another_found() -> None:
    full = busy(date(2026, 4, 15), 9, minutes=180)
    until_ten = busy(date(2026, 4, 14), 9, minutes=45)

    proposed = propose(SLOT, TODAY, HOURS, [ScannerTimes(1, 30, (full, until_ten))], how_many=1)

    assert [one.starts_at for one in proposed] == [at(date(2026, 4, 14), 10)]


def test_a_time_at_which_the_patient_is_elsewhere_is_not_proposed() -> None:
    elsewhere = busy(date(2026, 4, 15), 9, minutes=60)

    [proposed] = propose(
        SLOT, TODAY, HOURS, [ScannerTimes(1, 30, ())], patient_busy=[elsewhere], how_many=1
    )

    assert proposed.starts_at == at(date(2026, 4, 15), 10)


def test_of_two_scanners_the_one_with_less_to_do_that_day_is_proposed() -> None:
    day = date(2026, 4, 15)
    some, none = ScannerTimes(1, 30, [busy(day, 11, minutes=30)]), ScannerTimes(2, 30, ())

    [proposed] = propose(SLOT, TODAY, HOURS, [some, none], how_many=1)

    assert proposed == FreeTime(2, at(day, 9))


def test_without_a_scanner_or_once_the_window_is_over_nothing_is_proposed() -> None:
    assert propose(SLOT, TODAY, HOURS, []) == []
    assert propose(SLOT, SLOT.lapses_on, HOURS, [ScannerTimes(1, 30, ())]) == []
