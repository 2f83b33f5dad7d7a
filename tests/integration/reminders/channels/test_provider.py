"""What the mail channel makes of a provider's API."""

import json
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from reminders.channels import (
    Refused,
    TryLater,
    Uncertain,
    channel,
)
from tests.integration.reminders.channels.mails import message
from tests.integration.reminders.web_server import WebServer

INACTIVE = "Found inactive addresses: nurses@example.org. Inactive recipients have bounced."


@pytest.fixture
def provider(settings: Settings) -> Iterator[WebServer]:
    """A provider's API, that of Postmark, that all mail goes to."""
    with WebServer() as provider:
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
