"""A mail server that takes mails and drops them, and offers to read its commands at once."""

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session


class AtOnce(Sink):
    """Says what aiosmtpd can do and does not say, and what nearly all servers offer: PIPELINING."""

    async def handle_EHLO(  # noqa: N802 - as aiosmtpd calls it
        self, smtp: SMTP, session: Session, envelope: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        session.host_name = hostname
        *most, last = said
        return [*most, "250-PIPELINING", last]
