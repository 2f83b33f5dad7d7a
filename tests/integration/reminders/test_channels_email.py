"""What the mail channel makes of a real server, one that is unreliable in every way."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from reminders.channels import (
    Outgoing,
    RecipientBusy,
    Refused,
    TryLater,
    Uncertain,
    channel,
    configured,
)
from tests.integration.reminders.mail_server import MailServer
from tests.integration.reminders.web_server import WebServer

MAX_EXAMPLES = 2_000 if os.environ.get("CI") else 200


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    """A mail server that all mail goes to."""
    with MailServer() as server:
        send_to(settings, server.port)
        yield server


def send_to(settings: Settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_TIMEOUT = 1
    settings.MESSAGE_ID_DOMAIN = "surveillance.example.org"
    settings.DEFAULT_FROM_EMAIL = "Surveillance <surveillance@example.org>"


def message(
    recipient: str = "nurses@example.org",
    subject: str = "A follow-up CT can be booked",
    body: str = "Please book it.\n",
) -> Outgoing:
    return Outgoing(str(uuid4()), recipient, subject, body)


@contextmanager
def server_that_answers(*replies: str) -> Iterator[int]:
    """A server that greets, then says nothing but these, and then keeps silent; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line, line.makefile("rb") as said:
                for reply in replies:
                    line.sendall(f"{reply}\r\n".encode())
                    said.readline()
                said.read()

        server = Thread(target=serve, daemon=True)
        server.start()
        yield listening.getsockname()[1]
        server.join(timeout=5)


def test_a_mail_arrives_under_a_message_id_made_of_its_key(server: MailServer) -> None:
    outgoing = message(subject="Überfällig — 予約", body="Bitte buchen.\n.\n予約してください。\n")

    with channel("email") as emails:
        emails.send(outgoing)

    (letter,) = server.letters
    assert letter["Message-ID"] == f"<{outgoing.key}@surveillance.example.org>"
    assert letter["To"] == letter["X-Envelope-To"] == "nurses@example.org"
    assert letter["From"] == "Surveillance <surveillance@example.org>"
    assert letter["Subject"] == outgoing.subject
    assert letter.get_content() == outgoing.body
    assert letter["Date"]


def test_a_batch_goes_over_one_connection(server: MailServer) -> None:
    with channel("email") as emails:
        for _ in range(20):
            emails.send(message())

    assert len(server.letters) == 20
    assert server.connections == 1


def test_nothing_is_opened_for_nothing(server: MailServer) -> None:
    with channel("email"):
        pass

    assert server.connections == 0


@pytest.mark.parametrize("reply", ["550 no such user", "550 5.1.1 <n@example.org>: unknown"])
def test_a_recipient_refused_for_good_is_refused(server: MailServer, reply: str) -> None:
    server.refuses = {"gone@example.org": reply}

    with channel("email") as emails:
        with pytest.raises(Refused) as refused:
            emails.send(message("gone@example.org"))
        emails.send(message("second@example.org"))

    assert str(refused.value) == f"The mail server answered {reply}"
    assert [letter["To"] for letter in server.letters] == ["second@example.org"]


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
    server: MailServer, reply: str, meaning: type[TryLater]
) -> None:
    server.refuses = {"busy@example.org": reply}

    with channel("email") as emails:
        with pytest.raises(TryLater) as later:
            emails.send(message("busy@example.org"))
        emails.send(message("second@example.org"))

    assert str(later.value) == f"The mail server answered {reply}"
    assert type(later.value) is meaning
    assert [letter["To"] for letter in server.letters] == ["second@example.org"]


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
def test_a_text_that_is_refused(server: MailServer, reply: str, meaning: type[Exception]) -> None:
    server.refuses_texts = reply

    with channel("email") as emails:
        with pytest.raises(meaning, match=reply):
            emails.send(message())
        server.refuses_texts = ""
        emails.send(message())

    assert len(server.letters) == 1


@pytest.mark.parametrize("reply", ["421 too busy", "451 greylisted", "550 5.1.0 sender unknown"])
def test_trouble_with_the_sender_loses_no_message(server: MailServer, reply: str) -> None:
    server.refuses_senders = reply

    with channel("email") as emails:
        for _ in range(2):
            with pytest.raises(TryLater, match=reply) as later:
                emails.send(message())
            assert type(later.value) is TryLater
        server.refuses_senders = ""
        emails.send(message())

    assert len(server.letters) == 1


def test_a_line_cut_before_the_answer_leaves_it_open_whether_it_arrived(
    server: MailServer,
) -> None:
    server.hangs_up_after_taking = 1
    first, second = message(), message()

    with channel("email") as emails:
        with pytest.raises(Uncertain, match="it may have arrived"):
            emails.send(first)
        emails.send(first)
        emails.send(second)

    assert sorted(server.times_taken.values()) == [1, 2]
    assert server.times_taken[f"<{first.key}@surveillance.example.org>"] == 2


def test_a_line_that_ended_between_two_mails_is_opened_again(server: MailServer) -> None:
    with channel("email") as emails:
        emails.send(message())
        server.hangs_up_before_text = 1
        emails.send(message())

    assert len(server.letters) == 2
    assert server.connections == 2


def test_a_line_cut_before_the_text_is_for_later_and_certain(server: MailServer) -> None:
    server.hangs_up_before_text = 2

    with channel("email") as emails:
        with pytest.raises(TryLater) as later:
            emails.send(message())
        assert type(later.value) is TryLater
        with pytest.raises(TryLater):
            emails.send(message())
        emails.send(message())

    assert len(server.letters) == 1


def test_a_server_that_is_gone_is_for_later_and_found_when_it_is_back(
    server: MailServer,
) -> None:
    with channel("email") as emails:
        emails.send(message())
        server.stop()
        with pytest.raises(TryLater, match="The mail server cannot be used: Connection refused"):
            emails.send(message())
        server.start()
        emails.send(message())

    assert len(server.letters) == 2


def test_a_server_that_does_not_exist_is_for_later(settings: Settings) -> None:
    send_to(settings, 25)
    settings.EMAIL_HOST = "no-such-host.invalid"

    with channel("email") as emails, pytest.raises(TryLater, match="cannot be used"):
        emails.send(message())


def test_a_server_that_says_nothing_is_for_later(settings: Settings) -> None:
    with server_that_answers() as port:
        send_to(settings, port)
        with channel("email") as emails, pytest.raises(TryLater, match="timed out") as later:
            emails.send(message())
        assert type(later.value) is TryLater


def test_a_server_that_falls_silent_after_the_text_may_have_taken_it(settings: Settings) -> None:
    with server_that_answers("220 hello", "250 well", "250 well", "250 well", "354 go on") as port:
        send_to(settings, port)
        with channel("email") as emails, pytest.raises(Uncertain):
            emails.send(message())


@pytest.mark.parametrize(
    "replies",
    [["554 no service for you"], ["220 hello", "250-well\r\n250 AUTH PLAIN", "535 5.7.8 no"]],
)
def test_a_server_that_refuses_us_loses_no_message(settings: Settings, replies: list[str]) -> None:
    """At its greeting, and at the login."""
    with server_that_answers(*replies) as port:
        send_to(settings, port)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "wrong"
        with channel("email") as emails, pytest.raises(TryLater, match=replies[-1]):
            emails.send(message())


def test_a_server_without_the_tls_that_we_insist_on_is_for_later(
    server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_USE_TLS = True

    with channel("email") as emails, pytest.raises(TryLater, match="STARTTLS"):
        emails.send(message())


def test_settings_that_contradict_each_other_lose_no_message(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True

    with channel("email") as emails, pytest.raises(TryLater, match="mutually exclusive"):
        emails.send(message())


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "nurses",
        "nurses@",
        "a@example.org, b@example.org",
        "Nurses <nurses@example.org>",
        "nurses@example.org\nBcc: all@example.org",
        "nürses\ud800@example.org",
    ],
)
def test_an_address_that_is_none_is_refused_and_holds_up_no_other(
    server: MailServer, recipient: str
) -> None:
    with channel("email") as emails:
        with pytest.raises(Refused, match="is no e-mail address"):
            emails.send(message(recipient))
        emails.send(message("second@example.org"))

    assert [letter["To"] for letter in server.letters] == ["second@example.org"]


@pytest.mark.parametrize("text", ["half a pair: \ud83d", "a stray byte: \udcff"])
def test_a_text_that_is_no_unicode_is_refused(server: MailServer, text: str) -> None:
    with channel("email") as emails:
        with pytest.raises(Refused):
            emails.send(message(subject=text))
        with pytest.raises(Refused):
            emails.send(message(body=text))

    assert server.letters == []


ANY = st.characters()  # lone surrogates, too
LINES = st.sampled_from(["\r", "\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
INJECTED = st.builds("{}{}{}{}".format, st.text(ANY), LINES, LINES, st.text(ANY)) | st.builds(
    "{}{}Bcc: {}".format, st.text(ANY), LINES, st.just("all@example.org")
)


@hypothesis(
    max_examples=MAX_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(subject=st.text(ANY) | INJECTED, recipient=st.just("nurses@example.org") | INJECTED)
@example(subject="a\v\vnot the body", recipient="nurses@example.org")
@example(subject="a\x85Bcc: all@example.org", recipient="nurses@example.org")
@example(subject="x" * 2000, recipient="nurses@example.org")
@example(subject="予" * 2000, recipient="nurses@example.org")
def test_no_subject_and_no_recipient_adds_a_header_or_a_reader(
    server: MailServer, subject: str, recipient: str
) -> None:
    server.letters.clear()

    with channel("email") as emails:
        try:
            emails.send(message(recipient, subject))
        except Refused:
            assert server.letters == []
            return

    (letter,) = server.letters
    assert letter["X-Envelope-To"] == letter["To"] == "nurses@example.org"
    assert ", ".join(sorted(letter.keys())) == (
        "Content-Transfer-Encoding, Content-Type, Date, From, MIME-Version, Message-ID, Subject, "
        "To, X-Envelope-To"
    )
    assert letter.get_content() == "Please book it.\n"


@pytest.mark.parametrize("subject", ["Überfällig", "予約 " * 40, "long " * 40])
def test_a_subject_is_read_as_it_was_written(server: MailServer, subject: str) -> None:
    with channel("email") as emails:
        emails.send(message(subject=subject.strip()))

    (letter,) = server.letters
    assert letter["Subject"].strip() == subject.strip()


@hypothesis(
    max_examples=MAX_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    subject=st.text(st.characters(max_codepoint=127, categories=["L", "N", "P", "S", "Zs"]))
    | st.text(),
    body=st.text(st.characters(exclude_categories=["Cs"])) | st.text().map(lambda line: line * 99),
    sender=st.sampled_from(["us@example.org", "Follow-up <us@example.org>", "Röntgen <us@x.org>"]),
    recipient=st.sampled_from(["nurses@example.org", '"a,b c"@example.org', "n@münchen.example"]),
)
@example("A follow-up CT can be booked", "予約\r\n.\n\n", "us@example.org", "nurses@example.org")
@example("", "", "us@example.org", "nurses@example.org")
def test_what_is_sent_by_smtp_is_what_django_would_send(
    server: MailServer, subject: str, body: str, sender: str, recipient: str
) -> None:
    """Which takes it a good deal longer."""
    server.letters.clear()
    outgoing = message(recipient, subject, body)

    with override_settings(DEFAULT_FROM_EMAIL=sender):
        with channel("email") as emails:
            try:
                emails.send(outgoing)
            except Refused:
                return
        same = {"Message-ID": server.letters[0]["Message-ID"]}
        EmailMessage(subject, body, to=[recipient], headers=same).send()

    ours, djangos = server.letters
    for letter in (ours, djangos):
        del letter["Date"]
    assert ours.as_bytes() == djangos.as_bytes()


@pytest.mark.parametrize("sender", ["", "us@example.org\nBcc: all@example.org"])
def test_a_sender_that_is_none_loses_no_message(
    server: MailServer, settings: Settings, sender: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender

    with channel("email") as emails, pytest.raises(TryLater):
        emails.send(message())

    assert server.letters == []


def test_any_backend_of_django_serves(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    outgoing = message()

    with channel("email") as emails:
        emails.send(outgoing)

    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (
        [outgoing.recipient],
        outgoing.subject,
        outgoing.body,
    )
    assert outgoing.key in sent.extra_headers["Message-ID"]


def test_mail_is_always_configured_and_what_is_unknown_is_no_channel() -> None:
    assert configured("email")
    with pytest.raises(ValueError, match="fax"):
        channel("fax")


INACTIVE = "Found inactive addresses: nurses@example.org. Inactive recipients have bounced."


@pytest.fixture
def provider(settings: Settings) -> Iterator[WebServer]:
    """A provider's API, that of Postmark, that all mail goes to."""
    with WebServer() as provider:
        send_to(settings, 25)
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "only-for-this-test",
            "POSTMARK_API_URL": f"http://127.0.0.1:{provider.server_port}/",
            "REQUESTS_TIMEOUT": 1,
        }
        taken = {"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": "nurses@example.org"}
        provider.says = json.dumps(taken)
        yield provider


def test_a_mail_goes_by_a_providers_api(provider: WebServer) -> None:
    outgoing = message()

    with channel("email") as emails:
        emails.send(outgoing)

    (posted,) = provider.posted
    said = json.loads(posted.body)
    assert (said["To"], said["Subject"]) == (outgoing.recipient, outgoing.subject)
    assert outgoing.key in json.dumps(said["Headers"])


@pytest.mark.parametrize(
    ("status", "said", "meaning"),
    [
        (200, {"ErrorCode": 406, "Message": INACTIVE}, Refused),
        (200, {"what": "is this"}, Uncertain),
        (422, {"ErrorCode": 300, "Message": "Invalid 'From' address"}, TryLater),
        (401, {"ErrorCode": 10, "Message": "Bad or missing server token"}, TryLater),
        (429, {"ErrorCode": 429, "Message": "Rate limit exceeded"}, TryLater),
        (500, {"ErrorCode": 500, "Message": "Internal server error"}, TryLater),
    ],
)
def test_what_a_provider_answers(
    provider: WebServer, status: int, said: dict[str, object], meaning: type[Exception]
) -> None:
    well = provider.says
    provider.answers, provider.says = status, json.dumps(said)

    with channel("email") as emails:
        with pytest.raises(meaning, match="The mail provider") as answered:
            emails.send(message())
        provider.answers, provider.says = 200, well
        emails.send(message())

    assert type(answered.value) is meaning
    assert "only-for-this-test" not in str(answered.value)


def test_a_provider_that_cuts_the_line_may_have_taken_it(provider: WebServer) -> None:
    provider.hangs_up = 1

    with channel("email") as emails:
        with pytest.raises(Uncertain, match="it may have arrived"):
            emails.send(message())
        emails.send(message())


def test_a_provider_that_is_gone_is_for_later(provider: WebServer) -> None:
    provider.shutdown()
    provider.server_close()

    with channel("email") as emails, pytest.raises(TryLater, match="Connection refused") as later:
        emails.send(message())

    assert type(later.value) is TryLater


def test_a_provider_without_its_token_loses_no_message(
    provider: WebServer, settings: Settings
) -> None:
    settings.ANYMAIL = {}

    with channel("email") as emails, pytest.raises(TryLater, match="POSTMARK_SERVER_TOKEN"):
        emails.send(message())
