"""SMS, by whichever gateway `SMS_URL` names; an SMS is the body alone."""

import hmac
import json
import time
from types import TracebackType
from typing import Self

import requests

from reminders import troubles
from reminders.channels import Outgoing, Refused, TryLater
from reminders.channels.http import brief, meaning_of_answer, meaning_of_silence
from reminders.channels.sms_url import E164, Twilio, Webhook, sms_gateway
from schedules.sentences import stored

SECONDS = 10  # to connect, and then to answer

# Codes with which Twilio answers 400 though it is our account or our number that it will not have:
# https://www.twilio.com/docs/api/errors
TWILIO_ABOUT_US = {21212, 21408, 21601, 21603, 21606, 21608, 21659, 21660}


def sms_channel(url: str) -> "SmsChannel":
    """Return the channel that an `SMS_URL` names; see `sms_url` for the errors."""
    match sms_gateway(url):
        case Webhook() as webhook:
            return WebhookChannel(webhook)
        case Twilio() as twilio:
            return TwilioChannel(twilio)
        case None:
            return SmsChannel()


class SmsChannel:
    """What the gateways have in common. By itself it is the channel where none is set up."""

    who = troubles.SMS_GATEWAY

    def __init__(self) -> None:
        self._line: requests.Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def begin(self, outgoing: Outgoing) -> None:
        """Begin nothing: it is one request; see `Channel.begin`."""

    def send(self, outgoing: Outgoing) -> None:
        """Hand an SMS to the gateway; see `Channel.send`."""
        if not E164.fullmatch(outgoing.recipient):
            raise Refused(troubles.NO_TELEPHONE)
        if self._line is None:
            self._line = requests.Session()
        try:
            answer = self._post(self._line, outgoing)
        except (UnicodeEncodeError, requests.exceptions.InvalidHeader) as error:
            raise Refused(troubles.NO_SMS) from error
        except ValueError as error:
            raise TryLater(
                stored(troubles.NOT_REACHED, who=self.who, why=troubles.NO_ADDRESS)
            ) from error
        except requests.RequestException as error:
            self._close()
            raise meaning_of_silence(self.who, error) from error
        if not 200 <= answer.status_code < 300:
            raise self._meaning(answer)

    def _post(self, line: requests.Session, outgoing: Outgoing) -> requests.Response:
        raise TryLater(troubles.NO_SMS_SET_UP)

    def _meaning(self, answer: requests.Response) -> Refused | TryLater:
        return meaning_of_answer(self.who, answer.status_code, answer.text)

    def _close(self) -> None:
        line, self._line = self._line, None
        if line:
            line.close()


class WebhookChannel(SmsChannel):
    """A gateway of the house's own: JSON, signed, with a key by which it knows a repeat.

    `X-Signature` is the HMAC of `X-Timestamp` (seconds since 1970), a full stop and the body, by
    SHA-256 under the secret, in hex. Whoever sees an old timestamp should refuse.
    """

    def __init__(self, gateway: Webhook) -> None:
        super().__init__()
        self._gateway = gateway

    def _post(self, line: requests.Session, outgoing: Outgoing) -> requests.Response:
        said = {"to": outgoing.recipient, "text": outgoing.body}
        body = json.dumps(said, ensure_ascii=False).encode()
        timestamp = str(int(time.time()))
        signature = hmac.digest(
            self._gateway.secret.encode(), timestamp.encode() + b"." + body, "sha256"
        )
        return line.post(
            self._gateway.url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": outgoing.key,
                "X-Timestamp": timestamp,
                "X-Signature": f"sha256={signature.hex()}",
            },
            timeout=SECONDS,
            allow_redirects=False,
        )


class TwilioChannel(SmsChannel):
    """Twilio's REST API: https://www.twilio.com/docs/messaging/api/message-resource.

    It takes no key by which it could know a repeat. When the line is cut before its answer
    (`Uncertain`), or it answers 5xx after having taken a message, the next attempt sends a second
    SMS. That is meant: a message twice is better than none.
    """

    who = "Twilio"

    def __init__(self, account: Twilio) -> None:
        super().__init__()
        self._account = account

    def _post(self, line: requests.Session, outgoing: Outgoing) -> requests.Response:
        sender = self._account.sender
        return line.post(
            f"{self._account.api}/2010-04-01/Accounts/{self._account.sid}/Messages.json",
            data={
                "To": outgoing.recipient,
                "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
                "Body": outgoing.body,
            },
            auth=(self._account.sid, self._account.token),
            timeout=SECONDS,
            allow_redirects=False,
        )

    def _meaning(self, answer: requests.Response) -> Refused | TryLater:
        try:
            said = answer.json()
            code, text = int(said["code"]), f"{said['code']} {said['message']}"
        except (ValueError, LookupError, TypeError):
            return super()._meaning(answer)
        if code in TWILIO_ABOUT_US:
            said = f"{answer.status_code}: {brief(text)}"
            return TryLater(stored(troubles.ANSWERED, who=self.who, said=said))
        return meaning_of_answer(self.who, answer.status_code, text)
