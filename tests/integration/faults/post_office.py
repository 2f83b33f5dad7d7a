"""The mail server of these tests: it notes when each letter came, and can take its time."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from time import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.integration.reminders.mail_server import Clerk, MailServer


@dataclass(frozen=True, slots=True)
class Arrival:
    """One letter that was taken."""

    message_id: str
    recipient: str
    at: float  # seconds since 1970
    is_answered: bool  # not where the line was cut instead


class PostOffice(MailServer):
    """Keeps its arrivals, those too whose senders never heard of it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: list[Arrival] = []
        self.seconds_to_answer = 0.0  # once the letter is in its hands
        self.refuses_once = ""  # a reply to each recipient's first letter
        self.refused: set[str] = set()

    def start(self) -> None:
        self._controller = Controller(SlowClerk(self), hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def reset(self) -> None:
        """As it was before the first letter."""
        self.arrivals.clear()
        self.letters.clear()
        self.refuses = {}
        self.refuses_senders = self.refuses_texts = ""
        self.hangs_up_after_taking = self.hangs_up_before_text = 0
        self.as_text_comes = None
        self.refuses_once = ""
        self.refused.clear()
        self.seconds_to_answer = 0.0

    @property
    def times(self) -> Counter[str]:
        """How many times each Message-ID came."""
        return Counter(arrival.message_id for arrival in self.arrivals)


class SlowClerk(Clerk):
    """Answers for a `PostOffice`."""

    server: PostOffice

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.server.refuses_once and address not in self.server.refused:
            self.server.refused.add(address)
            return self.server.refuses_once
        return await super().handle_RCPT(smtp, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope
    ) -> str:
        hangs_up = bool(self.server.hangs_up_after_taking)
        taken = len(self.server.letters)
        answer = await super().handle_DATA(smtp, session, envelope)
        if len(self.server.letters) > taken:
            letter = self.server.letters[-1]
            self.server.arrivals.append(
                Arrival(letter["Message-ID"], envelope.rcpt_tos[0], time(), not hangs_up)
            )
        if self.server.seconds_to_answer:
            await asyncio.sleep(self.server.seconds_to_answer)
        return answer
