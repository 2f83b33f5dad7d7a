"""What the mail channel makes of a real SMTP server, one that is unreliable in every way."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from pytest_django import Settings

from reminders.channels import RecipientBusy, Refused, TryLater, Uncertain, channel
from tests.integration.reminders.channels.mails import message
from tests.integration.reminders.mail_server import MailServer, send_to


@pytest.fixture(params=[True, False], ids=["at once", "in turn"])
def mail_server(mail_server: MailServer, request: pytest.FixtureRequest) -> MailServer:
    """One that reads all commands at once, and one that answers each before it reads the next."""
    mail_server.offers_pipelining = request.param
    return mail_server


@contextmanager
def server_that_answers(settings: Settings, *replies: str) -> Iterator[list[bytes]]:
    """All mail goes to a server that says nothing but these, and then keeps silent.

    What it was told is in the list once the client has hung up.
    """
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line, line.makefile("rb") as said:
                for reply in replies:
                    line.sendall(f"{reply}\r\n".encode())
                    told.append(said.readline())
                told.append(said.read())

        server = Thread(target=serve, daemon=True)
        server.start()
        send_to(settings, listening.getsockname()[1])
        settings.EMAIL_TIMEOUT = 1
        yield told
        server.join(timeout=5)


@pytest.mark.parametrize("begun", [True, False])
def test_a_batch_goes_over_one_connection(mail_server: MailServer, begun: bool) -> None:
    batch = [message(body=f"Number {number}\n") for number in range(20)]

    with channel("email") as emails:
        for outgoing in batch:
            if begun:
                emails.begin(outgoing)
            emails.send(outgoing)

    assert [letter.get_content() for letter in mail_server.letters] == [one.body for one in batch]
    assert mail_server.connections == 1


def test_what_is_begun_and_not_sent_does_not_arrive(mail_server: MailServer) -> None:
    first, second, third = (message(f"{number}@example.org") for number in range(3))

    with channel("email") as emails:
        emails.send(first)
        emails.begin(second)
        emails.send(third)
        for outgoing in (second, second, third):
            emails.begin(outgoing)
        emails.send(third)
        emails.begin(second)

    letters = [(letter["To"], letter["X-Envelope-To"]) for letter in mail_server.letters]
    assert letters == [(to, to) for to in (first.recipient, third.recipient, third.recipient)]


def test_a_mail_that_cannot_be_begun_is_refused_when_it_is_sent(mail_server: MailServer) -> None:
    nobody, second = message("nobody"), message("second@example.org")

    with channel("email") as emails:
        emails.send(message())
        emails.begin(nobody)
        with pytest.raises(Refused):
            emails.send(nobody)
        emails.begin(second)
        emails.send(second)

    assert len(mail_server.letters) == 2


def test_nothing_is_opened_for_nothing(mail_server: MailServer) -> None:
    with channel("email"):
        pass

    assert mail_server.connections == 0


@pytest.mark.parametrize("reply", ["550 no such user", "550 5.1.1 <n@example.org>: unknown"])
def test_a_recipient_refused_for_good_is_refused(mail_server: MailServer, reply: str) -> None:
    mail_server.refuses = {"gone@example.org": reply}

    with channel("email") as emails:
        with pytest.raises(Refused) as refused:
            emails.send(message("gone@example.org"))
        emails.send(message("second@example.org"))

    assert str(refused.value) == f"The mail server answered {reply}"
    assert [letter["To"] for letter in mail_server.letters] == ["second@example.org"]


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("450 mailbox busy", RecipientBusy),
        ("421 too much", TryLater),
        ("554 5.7.1 <n@example.org>: Relay access denied", TryLater),
        ("530 5.7.0 Authentication required", TryLater),
        (
            "553 5.1.8 <surveillance@example.org>: Sender address rejected: Domain not found",
            TryLater,
        ),
    ],
)
def test_a_reply_that_is_no_refusal_of_the_recipient_is_for_later(
    mail_server: MailServer, reply: str, meaning: type[TryLater]
) -> None:
    mail_server.refuses = {"busy@example.org": reply}

    with channel("email") as emails:
        with pytest.raises(TryLater) as later:
            emails.send(message("busy@example.org"))
        emails.send(message("second@example.org"))

    assert str(later.value) == f"The mail server answered {reply}"
    assert type(later.value) is meaning
    assert [letter["To"] for letter in mail_server.letters] == ["second@example.org"]


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("554 this looks like spam", Refused),
        ("552 5.3.4 too big", Refused),
        ("550 5.7.26 your domain is not signed", TryLater),
        ("451 try again", TryLater),
        ("421 closing", TryLater),
    ],
)
def test_a_text_that_is_refused(
    mail_server: MailServer, reply: str, meaning: type[Exception]
) -> None:
    mail_server.refuses_texts = reply

    with channel("email") as emails:
        with pytest.raises(meaning, match=reply):
            emails.send(message())
        mail_server.refuses_texts = ""
        emails.send(message())

    assert len(mail_server.letters) == 1


@pytest.mark.parametrize("reply", ["421 too busy", "451 greylisted", "550 5.1.0 sender unknown"])
def test_trouble_with_the_sender_loses_no_message(mail_server: MailServer, reply: str) -> None:
    mail_server.refuses_senders = reply

    with channel("email") as emails:
        for _ in range(2):
            with pytest.raises(TryLater, match=reply) as later:
                emails.send(message())
            assert type(later.value) is TryLater
        mail_server.refuses_senders = ""
        emails.send(message())

    assert len(mail_server.letters) == 1


def test_a_line_cut_before_the_answer_leaves_it_open_whether_it_arrived(
    mail_server: MailServer,
) -> None:
    mail_server.hangs_up_after_taking = 1
    first, second = message(), message()

    with channel("email") as emails:
        with pytest.raises(Uncertain, match="it may have arrived"):
            emails.send(first)
        emails.send(first)
        emails.send(second)

    assert sorted(mail_server.times_taken.values()) == [1, 2]
    assert mail_server.times_taken[f"<{first.key}@surveillance.example.org>"] == 2


@pytest.mark.parametrize("begun", [True, False])
def test_a_line_that_ended_between_two_mails_is_opened_again(
    mail_server: MailServer, begun: bool
) -> None:
    second = message()

    with channel("email") as emails:
        emails.send(message())
        mail_server.hangs_up_before_text = 1
        if begun:
            emails.begin(second)
        emails.send(second)

    assert len(mail_server.letters) == 2
    assert mail_server.connections == 2


def test_a_line_cut_before_the_text_is_for_later_and_certain(mail_server: MailServer) -> None:
    mail_server.hangs_up_before_text = 2

    with channel("email") as emails:
        with pytest.raises(TryLater) as later:
            emails.send(message())
        assert type(later.value) is TryLater
        with pytest.raises(TryLater):
            emails.send(message())
        emails.send(message())

    assert len(mail_server.letters) == 1


def test_a_server_that_is_gone_is_for_later_and_found_when_it_is_back(
    mail_server: MailServer,
) -> None:
    with channel("email") as emails:
        emails.send(message())
        mail_server.stop()
        with pytest.raises(TryLater, match="The mail server cannot be used: Connection refused"):
            emails.send(message())
        mail_server.start()
        emails.send(message())

    assert len(mail_server.letters) == 2


def test_a_server_that_does_not_exist_is_for_later(settings: Settings) -> None:
    send_to(settings, 25)
    settings.EMAIL_HOST = "no-such-host.invalid"

    with channel("email") as emails, pytest.raises(TryLater, match="cannot be used"):
        emails.send(message())


def test_a_server_that_says_nothing_is_for_later(settings: Settings) -> None:
    with server_that_answers(settings):
        with channel("email") as emails, pytest.raises(TryLater, match="timed out") as later:
            emails.send(message())
        assert type(later.value) is TryLater


def test_a_server_that_falls_silent_after_the_text_may_have_taken_it(settings: Settings) -> None:
    replies = ["220 hello", "250 well", "250 well", "250 well", "354 go on"]
    with (
        server_that_answers(settings, *replies),
        channel("email") as emails,
        pytest.raises(Uncertain),
    ):
        emails.send(message())


AT_ONCE = ["220 hello", "250-well\r\n250 PIPELINING"]


@pytest.mark.parametrize(
    ("replies", "meaning"),
    [
        (["250 well", "550 no such user", "354 go on"], Refused),
        (["250 well", "450 mailbox busy", "354 go on"], RecipientBusy),
        (["450 not now", "250 well", "354 go on"], TryLater),
        (["250 well", "250 well", "451 disk full"], TryLater),
        (["250-so\r\n250 well", "252-let us\r\n252 see", "354 go on"], TryLater),
        (["no digits", "250 well", "354 go on"], TryLater),
    ],
)
def test_each_of_the_answers_that_come_at_once_is_to_its_command(
    settings: Settings, replies: list[str], meaning: type[Exception]
) -> None:
    """Some servers want the text though they have refused its only recipient."""
    [refusal] = [reply for reply in replies if not reply.startswith(("250", "354"))]

    with (
        server_that_answers(settings, *AT_ONCE, *replies) as told,
        channel("email") as emails,
        pytest.raises(meaning) as error,
    ):
        emails.send(message())

    assert refusal.rsplit("\r\n")[-1][4:] in str(error.value)
    assert [line.split()[0] for line in told[1:4]] == [b"MAIL", b"RCPT", b"DATA"]
    assert told[-1] in (b"", b"QUIT\r\n"), "the text, or an end of it"


def test_a_server_that_falls_silent_between_the_answers_has_not_taken_it(
    settings: Settings,
) -> None:
    with server_that_answers(settings, *AT_ONCE, "250 well", "250 well"):
        with channel("email") as emails, pytest.raises(TryLater) as later:
            emails.send(message())
        assert type(later.value) is TryLater


@pytest.mark.parametrize(
    "replies",
    [["554 no service for you"], ["220 hello", "250-well\r\n250 AUTH PLAIN", "535 5.7.8 no"]],
)
def test_a_server_that_refuses_us_loses_no_message(settings: Settings, replies: list[str]) -> None:
    """At its greeting, and at the login."""
    with server_that_answers(settings, *replies):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "wrong"
        with channel("email") as emails, pytest.raises(TryLater, match=replies[-1]):
            emails.send(message())


def test_a_server_without_the_tls_that_we_insist_on_is_for_later(
    mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_USE_TLS = True

    with channel("email") as emails, pytest.raises(TryLater, match="STARTTLS"):
        emails.send(message())


def test_settings_that_contradict_each_other_lose_no_message(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True

    with channel("email") as emails, pytest.raises(TryLater, match="mutually exclusive"):
        emails.send(message())
