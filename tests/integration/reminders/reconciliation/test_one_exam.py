"""An exam of which all was said: faults are found, and what somebody has in hand is none."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from reminders.actions import acknowledge, decide_hold, sweep
from reminders.alarms import raise_alarm
from reminders.models import (
    Alarm,
    AlarmKind,
    Hold,
    Kind,
    Line,
    Message,
    MessageState,
    Notice,
    Reconciliation,
    Rule,
    Watch,
)
from reminders.models.watch import AT_ONCE
from reminders.reconciliation import reconcile
from schedules.actions import move_booking, review
from schedules.models import BookingState, Decision, Slot
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, MembershipFactory, UserFactory
from tests.integration.reminders.days import live, moment
from tests.integration.reminders.reconciliation.comparing import NOON, differences, follow, unseen

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def said(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """An overdue exam of which all that should have been said by 1 May was said.

    It is made once, since its days of sweeps take time; what a test changes is undone after it.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        slot = follow()
        live(date(2026, 4, 29), date(2026, 5, 1))
        yield slot.pk
        transaction.set_rollback(True)


@pytest.fixture
def overdue(said: int) -> Slot:
    return Slot.objects.get(pk=said)


def test_where_all_was_said_nothing_differs_and_a_row_says_how_much_was_looked_at(
    overdue: Slot,
) -> None:
    compared = reconcile(at=NOON)

    # To book since the window opened, to book since the due date, and overdue.
    assert (compared.slots, compared.expected, compared.differences) == (20, 3, 0)
    assert str(compared) == "looked at 20 slots: 3 things should have been said, 0 were not"
    assert not Alarm.objects.exists()


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (
            "UPDATE reminders_notice SET ended_at = now(), end_reason = 'by mistake'",
            {"Not said: Exam overdue": 1, "Not said: Exam to be booked": 2},
        ),
        (
            "DELETE FROM reminders_line; DELETE FROM reminders_notice",
            {"Not said: Exam overdue": 1, "Not said: Exam to be booked": 2},
        ),
        (
            "UPDATE schedules_slot SET outcome = 'satisfied' WHERE n = 1",
            {"Still said of what is over, notices": 3},
        ),
        (
            "UPDATE schedules_schedule SET state = 'suspended'",
            {"Still said of what is over, notices": 3},
        ),
        (
            "UPDATE reminders_rule SET active = false WHERE kind = 'to_book'",
            {"Still said of what is over, notices": 2},
        ),
        (
            "UPDATE reminders_line SET message_id = NULL",
            {"Never gathered into a message, of notices": 3},
        ),
        (
            "UPDATE reminders_line SET withdrawn_at = '2026-05-01 08:00+09'",
            {"Withdrawn though it is still true, of notices": 3},
        ),
        (
            "UPDATE reminders_message SET state = 'queued'",
            {"Not delivered for more than an hour, messages": 2},
        ),
        (
            "UPDATE reminders_message SET state = 'sending'",
            {"Not delivered for more than an hour, messages": 2},
        ),
    ],
)
def test_a_fault_that_no_trigger_saw_is_found(
    overdue: Slot, fault: str, found: dict[str, int]
) -> None:
    unseen(fault)

    assert differences() == found


def test_the_lead_who_was_not_told_in_time_is_missed(overdue: Slot) -> None:
    for day in (2, 14):
        live(date(2026, 5, day), date(2026, 5, day))
    assert differences(moment(5, 14, hour=2)) == {}
    unseen(
        "UPDATE reminders_notice SET ended_at = now(), end_reason = 'by mistake' WHERE rule_id IN "
        "(SELECT id FROM reminders_rule WHERE audience = 'lead')"
    )

    assert differences(moment(5, 14, hour=2)) == {"Not said: Exam overdue": 1}


@pytest.mark.parametrize(
    "answer",
    [
        lambda slot: review(
            slot=slot, decision=Decision.CHASE, by=UserFactory.create(), at=moment(4, 30, hour=15)
        ),
        lambda slot: review(
            slot=slot,
            decision=Decision.DEFER,
            until=date(2026, 6, 1),
            by=UserFactory.create(),
            at=moment(4, 30, hour=15),
        ),
        lambda slot: acknowledge(
            notice=Notice.objects.get(rule__kind=Kind.OVERDUE),
            by=UserFactory.create(),
            at=moment(4, 30, hour=15),
        ),
        lambda slot: BookingFactory.create(
            slot=slot, starts_at=moment(5, 20, hour=9), at=moment(4, 30, hour=15)
        ),
        lambda slot: Rule.objects.update(active=False),
    ],
    ids=["chased", "deferred", "acknowledged", "booked", "no rule"],
)
def test_what_somebody_has_in_hand_need_not_be_said(
    overdue: Slot, answer: Callable[[Slot], object]
) -> None:
    sweep(at=moment(4, 30, hour=14))
    answer(overdue)
    live(date(2026, 5, 1), date(2026, 5, 2))

    assert differences(moment(5, 2, hour=13)) == {}


def test_an_answer_that_has_run_out_is_asked_for_again(overdue: Slot) -> None:
    acknowledge(
        notice=Notice.objects.get(rule__kind=Kind.OVERDUE), by=UserFactory.create(), at=NOON
    )
    last_day = moment(5, 14, hour=23)
    for day in (2, 14):
        live(date(2026, 5, day), date(2026, 5, day))
    assert differences(last_day) == {}

    # No sweep after that.
    assert differences(last_day + timedelta(hours=1, minutes=30)) == {}
    assert differences(last_day + timedelta(hours=3))["Not said: Exam overdue"] == 1


def test_a_change_waits_for_the_next_sweep(overdue: Slot) -> None:
    booking = BookingFactory.create(
        slot=overdue, starts_at=moment(5, 4, hour=9), at=moment(5, 1, hour=14)
    )
    assert differences(moment(5, 1, hour=23)) == {}
    sweep(at=moment(5, 1, hour=23))
    move_booking(
        booking=booking,
        to=BookingState.CANCELLED,
        by=UserFactory.create(),
        at=moment(5, 1, hour=23),
    )

    assert Watch.objects.get().look_at == AT_ONCE
    assert differences(moment(5, 1, hour=23)) == {}


def test_what_an_administrator_holds_or_discards_is_no_difference(overdue: Slot) -> None:
    clinic = overdue.patient.clinic
    hold = Hold.objects.create(clinic=clinic, at=NOON, lines=3, usual=1)
    Message.objects.update(state=MessageState.HELD, hold=hold)
    assert differences() == {}

    decide_hold(hold=hold, release=False, by=UserFactory.create(), at=moment(5, 1, hour=9))

    assert not Line.objects.filter(withdrawn_at=None).exists()
    assert differences() == {}


def test_a_message_that_could_not_leave_before_closing_is_given_an_hour_of_the_morning(
    overdue: Slot,
) -> None:
    Message.objects.update(state=MessageState.QUEUED, next_try_at=moment(5, 1, hour=18, minute=50))

    assert differences(moment(5, 1, hour=23)) == {}
    assert differences(moment(5, 2, hour=8, minute=59)) == {}
    assert differences(moment(5, 2, hour=9)) == {"Not delivered for more than an hour, messages": 2}

    Message.objects.update(any_hour=True)

    assert differences(moment(5, 1, hour=23)) == {
        "Not delivered for more than an hour, messages": 2
    }


def test_a_difference_raises_one_alarm_that_administrators_get_and_that_ends_by_itself(
    overdue: Slot, mailoutbox: list[EmailMessage]
) -> None:
    MembershipFactory.create(
        clinic=overdue.patient.clinic, role=Role.ADMINISTRATOR, user__email="ada@example.org"
    )
    mailoutbox.clear()
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    compared = [reconcile(at=NOON + timedelta(minutes=15 * n)) for n in range(3)]

    assert [one.differences for one in compared] == [3, 3, 3]
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.clinic, alarm.ended_at) == (AlarmKind.DIFFERENCE, None, None)
    assert alarm.detail.splitlines() == [
        "Compared on 1 May 2026 at 04:31 UTC.",
        f"Not said: Exam overdue: 1 ({overdue.public_id})",
        f"Not said: Exam to be booked: 2 ({overdue.public_id}, {overdue.public_id})",
    ]
    [mail] = mailoutbox
    assert mail.to == ["ada@example.org"]
    assert str(overdue.patient) not in f"{mail.message()}"

    Watch.objects.update(look_at=AT_ONCE)
    sweep(at=NOON + timedelta(hours=1))

    assert reconcile(at=NOON + timedelta(hours=1)).differences == 0
    alarm.refresh_from_db()
    assert alarm.ended_at == NOON + timedelta(hours=1)


def test_other_alarms_stay_as_they_are(overdue: Slot) -> None:
    raise_alarm(AlarmKind.SILENCE, "Nothing ran.", at=NOON)

    reconcile(at=NOON)

    assert Alarm.objects.get().ended_at is None


def test_the_command_prints_what_differs_and_leaves_with_an_exit_code(overdue: Slot) -> None:
    said = StringIO()
    call_command("reconcile", "--on", NOON.isoformat(), stdout=said)
    assert said.getvalue() == f"{Reconciliation.objects.get()}\n"

    unseen("UPDATE reminders_line SET message_id = NULL")
    with pytest.raises(SystemExit) as left:
        call_command("reconcile", "--on", NOON.isoformat(), stdout=said)

    assert left.value.code == 1
    assert "Never gathered into a message, of notices: 3 (" in said.getvalue()
