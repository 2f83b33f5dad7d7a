from collections import Counter
from datetime import timedelta
from time import monotonic

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.models import Clinic
from reminders import delivery
from reminders.actions import sweep
from reminders.channels import channel
from reminders.delivery import CLAIM_LASTS, DEAD_AFTER, GIVE_UP_AFTER
from reminders.gathering import gather
from reminders.models import ChannelName, Line, Message, MessageState
from reminders.raising import Raised
from schedules.actions import move_booking
from schedules.models import BookingState, Slot
from tests.factories import BookingFactory, ScheduleFactory, UserFactory
from tests.integration.reminders.days import moment
from tests.integration.reminders.mail_server import MailServer

pytestmark = pytest.mark.django_db

NOW = moment(3, 9, hour=8)
A_MINUTE = timedelta(minutes=1)
BUSY = "450 mailbox busy"


def open_slot(booking_email: str = "nurses@example.org") -> Slot:
    """Return a slot whose window opens this week, so that one message is due at `NOW`."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic__booking_email=booking_email)
    sweep(at=moment(3, 9))
    return schedule.slots.get(n=1)


def recipients(server: MailServer) -> set[str]:
    return {letter["To"] for letter in server.letters}


def test_a_message_goes_out_by_smtp(mail_server: MailServer) -> None:
    open_slot("nurses@example.org")

    ran = sweep(at=NOW)

    [letter] = mail_server.letters
    message = Message.objects.get()
    assert (ran.sent, ran.retrying) == (1, 0)
    assert letter["To"] == "nurses@example.org"
    assert letter["Subject"] == message.subject
    assert str(message.public_id) in letter["Message-ID"]
    assert (message.state, message.attempts, message.sent_at) == (MessageState.SENT, 1, NOW)


def test_of_all_that_a_message_is_written_from_nothing_is_asked_for_it_alone(
    mailoutbox: list[EmailMessage],
) -> None:
    def deliver_to(clinics: int) -> int:
        for number in range(clinics):
            open_slot(f"nurses{number}@example.org")
        everywhere = list(Clinic.objects.all())
        gather(everywhere, NOW)
        outbox = delivery._Outbox(everywhere, NOW)
        claimed = outbox.claim(ChannelName.EMAIL)
        ended: Counter[MessageState] = Counter()
        with channel("email") as line, CaptureQueriesContext(connection) as asked:
            delivery._send_all(line, outbox, claimed, ended, monotonic() + 60)
        assert ended[MessageState.SENT] == clinics
        return len(asked)

    deliver_to(1)  # a session that has prepared nothing yet asks less
    assert deliver_to(3) - deliver_to(1) == 2  # what came of each


def test_a_message_that_is_refused_for_now_is_tried_again(mail_server: MailServer) -> None:
    open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}

    ran = sweep(at=NOW)
    mail_server.refuses.clear()
    too_early = sweep(at=NOW + timedelta(seconds=59))
    ran_again = sweep(at=NOW + timedelta(minutes=1, seconds=12))

    assert [(one.sent, one.retrying) for one in (ran, too_early, ran_again)] == [
        (0, 1),
        (0, 0),
        (1, 0),
    ]
    assert len(mail_server.letters) == 1


def test_why_a_message_was_refused_can_be_read(mail_server: MailServer) -> None:
    open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}

    sweep(at=NOW)

    assert "mailbox busy" in Message.objects.get().last_error


def test_a_message_that_is_refused_for_now_holds_up_no_other(mail_server: MailServer) -> None:
    for address in ("first@example.org", "second@example.org", "third@example.org"):
        open_slot(address)
    mail_server.refuses = {"first@example.org": BUSY}

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying) == (2, 1)
    assert recipients(mail_server) == {"second@example.org", "third@example.org"}


def test_a_recipient_that_is_refused_for_good_has_failed_at_once(mail_server: MailServer) -> None:
    open_slot("nobody@example.org")
    open_slot("second@example.org")
    mail_server.refuses = {"nobody@example.org": "550 no such user"}

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying, ran.failed) == (1, 0, 1)
    failed = Message.objects.get(state=MessageState.FAILED)
    assert "no such user" in failed.last_error
    assert sweep(at=NOW + timedelta(days=3)).failed == 0


@pytest.mark.parametrize(
    "address", ["", "nurses@example.org\nbcc: all@example.org"], ids=["empty", "two lines"]
)
def test_an_address_that_is_none_has_failed_and_holds_up_no_other(
    mail_server: MailServer, address: str
) -> None:
    open_slot(address)
    open_slot("second@example.org")

    ran = sweep(at=NOW)

    assert (ran.sent, ran.failed) == (1, 1)
    assert recipients(mail_server) == {"second@example.org"}


def test_the_waits_between_attempts_double(mail_server: MailServer) -> None:
    open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}

    waits = []
    for _ in range(6):
        message = Message.objects.filter(state=MessageState.QUEUED).first()
        at = message.next_try_at if message else NOW
        sweep(at=at)
        waits.append(Message.objects.get().next_try_at - at)

    for nth, wait in enumerate(waits):
        assert A_MINUTE * 2**nth <= wait <= A_MINUTE * 2**nth * 1.2


def test_after_the_last_attempt_a_message_is_given_up_in_sight(mail_server: MailServer) -> None:
    open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}

    for _ in range(GIVE_UP_AFTER):
        Message.objects.update(next_try_at=NOW)
        sweep(at=NOW)

    message = Message.objects.get()
    assert (message.state, message.attempts) == (MessageState.FAILED, GIVE_UP_AFTER)
    assert sweep(at=NOW + timedelta(days=7)).failed == 0


def test_a_message_outlasts_a_mail_server_that_is_down_for_a_weekend(
    mail_server: MailServer,
) -> None:
    open_slot("nurses@example.org")
    mail_server.stop()

    at = friday = moment(3, 13, hour=17)
    while at < friday + timedelta(hours=63):
        sweep(at=at)
        at = max(Message.objects.get().next_try_at, at + timedelta(hours=1))
    mail_server.start()

    assert sweep(at=moment(3, 17, hour=12)).sent == 1


def test_a_retry_that_would_fall_in_the_night_waits_for_the_morning(
    mail_server: MailServer,
) -> None:
    open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}
    evening = moment(3, 9, hour=18, minute=59)
    sweep(at=evening)
    mail_server.refuses.clear()

    at_night = sweep(at=moment(3, 9, hour=23))
    in_the_morning = sweep(at=moment(3, 10, hour=8))

    assert (at_night.sent, in_the_morning.sent) == (0, 1)


def test_without_a_mail_server_every_message_waits_and_few_attempts_are_spent(
    mail_server: MailServer,
) -> None:
    for number in range(8):
        open_slot(f"nurses{number}@example.org")
    mail_server.stop()

    ran = sweep(at=NOW)

    assert (ran.sent, ran.failed) == (0, 0)
    assert Message.objects.filter(state=MessageState.QUEUED).count() == 8
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1, 1, 1, 1, 1]


def test_a_server_that_hangs_up_before_it_answers_gets_the_letter_again_under_the_same_id(
    mail_server: MailServer,
) -> None:
    open_slot()
    mail_server.hangs_up_after_taking = 1

    sweeps = [sweep(at=NOW), sweep(at=NOW + 2 * A_MINUTE)]

    first, second = mail_server.letters
    assert [(ran.sent, ran.retrying) for ran in sweeps] == [(0, 1), (1, 0)]
    assert first["Message-ID"] == second["Message-ID"]


def test_after_the_server_hung_up_the_next_message_goes_over_a_new_line(
    mail_server: MailServer,
) -> None:
    open_slot("first@example.org")
    open_slot("second@example.org")
    mail_server.hangs_up_after_taking = 1

    ran = sweep(at=NOW)

    assert (ran.sent, ran.retrying) == (1, 1)
    assert recipients(mail_server) == {"first@example.org", "second@example.org"}


def claimed_by(session: str) -> None:
    """Make it so that a sweep died between the mail and the row that says so."""
    Message.objects.update(state=MessageState.SENDING, sent_at=None, claimed_by=session)


def test_what_a_dead_process_had_claimed_is_sent_again_soon_under_the_same_id(
    mail_server: MailServer,
) -> None:
    open_slot()
    sweep(at=NOW)
    claimed_by("1@1999-12-31 23:59:59+00")

    at_once = sweep(at=NOW + DEAD_AFTER - timedelta(seconds=1))
    afterwards = sweep(at=NOW + DEAD_AFTER)

    assert (at_once.sent, afterwards.sent) == (0, 1)
    [(_, times)] = mail_server.times_taken.items()
    assert times == 2


def test_what_a_living_process_has_claimed_is_left_to_it_for_long(mail_server: MailServer) -> None:
    open_slot()
    sweep(at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid || '@' || backend_start::text FROM pg_stat_activity "
            "WHERE pid = pg_backend_pid()"
        )
        [this_session] = cursor.fetchone()
    claimed_by(this_session)

    while_it_lives = sweep(at=NOW + CLAIM_LASTS - timedelta(seconds=1))
    at_last = sweep(at=NOW + CLAIM_LASTS)

    assert (while_it_lives.sent, at_last.sent) == (0, 1)


def test_a_message_whose_slot_was_booked_meanwhile_is_withdrawn(mail_server: MailServer) -> None:
    slot = open_slot("nurses@example.org")
    mail_server.refuses = {"nurses@example.org": BUSY}
    sweep(at=NOW)
    mail_server.refuses.clear()
    BookingFactory.create(slot=slot)

    ran = sweep(at=NOW + 2 * A_MINUTE)

    assert (ran.sent, ran.withdrawn, ran.ended) == (0, 1, 1)
    assert Message.objects.get().state == MessageState.WITHDRAWN
    assert mail_server.letters == []


def test_of_a_digest_only_what_is_still_true_is_sent(mail_server: MailServer) -> None:
    slot = open_slot("nurses@example.org")
    other = ScheduleFactory.create(anchor__tumour__patient__clinic=slot.patient.clinic)
    sweep(at=moment(3, 9, hour=1))
    BookingFactory.create(slot=slot, at=moment(3, 9, hour=2))

    sweep(at=NOW)

    [letter] = mail_server.letters
    text = letter.get_content()
    assert str(other.tumour.patient.public_id) in text
    assert str(slot.patient.public_id) not in text
    assert Line.objects.filter(withdrawn_at__isnull=False).count() == 1


def test_more_messages_than_a_batch_all_go_out_in_one_sweep(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminders.delivery.BATCH", 2)
    for number in range(5):
        open_slot(f"nurses{number}@example.org")

    ran = sweep(at=NOW)

    assert ran.sent == len(mail_server.letters) == 5


def test_a_sweep_that_has_no_time_left_leaves_the_rest_to_the_next(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        open_slot(f"nurses{number}@example.org")
    monkeypatch.setattr("reminders.delivery.TIME_TO_DELIVER", 0)

    assert sweep(at=NOW).sent == 0
    monkeypatch.undo()
    assert sweep(at=NOW).sent == 3


def test_the_demo_and_other_backends_take_the_same_messages(
    mailoutbox: list[EmailMessage],
) -> None:
    open_slot("nurses@example.org")

    sweep(at=NOW)

    [mail] = mailoutbox
    assert mail.to == ["nurses@example.org"]


def test_what_was_withdrawn_as_it_was_to_be_sent_is_said_once_it_is_true_again(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Booked and cancelled between two looks, and in between its message was to go."""
    slot = open_slot("nurses@example.org")
    booking = BookingFactory.create(slot=slot, at=moment(3, 9, hour=7))
    with monkeypatch.context() as patch:
        patch.setattr("reminders.actions.raise_notices", lambda clinics, at: Raised())
        assert sweep(at=NOW).withdrawn == 1
    move_booking(booking=booking, to=BookingState.CANCELLED, by=UserFactory.create(), at=NOW)

    sweep(at=NOW + A_MINUTE)
    sweep(at=moment(3, 10, hour=8))

    assert len(mail_server.letters) == 1
