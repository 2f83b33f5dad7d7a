from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.hours import Hours, next_morning, next_opening

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")

EIGHT, SEVEN_PM = time(8), time(19)
MINUTE = timedelta(minutes=1)

IN_TOKYO = Hours(TOKYO, EIGHT, SEVEN_PM, "JP")
IN_LONDON = Hours(LONDON, EIGHT, SEVEN_PM, "GB", "ENG")
IN_NEW_YORK = Hours(NEW_YORK, EIGHT, SEVEN_PM, "US", "NY")


def at(zone: ZoneInfo, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment as the clock of `zone` shows it (the first, where it is shown twice)."""
    return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


# --- what must hold always


@st.composite
def hours_of_a_clinic(draw: st.DrawFn) -> Hours:
    zone, country, region = draw(
        st.sampled_from(
            [(LONDON, "GB", "SCT"), (NEW_YORK, "US", "NY"), (TOKYO, "JP", ""), (TOKYO, "", "")]
        )
    )
    opens, closes = sorted(
        draw(st.lists(st.integers(0, 24 * 12 - 1), min_size=2, max_size=2, unique=True))
    )
    return Hours(zone, of_day(opens), of_day(closes), country, region)


def of_day(five_minutes: int) -> time:
    return time(five_minutes // 12, five_minutes % 12 * 5)


# Most moments are dull; half of them are drawn from around the jumps of the clocks.
JUMPS = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2026, 12, 31, 20, tzinfo=UTC),
    ]
)
MOMENTS = st.builds(
    lambda since, passed: since + passed,
    st.just(datetime(2020, 1, 1, tzinfo=UTC)),
    st.timedeltas(timedelta(0), timedelta(days=16 * 365)),
) | st.builds(lambda jump, minutes: jump + minutes * MINUTE, JUMPS, st.integers(-36 * 60, 36 * 60))


def walk_to_an_opening(hours: Hours, moment: datetime) -> datetime:
    """Watch the clock from the start of the day on, minute by minute, for at most ten days."""
    watched = moment.astimezone(hours.zone).replace(hour=0, minute=0, fold=0).astimezone(UTC)
    opened_on = closed_on = None
    while watched < moment + timedelta(days=10):
        shown = watched.astimezone(hours.zone)
        if shown.time() >= hours.closes_at:
            closed_on = shown.date()
        elif shown.time() >= hours.opens_at:
            opened_on = shown.date()
        is_open = shown.date() == opened_on != closed_on
        if watched >= moment and is_open:
            return watched
        watched += MINUTE
    raise AssertionError("never open")


@given(hours_of_a_clinic(), MOMENTS)
def test_without_holidays_it_is_what_a_watch_of_the_clock_gives(
    hours: Hours, moment: datetime
) -> None:
    hours = Hours(hours.zone, hours.opens_at, hours.closes_at)
    moment = moment.replace(second=0, microsecond=0)

    assert next_opening(hours, moment) == walk_to_an_opening(hours, moment)


@given(hours_of_a_clinic(), MOMENTS)
def test_an_opening_is_never_before_the_moment_and_is_open_itself(
    hours: Hours, moment: datetime
) -> None:
    opening = next_opening(hours, moment)

    assert opening >= moment
    assert next_opening(hours, opening) == opening


@given(hours_of_a_clinic(), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_who_waits_longer_is_never_served_earlier(
    hours: Hours, moment: datetime, later: timedelta
) -> None:
    assert next_opening(hours, moment) <= next_opening(hours, moment + later)
    assert next_morning(hours, moment) <= next_morning(hours, moment + later)


@given(hours_of_a_clinic(), MOMENTS)
def test_a_morning_is_an_opening_of_a_working_day(hours: Hours, moment: datetime) -> None:
    morning = next_morning(hours, moment)

    assert morning >= moment
    assert next_opening(hours, morning) == morning
    assert next_morning(hours, morning) == morning
    assert next_morning(hours, morning + MINUTE) > morning + timedelta(hours=12)
    assert morning.astimezone(hours.zone).weekday() < 5


@given(hours_of_a_clinic(), MOMENTS)
def test_the_zone_in_which_the_moment_is_written_does_not_matter(
    hours: Hours, moment: datetime
) -> None:
    there = moment.astimezone(hours.zone)

    assert next_opening(hours, there) == next_opening(hours, moment)
    assert next_morning(hours, there) == next_morning(hours, moment)


# --- a day like any other


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (at(TOKYO, 2026, 4, 16, 7, 59), at(TOKYO, 2026, 4, 16, 8)),
        (at(TOKYO, 2026, 4, 16, 8), at(TOKYO, 2026, 4, 16, 8)),
        (at(TOKYO, 2026, 4, 16, 12, 34), at(TOKYO, 2026, 4, 16, 12, 34)),
        (at(TOKYO, 2026, 4, 16, 18, 59), at(TOKYO, 2026, 4, 16, 18, 59)),
        (at(TOKYO, 2026, 4, 16, 19), at(TOKYO, 2026, 4, 17, 8)),
        (at(TOKYO, 2026, 4, 17, 23), at(TOKYO, 2026, 4, 18, 8)),  # a Saturday is open
    ],
)
def test_the_clinic_is_open_from_eight_until_just_before_seven(
    moment: datetime, opening: datetime
) -> None:
    assert next_opening(IN_TOKYO, moment) == opening


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        (at(TOKYO, 2026, 4, 16, 7), at(TOKYO, 2026, 4, 16, 8)),
        (at(TOKYO, 2026, 4, 16, 8), at(TOKYO, 2026, 4, 16, 8)),
        (at(TOKYO, 2026, 4, 16, 8, 1), at(TOKYO, 2026, 4, 17, 8)),
        (at(TOKYO, 2026, 4, 17, 12), at(TOKYO, 2026, 4, 20, 8)),  # over the weekend
    ],
)
def test_a_morning_is_the_opening_of_a_weekday(moment: datetime, morning: datetime) -> None:
    assert next_morning(IN_TOKYO, moment) == morning


def test_hours_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ValueError, match="Opens at 19:00:00, closes at 08:00:00"):
        Hours(TOKYO, SEVEN_PM, EIGHT)


# --- holidays


def test_golden_week_is_closed_to_its_substitute_holiday() -> None:
    # Saturday 2 May is open; then Sunday 3 to Wednesday 6 May are holidays.
    assert next_opening(IN_TOKYO, at(TOKYO, 2026, 5, 2, 20)) == at(TOKYO, 2026, 5, 7, 8)
    assert next_morning(IN_TOKYO, at(TOKYO, 2026, 5, 1, 9)) == at(TOKYO, 2026, 5, 7, 8)


def test_new_year_is_closed() -> None:
    assert next_opening(IN_TOKYO, at(TOKYO, 2026, 12, 31, 19)) == at(TOKYO, 2027, 1, 2, 8)
    assert next_morning(IN_TOKYO, at(TOKYO, 2026, 12, 31, 19)) == at(TOKYO, 2027, 1, 4, 8)


def test_a_holiday_that_is_observed_on_another_day_closes_that_day() -> None:
    # New Year's Day of 2028 is a Saturday: in the United States the Friday before is free.
    assert next_opening(IN_NEW_YORK, at(NEW_YORK, 2027, 12, 31, 9)) == at(NEW_YORK, 2028, 1, 2, 8)
    assert next_morning(IN_NEW_YORK, at(NEW_YORK, 2027, 12, 31, 8)) == at(NEW_YORK, 2028, 1, 3, 8)
    # In England the Monday after is.
    assert next_morning(IN_LONDON, at(LONDON, 2027, 12, 31, 9)) == at(LONDON, 2028, 1, 4, 8)


def test_the_holidays_are_those_of_the_region() -> None:
    second_of_january = at(LONDON, 2026, 1, 2, 9)
    in_edinburgh = Hours(LONDON, EIGHT, SEVEN_PM, "GB", "SCT")

    assert next_opening(IN_LONDON, second_of_january) == second_of_january
    assert next_opening(in_edinburgh, second_of_january) == at(LONDON, 2026, 1, 3, 8)


def test_without_a_country_no_day_is_a_holiday() -> None:
    new_year = at(TOKYO, 2027, 1, 1, 9)

    assert next_opening(Hours(TOKYO, EIGHT, SEVEN_PM), new_year) == new_year


def test_the_weekend_is_that_of_the_country() -> None:
    in_riyadh = Hours(ZoneInfo("Asia/Riyadh"), EIGHT, SEVEN_PM, "SA")
    thursday = at(in_riyadh.zone, 2026, 4, 16, 9)

    assert next_morning(in_riyadh, thursday) == at(in_riyadh.zone, 2026, 4, 19, 8)  # a Sunday


def test_a_leap_day_is_a_day() -> None:
    assert next_opening(IN_LONDON, at(LONDON, 2028, 2, 28, 20)) == at(LONDON, 2028, 2, 29, 8)
    assert next_opening(IN_LONDON, at(LONDON, 2027, 2, 28, 20)) == at(LONDON, 2027, 3, 1, 8)


# --- the clocks jump


@pytest.mark.parametrize(
    ("hours", "evening", "utc"),
    [
        # The same eight o'clock, an hour sooner or later in UTC.
        (IN_LONDON, at(LONDON, 2026, 3, 28, 20), datetime(2026, 3, 29, 7, tzinfo=UTC)),
        (IN_LONDON, at(LONDON, 2026, 10, 24, 20), datetime(2026, 10, 25, 8, tzinfo=UTC)),
        (IN_NEW_YORK, at(NEW_YORK, 2026, 3, 7, 20), datetime(2026, 3, 8, 12, tzinfo=UTC)),
        (IN_NEW_YORK, at(NEW_YORK, 2026, 10, 31, 20), datetime(2026, 11, 1, 13, tzinfo=UTC)),
        (IN_TOKYO, at(TOKYO, 2026, 3, 28, 20), datetime(2026, 3, 28, 23, tzinfo=UTC)),
    ],
)
def test_it_opens_by_the_clock_of_the_wall(hours: Hours, evening: datetime, utc: datetime) -> None:
    assert next_opening(hours, evening) == utc


@pytest.mark.parametrize(
    ("zone", "day", "jump"),
    [
        (LONDON, (2026, 3, 29), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (NEW_YORK, (2026, 3, 8), datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ],
)
def test_an_opening_that_the_clock_jumps_over_is_at_the_jump(
    zone: ZoneInfo, day: tuple[int, int, int], jump: datetime
) -> None:
    jumped_over = time(1, 30) if zone is LONDON else time(2, 30)

    assert next_opening(Hours(zone, jumped_over, SEVEN_PM), at(zone, *day)) == jump


def test_an_opening_that_comes_twice_is_the_first_and_stays() -> None:
    hours = Hours(LONDON, time(1, 30), SEVEN_PM)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    shown_as_ten_past_one_again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    assert next_opening(hours, at(LONDON, 2026, 10, 25)) == first
    assert next_opening(hours, shown_as_ten_past_one_again) == shown_as_ten_past_one_again


def test_a_closing_that_comes_twice_is_the_first() -> None:
    hours = Hours(NEW_YORK, time(0, 30), time(1, 30))
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    shown_as_ten_past_one_again = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    tomorrow = datetime(2026, 11, 2, 5, 30, tzinfo=UTC)

    assert next_opening(hours, first - MINUTE) == first - MINUTE
    assert next_opening(hours, first) == tomorrow
    assert next_opening(hours, shown_as_ten_past_one_again) == tomorrow


def test_a_clinic_whose_hours_are_all_jumped_over_does_not_open_that_day() -> None:
    hours = Hours(LONDON, time(1, 15), time(1, 45))

    assert next_opening(hours, at(LONDON, 2026, 3, 29)) == at(LONDON, 2026, 3, 30, 1, 15)


def test_a_day_that_a_country_left_out_has_no_opening() -> None:
    apia = Hours(ZoneInfo("Pacific/Apia"), EIGHT, SEVEN_PM)

    opening = next_opening(apia, at(apia.zone, 2011, 12, 29, 20))

    assert opening.astimezone(apia.zone).date() == date(2011, 12, 31)


def test_a_day_on_which_the_clinic_itself_has_closed_counts_as_a_holiday() -> None:
    hours = Hours(TOKYO, EIGHT, SEVEN_PM, "JP", closed={date(2026, 5, 7)})  # after three holidays

    assert next_opening(hours, at(TOKYO, 2026, 5, 2, 20)) == at(TOKYO, 2026, 5, 8, 8)
    assert next_morning(hours, at(TOKYO, 2026, 5, 7, 7)) == at(TOKYO, 2026, 5, 8, 8)
