"""Gaps in what is told: an alert that nobody answered, a message that nobody got."""

from collections.abc import Callable
from datetime import date

import pytest
from django.core import mail
from pytest_django import Settings

from patients.models import Clinic
from patients.safety import Gap
from reminders.actions import sweep
from reminders.delivery import GIVE_UP_AFTER
from reminders.models import Kind, Message, MessageState, Notice
from schedules.actions import end, suspend
from schedules.models import EndReason, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, StudyFactory, morning
from tests.integration.safety_net.net import decide, gaps, page_of, the_one, told

pytestmark = pytest.mark.django_db


# Alert that nobody has answered.


@pytest.fixture
def alerted(slot: Slot, mailoutbox: list[mail.EmailMessage]) -> Slot:
    """Alerted of on 30 April 2026, its first day overdue."""
    sweep(at=morning(4, 30))
    assert Notice.objects.get(rule__kind=Kind.OVERDUE).slot == slot
    return slot


def test_an_alert_is_listed_once_it_is_a_week_old(clinic: Clinic, alerted: Slot) -> None:
    assert gaps(clinic, date(2026, 5, 7)) == []

    row = the_one(Gap.NOT_ACKNOWLEDGED, clinic, date(2026, 5, 8))

    assert (row.patient, row.detail) == (
        alerted.patient,
        "Exam overdue: CT chest+abdomen no. 1, due 15 April 2026",
    )
    assert told(row) == (date(2026, 4, 30), [Role.CLINICIAN], "/worklists/overdue/")


def answers() -> dict[str, Callable[[Slot, User], object]]:
    return {
        "decided": lambda slot, by: decide(slot, by, at=morning(5, 8)),
        "booked": lambda slot, by: BookingFactory.create(
            slot=slot, starts_at=morning(5, 20), at=morning(5, 8)
        ),
        "performed": lambda slot, by: StudyFactory.create(
            patient=slot.patient, performed_on=date(2026, 5, 8)
        ),
        "suspended": lambda slot, by: suspend(
            schedule=slot.schedule,
            reason="Rest",
            review_on=date(2026, 9, 1),
            by=by,
            at=morning(5, 8),
        ),
        "ended": lambda slot, by: end(
            schedule=slot.schedule, end_reason=EndReason.DECLINED, by=by, at=morning(5, 8)
        ),
    }


@pytest.mark.parametrize("answer", answers())
def test_whatever_answers_an_alert_closes_that_gap(
    clinic: Clinic, alerted: Slot, by: User, answer: str
) -> None:
    answers()[answer](alerted, by)

    assert gaps(clinic, date(2026, 5, 8)) == []


# Message that could not be delivered.


@pytest.fixture
def undelivered(slot: Slot, settings: Settings) -> Slot:
    """Nobody could be reached by mail: the digest of 16 March was given up on 20 March 2026."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    sweep(at=morning(3, 15))
    sweep(at=morning(3, 16))
    Message.objects.update(attempts=GIVE_UP_AFTER - 1, next_try_at=morning(3, 20))
    sweep(at=morning(3, 20))
    assert Message.objects.get().state == MessageState.FAILED
    return slot


def test_a_message_that_was_given_up_is_listed_with_the_reason(
    clinic: Clinic, undelivered: Slot
) -> None:
    row = the_one(Gap.NOT_DELIVERED, clinic, date(2026, 3, 21))

    assert row.patient == undelivered.patient
    assert row.detail == (
        "Exam to be booked: CT chest+abdomen no. 1, due 15 April 2026: "
        "The mail server cannot be used: Connection refused"
    )
    assert told(row) == (
        date(2026, 3, 20),
        [Role.NURSE, Role.CLINICIAN],
        page_of(undelivered.patient),
    )


@pytest.mark.parametrize("answer", ["booked", "performed", "suspended", "ended"])
def test_what_the_message_asked_for_closes_that_gap(
    clinic: Clinic, undelivered: Slot, by: User, answer: str
) -> None:
    answers()[answer](undelivered, by)

    assert Gap.NOT_DELIVERED not in gaps(clinic, date(2026, 5, 8))
