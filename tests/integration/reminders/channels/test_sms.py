"""What the SMS channel says to a real web server, and what it makes of the answers."""

import base64
import hmac
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from pytest_django import Settings

from reminders.channels import Outgoing, Refused, TryLater, Uncertain, channel, configured, sms
from reminders.channels.sms import TwilioChannel
from reminders.channels.sms_url import Twilio
from tests.integration.reminders.web_server import WebServer

SECRET = "only-for-this-test"


@pytest.fixture
def server(settings: Settings) -> Iterator[WebServer]:
    """A gateway that all SMS go to."""
    with WebServer() as server:
        settings.SMS_URL = f"webhook+http://:{SECRET}@127.0.0.1:{server.server_port}/sms?house=1"
        yield server


def message(recipient: str = "+819012345678", body: str = "予約してください") -> Outgoing:
    return Outgoing(str(uuid4()), recipient, "not in an SMS", body)


def twilio(server: WebServer, sender: str = "+815000000000") -> TwilioChannel:
    """The channel to a Twilio that is this server."""
    api = f"http://127.0.0.1:{server.server_port}"
    return TwilioChannel(Twilio("AC123", "token", sender, api))


def test_an_sms_is_posted_as_json_signed_and_under_its_key(server: WebServer) -> None:
    outgoing = message()

    with channel("sms") as texts:
        texts.send(outgoing)

    (posted,) = server.posted
    assert posted.path == "/sms?house=1"
    assert json.loads(posted.body) == {"to": outgoing.recipient, "text": outgoing.body}
    assert posted.headers["Idempotency-Key"] == outgoing.key
    assert posted.headers["Content-Type"] == "application/json"
    timestamp = posted.headers["X-Timestamp"]
    assert abs(int(timestamp) - time.time()) < 60
    signed = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + posted.body, "sha256")
    assert posted.headers["X-Signature"] == f"sha256={signed.hexdigest()}"
    assert "Authorization" not in posted.headers


def test_a_batch_goes_over_one_connection(server: WebServer) -> None:
    with channel("sms") as texts:
        for _ in range(5):
            texts.send(message())

    assert len(server.posted) == 5
    assert server.connections == 1


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_an_answer_about_the_message_is_a_refusal(server: WebServer, status: int) -> None:
    server.answers, server.says = status, "no such\nsubscriber"

    with channel("sms") as texts:
        with pytest.raises(Refused) as refused:
            texts.send(message())
        server.answers = 202
        texts.send(message())

    assert str(refused.value) == f"The SMS gateway answered {status}: no such subscriber"


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 409, 425, 429, 500, 503])
def test_an_answer_about_us_or_the_moment_is_for_later(server: WebServer, status: int) -> None:
    server.answers, server.leads_to = status, "/elsewhere"

    with channel("sms") as texts:
        with pytest.raises(TryLater, match=f"The SMS gateway answered {status}") as later:
            texts.send(message())
        server.answers, server.leads_to = 200, ""
        texts.send(message())

    assert type(later.value) is TryLater
    assert [posted.path for posted in server.posted] == ["/sms?house=1"] * 2


def test_a_line_cut_before_the_answer_leaves_it_open_whether_it_arrived(
    server: WebServer,
) -> None:
    server.hangs_up = 1
    outgoing = message()

    with channel("sms") as texts:
        with pytest.raises(Uncertain, match="it may have arrived"):
            texts.send(outgoing)
        texts.send(outgoing)

    assert [posted.headers["Idempotency-Key"] for posted in server.posted] == [outgoing.key] * 2


def test_a_gateway_that_falls_silent_may_have_taken_it(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "SECONDS", 0.2)
    server.falls_silent = True

    with channel("sms") as texts:
        with pytest.raises(Uncertain, match="has not answered in time"):
            texts.send(message())
        server.falls_silent = False
        texts.send(message())


def test_a_gateway_that_is_gone_is_for_later(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings.SMS_URL = f"webhook+http://:{SECRET}@127.0.0.1:{port}/sms"

    with channel("sms") as texts, pytest.raises(TryLater) as later:
        texts.send(message())

    assert type(later.value) is TryLater
    assert str(later.value) == "The SMS gateway cannot be reached: Connection refused"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "*", "a..b"])
def test_a_gateway_that_does_not_exist_is_for_later(settings: Settings, host: str) -> None:
    settings.SMS_URL = f"webhook+https://:{SECRET}@{host}/sms"

    with channel("sms") as texts, pytest.raises(TryLater, match="cannot be reached") as later:
        texts.send(message())

    assert type(later.value) is TryLater


def test_a_gateway_that_speaks_no_tls_is_for_later(server: WebServer, settings: Settings) -> None:
    settings.SMS_URL = settings.SMS_URL.replace("+http:", "+https:")

    with channel("sms") as texts, pytest.raises(TryLater):
        texts.send(message())

    assert server.posted == []


@pytest.mark.parametrize(
    "recipient",
    ["", "09012345678", "+0123456789", "+81 90 1234 5678", "+819012345678\n", "+8190123456٣٤"],
)
def test_a_number_that_is_none_is_refused(server: WebServer, recipient: str) -> None:
    with channel("sms") as texts:
        with pytest.raises(Refused, match="telephone number"):
            texts.send(message(recipient))
        texts.send(message())

    assert len(server.posted) == 1


def test_a_text_that_is_no_unicode_is_refused(server: WebServer) -> None:
    with channel("sms") as texts, pytest.raises(Refused, match="cannot be written"):
        texts.send(message(body="half a pair: \ud83d"))
    with twilio(server) as texts, pytest.raises(Refused, match="cannot be written"):
        texts.send(message(body="half a pair: \ud83d"))

    assert server.posted == []


def test_a_key_never_becomes_a_header_of_its_own(server: WebServer) -> None:
    forged = Outgoing("key\r\nX-Forged: yes", "+819012345678", "", "text")

    with channel("sms") as texts, pytest.raises(Refused, match="cannot be written"):
        texts.send(forged)

    assert server.posted == []


def test_where_no_sms_is_set_up_a_message_waits(settings: Settings) -> None:
    settings.SMS_URL = ""

    assert not configured("sms")
    with channel("sms") as texts, pytest.raises(TryLater, match="SMS_URL is empty"):
        texts.send(message())


def test_where_sms_is_set_up_it_says_so(server: WebServer) -> None:
    assert configured("sms")


def test_twilio_is_told_in_its_own_words(server: WebServer) -> None:
    server.answers, server.says = 201, '{"sid": "SM1", "status": "queued"}'
    outgoing = message()

    with twilio(server) as texts:
        texts.send(outgoing)

    (posted,) = server.posted
    assert posted.path == "/2010-04-01/Accounts/AC123/Messages.json"
    assert posted.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert posted.headers["Authorization"] == f"Basic {base64.b64encode(b'AC123:token').decode()}"
    assert parse_qs(posted.body.decode()) == {
        "To": [outgoing.recipient],
        "From": ["+815000000000"],
        "Body": [outgoing.body],
    }


def test_twilio_can_send_from_a_messaging_service(server: WebServer) -> None:
    with twilio(server, "MG123") as texts:
        texts.send(message())

    (posted,) = server.posted
    form = parse_qs(posted.body.decode())
    assert form["MessagingServiceSid"] == ["MG123"]
    assert "From" not in form


@pytest.mark.parametrize(
    ("status", "code", "said", "meaning"),
    [
        (400, 21211, "Invalid 'To' Phone Number", Refused),
        (400, 21610, "Attempt to send to unsubscribed recipient", Refused),
        (400, 21212, "Invalid From Number", TryLater),
        (400, 21606, "From is not a valid, SMS-capable number for this account", TryLater),
        (401, 20003, "Authenticate", TryLater),
        (429, 20429, "Too Many Requests", TryLater),
        (500, 20500, "Internal Server Error", TryLater),
    ],
)
def test_what_twilio_answers(
    server: WebServer, status: int, code: int, said: str, meaning: type[Exception]
) -> None:
    server.answers = status
    server.says = json.dumps({"code": code, "message": said, "status": status})

    with twilio(server) as texts, pytest.raises(meaning) as answered:
        texts.send(message())

    assert type(answered.value) is meaning
    assert str(answered.value).startswith("Twilio answered ")
    assert str(answered.value).endswith(f"{code} {said}")


def test_an_answer_that_is_not_twilios_is_read_by_its_status(server: WebServer) -> None:
    server.answers, server.says = 502, "<h1>Bad gateway</h1>"

    with twilio(server) as texts, pytest.raises(TryLater, match="502: <h1>Bad gateway</h1>"):
        texts.send(message())
