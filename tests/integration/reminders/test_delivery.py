from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from reminders.actions import sweep
from reminders.delivery import CLAIM_LASTS, GIVE_UP_AFTER
from reminders.models import Message, MessageState
from schedules.models import Slot
from tests.factories import BookingFactory, ScheduleFactory, morning
from tests.integration.reminders.post_office import PostOffice

pytestmark = pytest.mark.django_db

NOW = morning(3, 16)


@pytest.fixture
def post_office(settings: Settings) -> Iterator[PostOffice]:
    """A mail server that all mail goes to."""
    with PostOffice() as post_office:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = post_office.port
        yield post_office


def open_slot(booking_email: str = "nurses@example.org") -> Slot:
    """Return a slot that can be booked, so that one reminder is due."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic__booking_email=booking_email)
    return schedule.slots.get(n=1)


def attempts_until_given_up() -> Iterator[datetime]:
    """Sweep whenever the only message is to be tried; yield when that was."""
    at = NOW
    while True:
        sweep(at=at)
        yield at
        message = Message.objects.get()
        if message.state != MessageState.QUEUED:
            return
        at = message.next_try_at


def test_a_message_goes_out_by_smtp(post_office: PostOffice) -> None:
    open_slot("nurses@example.org")

    ran = sweep(at=NOW)

    (letter,) = post_office.letters
    message = Message.objects.get()
    assert (ran.sent, ran.retrying) == (1, 0)
    assert (letter["To"], letter["Subject"]) == (
        "nurses@example.org",
        "A follow-up CT can be booked",
    )
    assert str(message.public_id) in letter["Message-ID"]
    assert (message.state, message.attempts, message.sent_at) == (MessageState.SENT, 1, NOW)


def test_a_message_that_is_refused_is_tried_again(post_office: PostOffice) -> None:
    open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}

    ran = sweep(at=NOW)
    post_office.refuses.clear()
    too_early = sweep(at=NOW + timedelta(seconds=59))
    ran_again = sweep(at=NOW + timedelta(minutes=1))

    assert [(one.sent, one.retrying) for one in (ran, too_early, ran_again)] == [
        (0, 1),
        (0, 0),
        (1, 0),
    ]
    assert len(post_office.letters) == 1


def test_why_a_message_was_refused_can_be_read(post_office: PostOffice) -> None:
    open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}

    sweep(at=NOW)

    assert "mailbox busy" in Message.objects.get().last_error


def test_a_message_that_is_refused_holds_up_no_other(post_office: PostOffice) -> None:
    for address in ("first@example.org", "second@example.org", "third@example.org"):
        open_slot(address)
    post_office.refuses = {"first@example.org"}

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying) == (2, 1)
    assert {letter["To"] for letter in post_office.letters} == {
        "second@example.org",
        "third@example.org",
    }


@pytest.mark.parametrize(
    "address", ["", "nurses@example.org\nbcc: all@example.org"], ids=["empty", "two lines"]
)
def test_an_address_that_is_none_is_a_failure_and_holds_up_no_other(
    post_office: PostOffice, address: str
) -> None:
    open_slot(address)
    open_slot("second@example.org")

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying) == (1, 1)
    assert [letter["To"] for letter in post_office.letters] == ["second@example.org"]


def test_the_waits_between_attempts_double(post_office: PostOffice) -> None:
    open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}

    attempts = list(attempts_until_given_up())

    waits = [later - earlier for earlier, later in pairwise(attempts)]
    assert waits[0] == timedelta(minutes=1)
    assert all(longer == 2 * shorter for shorter, longer in pairwise(waits))


def test_after_the_last_attempt_a_message_is_given_up_in_sight(post_office: PostOffice) -> None:
    open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}

    attempts = list(attempts_until_given_up())

    assert len(attempts) == GIVE_UP_AFTER
    assert Message.objects.get().state == MessageState.FAILED
    assert sweep(at=attempts[-1] + timedelta(days=7)).sent == 0


def test_a_message_outlasts_a_mail_server_that_is_down_for_a_weekend(
    post_office: PostOffice,
) -> None:
    open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}

    first, *_, last = attempts_until_given_up()

    assert last - first > timedelta(hours=64)  # from Friday 17:00 to Monday 9:00


def test_without_a_mail_server_every_message_waits(settings: Settings) -> None:
    open_slot()
    open_slot()
    with PostOffice() as closed:
        settings.EMAIL_PORT = closed.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying, ran.failed) == (0, 2, 0)


def test_a_server_that_hangs_up_before_it_answers_gets_the_letter_again_under_the_same_id(
    post_office: PostOffice,
) -> None:
    open_slot()
    post_office.hangs_up_after_taking = 1

    sweeps = [sweep(at=NOW), sweep(at=NOW + timedelta(minutes=1))]

    first, second = post_office.letters
    assert [(ran.sent, ran.retrying) for ran in sweeps] == [(0, 1), (1, 0)]
    assert first["Message-ID"] == second["Message-ID"]


def test_after_the_server_hung_up_the_next_message_goes_over_a_new_line(
    post_office: PostOffice,
) -> None:
    open_slot("first@example.org")
    open_slot("second@example.org")
    post_office.hangs_up_after_taking = 1

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying) == (1, 1)
    assert [letter["To"] for letter in post_office.letters] == [
        "first@example.org",
        "second@example.org",
    ]


def test_what_a_crashed_sweep_had_claimed_is_sent_again_under_the_same_id(
    mailoutbox: list[EmailMessage],
) -> None:
    open_slot()
    sweep(at=NOW)
    # The sweep died between the mail and the row that says so.
    Message.objects.update(state=MessageState.SENDING, sent_at=None)

    while_claimed = sweep(at=NOW + CLAIM_LASTS - timedelta(seconds=1))
    afterwards = sweep(at=NOW + CLAIM_LASTS)

    first, second = mailoutbox
    assert (while_claimed.sent, afterwards.sent) == (0, 1)
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_a_reminder_whose_slot_was_booked_meanwhile_is_withdrawn(post_office: PostOffice) -> None:
    slot = open_slot("nurses@example.org")
    post_office.refuses = {"nurses@example.org"}
    sweep(at=NOW)
    post_office.refuses.clear()
    BookingFactory.create(slot=slot)

    ran = sweep(at=NOW + timedelta(minutes=1))

    assert (ran.sent, ran.withdrawn) == (0, 1)
    assert Message.objects.get().state == MessageState.WITHDRAWN
    assert post_office.letters == []


def test_more_messages_than_a_batch_all_go_out_in_one_sweep(
    post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminders.delivery.BATCH", 2)
    for _ in range(5):
        open_slot()

    ran = sweep(at=NOW)

    assert ran.sent == len(post_office.letters) == 5
