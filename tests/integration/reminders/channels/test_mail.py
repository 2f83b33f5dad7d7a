"""What a mail says to whoever reads it, whatever is in its subject, text and addresses."""

import os

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from reminders.channels import (
    Refused,
    TryLater,
    channel,
    configured,
)
from tests.integration.reminders.channels.mails import message
from tests.integration.reminders.mail_server import MailServer

MAX_EXAMPLES = 2_000 if os.environ.get("CI") else 200


def test_a_mail_arrives_under_a_message_id_made_of_its_key(mail_server: MailServer) -> None:
    outgoing = message(subject="Überfällig — 予約", body="Bitte buchen.\n.\n予約してください。\n")

    with channel("email") as emails:
        emails.send(outgoing)

    (letter,) = mail_server.letters
    assert letter["Message-ID"] == f"<{outgoing.key}@surveillance.example.org>"
    assert letter["To"] == letter["X-Envelope-To"] == "nurses@example.org"
    assert letter["From"] == "Surveillance <surveillance@example.org>"
    assert letter["Subject"] == outgoing.subject
    assert letter.get_content() == outgoing.body
    assert letter["Date"]


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
    mail_server: MailServer, recipient: str
) -> None:
    with channel("email") as emails:
        with pytest.raises(Refused, match="is no e-mail address"):
            emails.send(message(recipient))
        emails.send(message("second@example.org"))

    assert [letter["To"] for letter in mail_server.letters] == ["second@example.org"]


@pytest.mark.parametrize("text", ["half a pair: \ud83d", "a stray byte: \udcff"])
def test_a_text_that_is_no_unicode_is_refused(mail_server: MailServer, text: str) -> None:
    with channel("email") as emails:
        with pytest.raises(Refused):
            emails.send(message(subject=text))
        with pytest.raises(Refused):
            emails.send(message(body=text))

    assert mail_server.letters == []


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
    mail_server: MailServer, subject: str, recipient: str
) -> None:
    mail_server.letters.clear()

    with channel("email") as emails:
        try:
            emails.send(message(recipient, subject))
        except Refused:
            assert mail_server.letters == []
            return

    (letter,) = mail_server.letters
    assert letter["X-Envelope-To"] == letter["To"] == "nurses@example.org"
    assert ", ".join(sorted(letter.keys())) == (
        "Content-Transfer-Encoding, Content-Type, Date, From, MIME-Version, Message-ID, Subject, "
        "To, X-Envelope-To"
    )
    assert letter.get_content() == "Please book it.\n"


@pytest.mark.parametrize("subject", ["Überfällig", "予約 " * 40, "long " * 40])
def test_a_subject_is_read_as_it_was_written(mail_server: MailServer, subject: str) -> None:
    with channel("email") as emails:
        emails.send(message(subject=subject.strip()))

    (letter,) = mail_server.letters
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
    mail_server: MailServer, subject: str, body: str, sender: str, recipient: str
) -> None:
    """Which takes it a good deal longer."""
    mail_server.letters.clear()
    outgoing = message(recipient, subject, body)

    with override_settings(DEFAULT_FROM_EMAIL=sender):
        with channel("email") as emails:
            try:
                emails.send(outgoing)
            except Refused:
                return
        same = {"Message-ID": mail_server.letters[0]["Message-ID"]}
        EmailMessage(subject, body, to=[recipient], headers=same).send()

    ours, djangos = mail_server.letters
    for letter in (ours, djangos):
        del letter["Date"]
    assert ours.as_bytes() == djangos.as_bytes()


@pytest.mark.parametrize("sender", ["", "us@example.org\nBcc: all@example.org"])
def test_a_sender_that_is_none_loses_no_message(
    mail_server: MailServer, settings: Settings, sender: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender

    with channel("email") as emails, pytest.raises(TryLater):
        emails.send(message())

    assert mail_server.letters == []


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
