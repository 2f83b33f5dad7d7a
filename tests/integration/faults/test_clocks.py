"""The clock is late, put back, ahead, skips an hour: each thing is said once, on its day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from reminders.actions import decide_hold, sweep
from reminders.hours import next_opening
from reminders.models import Hold, Kind, Message, MessageState, Notice, RelativeTo
from reminders.raising import hours_of
from schedules.models import Slot
from tests.factories import UserFactory
from tests.integration.faults.cohort import (
    OF_ONE_CLINIC,
    a_due_day,
    addresses,
    always_open,
    booked,
    due,
    tells,
)
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.reckoning import IN_FULL, MANY, OFTEN, Reckoning, all_are

OF_A_RUN = MANY // OFTEN
DAY = timedelta(days=1)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def slots_due(on: date, many: int = OF_A_RUN) -> list[Slot]:
    """Return exams of patients who are to be called to book on a day, of several clinics."""
    slots: list[Slot] = []
    while len(slots) < many:
        slots += due(always_open(), [on] * min(many - len(slots), OF_ONE_CLINIC))
    return slots


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the machine's clock shows, as the sweep reads it: the list's last."""
    shown = [NOON]
    monkeypatch.setattr(timezone, "now", lambda: shown[-1])
    return shown


def test_the_same_sweep_again_and_again(post_office: PostOffice, reckoning: Reckoning) -> None:
    reckoning.fault, reckoning.runs = "the same sweep again and again", OFTEN
    slots = slots_due(NOON.date(), MANY)

    for _ in range(OFTEN):
        sweep(at=NOON)

    reckoning.settle(addresses(slots))


def test_a_clock_that_is_a_day_late(post_office: PostOffice, reckoning: Reckoning) -> None:
    reckoning.fault, reckoning.runs = "clock a day late", OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        on_time = NOON + 2 * run * DAY
        slots += slots_due(on_time.date())
        told = len(post_office.arrivals)
        sweep(at=on_time - DAY)
        assert len(post_office.arrivals) == told
        sweep(at=on_time)
        assert len(post_office.arrivals) == len(slots)

    sweep(at=on_time + DAY)
    reckoning.settle(addresses(slots))


def test_three_days_without_a_sweep(post_office: PostOffice, reckoning: Reckoning) -> None:
    """What each of the days would have said is said by the first sweep after them."""
    reckoning.fault, reckoning.runs = "no sweep for three days", OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        back = NOON + 4 * run * DAY
        for days in (0, 1, 2):
            slots += slots_due(a_due_day(back.date() - days * DAY), OF_A_RUN // 3 + 1)
        told = len(post_office.arrivals)
        sweep(at=back - 3 * DAY)
        assert len(post_office.arrivals) == told
        sweep(at=back)
        sweep(at=back + timedelta(minutes=1))
        assert len(post_office.arrivals) == len(slots)

    reckoning.settle(addresses(slots))


@pytest.mark.parametrize("back", [timedelta(hours=1), DAY, 90 * DAY])
def test_a_clock_that_is_put_back_for_a_while(
    back: timedelta, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault = f"clock put back by {back}, then right again"
    reckoning.runs = OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        right = NOON + run * timedelta(minutes=5)
        slots += slots_due(NOON.date())
        sweep(at=right)
        sweep(at=right - back)
        sweep(at=right + timedelta(minutes=1))
        sweep(at=right + timedelta(minutes=2))

    reckoning.settle(addresses(slots), raised_again=True)


def test_a_clock_that_was_ahead_for_one_sweep(
    clock: list[datetime], post_office: PostOffice, reckoning: Reckoning
) -> None:
    """All of it is held, nothing is sent, and what is truly due is said once it is due."""
    reckoning.fault, reckoning.runs = "clock three months ahead for one sweep", OFTEN
    flood = OF_ONE_CLINIC + 50
    spread = 18 if IN_FULL else 3  # days
    days = [NOON.date() + timedelta(days=60 + n % spread) for n in range(flood)]
    slots = [slot for _ in range(max(1, MANY // flood)) for slot in due(always_open(), days)]

    for run in range(OFTEN):
        right = NOON + run * timedelta(minutes=5)
        for at in (right, right + 92 * DAY, right + timedelta(minutes=1)):
            clock.append(at)
            sweep()
        assert not post_office.arrivals
        assert all_are(MessageState.HELD, len(slots))
        assert not Notice.objects.filter(ended_at=None).exists()

    for hold in Hold.objects.all():
        decide_hold(hold=hold, release=True, by=UserFactory.create(), at=clock[-1])
    looked_at = []
    for n in range(59, 61 + spread):
        for minutes in (0, 1):
            clock.append(NOON + n * DAY + timedelta(minutes=2 + minutes))
            looked_at.append(sweep().looked_at)
        days_of = {slot.patient.email: slot.due_on for slot in slots}
        told = {arrival.recipient for arrival in post_office.arrivals}
        today = NOON.date() + n * DAY
        assert told == {address for address, day in days_of.items() if day <= today}

    assert max(looked_at[1::2]) == 0, "the second sweep of a day looks at everybody again"
    reckoning.settle(addresses(slots), raised_again=True)


def test_a_clock_that_was_ahead_and_a_worker_that_died_with_it(
    clock: list[datetime],
    post_office: PostOffice,
    reckoning: Reckoning,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sweep that looked ahead left no row of itself."""
    reckoning.fault = "clock ahead, and the worker killed in that sweep"
    reckoning.runs = OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        right = NOON + 4 * run * DAY
        slots += slots_due(a_due_day(right.date() + 3 * DAY), OF_A_RUN // 2)
        slots += slots_due(a_due_day(right.date()), OF_A_RUN // 2)
        clock.append(right + 30 * DAY)
        sweep_killed_in("reminders.actions.gather", monkeypatch)

        for days in (0, 2, 3):
            clock.append(right + days * DAY)
            sweep()
        assert len(post_office.arrivals) == len(slots)

    reckoning.settle(addresses(slots), raised_again=True)


def test_a_clock_that_was_ahead_of_all_windows_and_a_worker_that_died_with_it(
    clock: list[datetime],
    post_office: PostOffice,
    reckoning: Reckoning,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By that clock nothing was to be said: the sweep left nothing but its beginning."""
    reckoning.fault = "clock ahead of all windows, and the worker killed in that sweep"
    reckoning.runs = OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        right = NOON + 4 * run * DAY
        slots += slots_due(a_due_day(right.date() + 3 * DAY))
        clock.append(right + 75 * DAY)
        sweep_killed_in("reminders.actions.gather", monkeypatch)

        clock.append(right)
        sweep_killed_in("reminders.actions.decide_anew", monkeypatch)
        for days in (0, 3):
            clock.append(right + days * DAY)
            sweep()
        assert len(post_office.arrivals) == len(slots)

    reckoning.settle(addresses(slots), raised_again=True)


def test_messages_that_a_clock_ahead_was_about_to_send(
    clock: list[datetime],
    post_office: PostOffice,
    reckoning: Reckoning,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A claim, and the wait after a refusal, that end in three months."""
    reckoning.fault = "clock ahead, and the mail server busy, or the worker killed, in that sweep"
    reckoning.runs = OFTEN
    slots: list[Slot] = []
    for run in range(OFTEN):
        right = NOON + run * timedelta(minutes=30)
        told = len(post_office.arrivals)
        slots += slots_due(NOON.date() - 2 * DAY, OF_A_RUN // 2)
        clock.append(right)
        post_office.refuses_senders = "451 busy"
        sweep()
        clock.append(right + 10 * DAY)
        sweep()
        post_office.refuses_senders = ""
        slots += slots_due(NOON.date() - 2 * DAY, OF_A_RUN // 2)
        sweep_killed_in("reminders.delivery._send_all", monkeypatch)
        Message.objects.filter(state=MessageState.SENDING).update(claimed_by="1@another session")
        assert len(post_office.arrivals) == told

        for minutes in range(10):
            clock.append(right + timedelta(minutes=5 + minutes))
            sweep()
        assert len(post_office.arrivals) == len(slots)

    reckoning.settle(addresses(slots), raised_again=True)


class KilledError(BaseException):
    """The process is no more."""


def _killed(*arguments: object) -> None:
    raise KilledError


def sweep_killed_in(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep, and die as a step of it begins."""
    with monkeypatch.context() as patch:
        patch.setattr(step, _killed)
        with pytest.raises(KilledError):
            sweep()


def moments_of(days: Sequence[date], zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when sweeps run on the days, in UTC."""
    at = datetime.combine(days[0], time(), zone).astimezone(UTC)
    until = datetime.combine(days[-1] + DAY, time(), zone).astimezone(UTC)
    while at < until:
        yield at
        at += timedelta(minutes=30 if IN_FULL else 240)


@pytest.mark.parametrize(
    ("zone", "country", "day", "opens_at"),
    [
        ("Europe/London", "", date(2026, 3, 29), time(1, 30)),  # no such time on that day
        ("Europe/London", "", date(2026, 10, 25), time(1, 30)),  # comes twice
        ("America/New_York", "", date(2026, 3, 8), time(2, 30)),
        ("America/New_York", "", date(2026, 11, 1), time(1, 30)),
        ("America/New_York", "", date(2028, 2, 29), time(8)),
        ("Europe/London", "GB", date(2027, 1, 1), time(8)),  # a holiday, so on the day after
        ("America/New_York", "US", date(2027, 1, 1), time(8)),
    ],
)
def test_each_thing_once_on_its_day(
    zone: str,
    country: str,
    day: date,
    opens_at: time,
    post_office: PostOffice,
    reckoning: Reckoning,
) -> None:
    reckoning.fault = f"{day} in {zone}"
    hours = {
        "time_zone": zone,
        "country": country,
        "opens_at": opens_at,
        "closes_at": time(19),
    }
    called: list[Slot] = []
    coming: list[Slot] = []
    while len(called) + len(coming) < MANY:
        to_book, ahead = always_open(**hours), always_open(**hours)
        many = min(OF_ONE_CLINIC, MANY // 2)
        called += due(to_book, [day] * many)
        tells(ahead, Kind.APPOINTMENT, RelativeTo.APPOINTMENT, -1)
        of_clinic = due(ahead, [day] * many)
        booked(of_clinic, datetime.combine(day + DAY, time(9), ZoneInfo(zone)))
        coming += of_clinic

    moments = list(moments_of([day - DAY, day, day + DAY], ZoneInfo(zone)))
    told_at: dict[str, datetime] = {}
    for at in moments:
        sweep(at=at)
        for arrival in post_office.arrivals:
            told_at.setdefault(arrival.recipient, at)

    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    opening = next_opening(hours_of(to_book), midnight)
    first = next(at for at in moments if at >= opening)
    reckoning.settle(addresses(called + coming))
    assert set(told_at.values()) == {first}
    assert reckoning.runs == 1
    reckoning.runs = len(moments)
