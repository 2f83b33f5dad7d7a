"""A mail server for tests: real SMTP on a real socket, and as unreliable as a test asks for."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

logging.getLogger("mail.log").setLevel(logging.ERROR)  # it would tell of each command


def send_to(settings: Settings, port: int) -> None:
    """Send all mail to whatever listens on this port of this machine."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.MESSAGE_ID_DOMAIN = "surveillance.example.org"
    settings.DEFAULT_FROM_EMAIL = "Surveillance <surveillance@example.org>"


class MailServer:
    """Listens on a free port of this machine within `with`; keeps what it takes in `letters`.

    What it refuses can be told at any time, by replies such as "450 mailbox busy".
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.connections = 0
        self.offers_pipelining = True  # as nearly all servers do
        self.as_text_comes: Callable[[], object] | None = None  # called before a text is taken
        self.refuses: dict[str, str] = {}  # a reply to each of these recipients
        self.refuses_senders = ""  # a reply to everybody who wants to send
        self.refuses_texts = ""  # a reply to every text
        self.hangs_up_after_taking = 0  # letters, without having said so
        self.hangs_up_before_text = 0  # times, when a sender is named
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._controller: Controller | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def times_taken(self) -> Counter[str]:
        """How many times each Message-ID came."""
        return Counter(letter["Message-ID"] for letter in self.letters)

    def start(self) -> None:
        """Listen, on the same port each time."""
        self._controller = Controller(Clerk(self), hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._controller:
            self._controller.stop()
            self._controller = None


class Clerk:
    """Answers for a `MailServer`; the names of the methods are those that aiosmtpd calls."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_EHLO(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        self.server.connections += 1
        session.host_name = hostname
        *most, last = said
        return [*most, "250-PIPELINING", last] if self.server.offers_pipelining else said

    async def handle_MAIL(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.server.hangs_up_before_text:
            self.server.hangs_up_before_text -= 1
            _hang_up(smtp)
        if self.server.refuses_senders:
            return self.server.refuses_senders
        envelope.mail_from = address
        return "250 well"

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.server.refuses:
            return self.server.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 well"

    async def handle_DATA(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.server.as_text_comes:
            await asyncio.to_thread(self.server.as_text_comes)
        if self.server.refuses_texts:
            return self.server.refuses_texts
        assert isinstance(envelope.content, bytes)
        as_written = envelope.content.replace(b"\r\n", b"\n")
        letter = message_from_bytes(as_written, policy=policy.default)
        letter["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.server.letters.append(letter)
        if self.server.hangs_up_after_taking:
            self.server.hangs_up_after_taking -= 1
            _hang_up(smtp)
        return "250 taken"


def _hang_up(smtp: SMTP) -> None:
    """Cut the line; what is answered after this reaches nobody."""
    assert isinstance(smtp.transport, asyncio.Transport)
    smtp.transport.abort()
