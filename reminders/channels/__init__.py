"""How a message leaves the house.

A channel takes what is written and hands it to the other side; it knows of no slot, no patient and
no database. What it raises says what to do next: `Refused` (never again), `TryLater`,
`RecipientBusy` (later, and go on with the others), or `Uncertain` (again, but it may have arrived).
Their texts are for people: what the other side said.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one recipient."""

    key: str  # a UUID as text, the same for every attempt: a repeat can be recognised
    recipient: str  # an address, or a telephone number as +81…
    subject: str  # an SMS has none, and leaves it out
    body: str


class Refused(Exception):
    """This message will never be taken: its recipient or its content is refused."""


class TryLater(Exception):
    """Not now: the line, the login or the sender is in trouble, or the other side is busy."""


class RecipientBusy(TryLater):
    """Not now to this recipient; the line is well, and others may be served."""


class Uncertain(TryLater):
    """It went out, and the line was cut before the answer: it may have arrived."""


class Channel(Protocol):
    """One connection for a batch: opened when first needed, and again after it was cut."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, outgoing: Outgoing) -> None:
        """Begin what can be begun before `send`, without waiting for an answer.

        Nothing can arrive yet. To be called or not; nothing is raised.
        """

    def send(self, outgoing: Outgoing) -> None:
        """Return when the other side has taken it; else raise `Refused` or `TryLater`.

        Nothing else is raised, and after either the next message can be sent.
        """


def configured(name: str) -> bool:
    """Whether the settings say how messages leave by this channel."""
    return {"email": True, "sms": bool(settings.SMS_URL)}[name]


def channel(name: str) -> Channel:
    """Return the channel "email" or "sms".

    One that is not `configured` can be used, and says of each message to try later.
    """
    # Imported here, for each brings its libraries, and the settings read this package at the start.
    if name == "email":
        from reminders.channels.email import EmailChannel

        return EmailChannel()
    if name == "sms":
        from reminders.channels.sms import sms_channel

        return sms_channel(settings.SMS_URL)
    raise ValueError(f"no channel is called {name!r}")
