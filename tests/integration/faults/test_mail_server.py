"""The mail server refuses, is busy, cuts the line: what could not be said now is said later."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from patients.models import Clinic
from patients.queries import clinic_days
from reminders.actions import sweep
from reminders.models import Message, MessageState
from reminders.safety import fallen_through
from schedules.models import Slot
from tests.integration.faults.cohort import addresses, due_now
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.reckoning import IN_FULL, MANY, OFTEN, Reckoning, all_are
from tests.integration.faults.simulation import sweep_until_all_is_said

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
STEP = 3 * MINUTE if IN_FULL else 20 * MINUTE


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def an_hour_of_sweeps(now: datetime) -> datetime:
    """Sweep for an hour; return its end."""
    at = now
    while at < now + HOUR:
        sweep(at=at)
        at += STEP
    return at


def test_an_hour_without_a_mail_server(
    now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = "mail server gone for an hour", HOUR // STEP
    expected = addresses(due_now(MANY))
    post_office.stop()
    try:
        at = an_hour_of_sweeps(now)
        assert not post_office.arrivals
        waiting = Message.objects.filter(state=MessageState.QUEUED)
        assert waiting.count() == MANY
        assert waiting.filter(last_error__contains="Connection refused").exists()
    finally:
        post_office.start()

    until = sweep_until_all_is_said(at, MINUTE, within=2 * HOUR)
    reckoning.remark = f"all within {(until - at) // MINUTE} min of its return"
    reckoning.settle(expected)


@pytest.mark.parametrize("reply", ["421 shutting down", "451 try again later"])
def test_an_hour_of_a_server_that_takes_no_senders(
    reply: str, now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = f"an hour of “{reply}” to every sender", HOUR // STEP
    expected = addresses(due_now(MANY))
    post_office.refuses_senders = reply
    at = an_hour_of_sweeps(now)
    assert all_are(MessageState.QUEUED, MANY)
    assert Message.objects.filter(last_error__contains=reply).exists()

    post_office.refuses_senders = ""
    until = sweep_until_all_is_said(at, MINUTE, within=2 * HOUR)
    reckoning.remark = f"all within {(until - at) // MINUTE} min of its return"
    reckoning.settle(expected)


def test_recipients_who_are_refused_for_now(
    now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    """As a server does that lets strangers wait: 4xx to each recipient, at the first attempt."""
    reckoning.fault = "451 to each recipient at the first attempt (greylisting)"
    reckoning.runs = MANY
    expected = addresses(due_now(MANY))
    post_office.refuses_once = "451 greylisted, come back later"

    until = sweep_until_all_is_said(now, MINUTE, within=5 * MINUTE)
    reckoning.remark = f"all within {(until - now) // MINUTE} min"
    reckoning.settle(expected)


def test_no_text_leaves_before_the_one_before_it_is_recorded(
    now: datetime, post_office: PostOffice
) -> None:
    """So a kill repeats one letter at most."""
    expected = addresses(due_now(20))
    recorded = []

    def ask_what_is_recorded() -> None:
        recorded.append(Message.objects.filter(state=MessageState.SENT).count())
        connection.close()  # that of the mail server's thread

    post_office.as_text_comes = ask_what_is_recorded
    sweep(at=now)

    assert recorded == list(range(len(expected)))
    assert all_are(MessageState.SENT, len(expected))


def test_some_recipients_are_refused_for_good(
    now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    slots = due_now(MANY)
    refused = slots[::20]
    reckoning.fault, reckoning.runs = "550 to one recipient in twenty", len(refused)
    post_office.refuses = dict.fromkeys(addresses(refused), "550 no such mailbox")

    sweep(at=now)
    sweep(at=now + HOUR)

    reckoning.settle(addresses(slots), failed=addresses(refused))
    failed = Message.objects.filter(state=MessageState.FAILED)
    assert {message.last_error for message in failed} == {
        "The mail server answered 550 no such mailbox"
    }
    days = clinic_days(Clinic.objects.all(), at=now + HOUR)
    told = {one.patient.email: one.detail for one in fallen_through(days) if one.patient}
    assert told.keys() == set(addresses(refused))
    assert all("550 no such mailbox" in detail for detail in told.values())


def test_one_poisoned_recipient_in_five_hundred(
    now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = "one poisoned recipient (550) in 500", OFTEN
    many = 500 if IN_FULL else 100
    slots: list[Slot] = []
    poisoned: list[Slot] = []
    for _ in range(OFTEN):
        slots += due_now(many)
        poisoned.append(slots[-many // 2])
        post_office.refuses[poisoned[-1].patient.email] = "550 no such mailbox"
        ran = sweep(at=now)
        assert (ran.sent, ran.failed, ran.retrying) == (many - 1, 1, 0)

    reckoning.settle(addresses(slots), failed=addresses(poisoned))
    days = clinic_days(Clinic.objects.all(), at=now)
    patients = {slot.patient for slot in poisoned}
    assert {one.patient for one in fallen_through(days)} == patients


def test_the_line_is_cut_after_the_text_and_before_the_reply(
    now: datetime, post_office: PostOffice, reckoning: Reckoning
) -> None:
    cuts = reckoning.runs = MANY // 20
    reckoning.fault = "line cut after the data, before its reply"
    expected = addresses(due_now(MANY))
    post_office.hangs_up_after_taking = cuts

    sweep_until_all_is_said(now, MINUTE, within=3 * HOUR)

    reckoning.settle(expected)
    unanswered = Counter(one.message_id for one in post_office.arrivals if not one.is_answered)
    assert reckoning.repeated == unanswered.total() == cuts
    assert set(post_office.times.values()) == {1, 2}
