"""Mail, by whatever backend the settings name: SMTP, a provider's API, the demo's mailbox.

SMTP says with a code who is meant. Only a 5xx to this recipient or to this text is a refusal; a 5xx
to our greeting, login or sender would be said of every message, and all of them would be lost.
"""

import re
import smtplib
from contextlib import suppress
from email.errors import MessageError
from email.header import Header
from email.utils import formatdate, parseaddr
from types import TracebackType
from typing import Self

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import SafeMIMEText, sanitize_address
from django.core.validators import validate_email

from reminders import troubles
from reminders.channels import Outgoing, RecipientBusy, Refused, TryLater, Uncertain
from reminders.channels.conversation import Conversation, NoAnswer
from reminders.channels.http import brief, meaning_of_silence
from schedules.sentences import stored

# What could end a header early: more than Django forbids, for the standard library folds a subject
# at each of these and would leave an empty line between two.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# Replies that stand at a recipient, yet are about our login, our address or our right to send:
# many servers keep them back until then.
ABOUT_US = {530, 534, 535, 538}
ABOUT_US_ENHANCED = re.compile(r"5\.(7\.\d+|1\.[78])\b")  # RFC 3463: policy, sender's address


class EmailChannel:
    """Mails over one connection, each under a Message-ID made of its key."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None
        self._sender = ""  # as the header says it
        self._sender_address = ""
        self._begun: tuple[Outgoing, Conversation] | None = None

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
        """Begin to talk of a mail where a line to an SMTP server is open; see `Channel.begin`."""
        if self._begun:
            self._close()
        if type(self._backend) is smtp.EmailBackend:
            try:
                self._begun = outgoing, self._conversation(self._backend, _compose(outgoing))
            except Exception:  # `send` meets it again, and tells of it
                self._close()

    def send(self, outgoing: Outgoing) -> None:
        """Hand a mail to the backend; see `Channel.send`."""
        if self._begun and self._begun[0] != outgoing:
            self._close()
        letter = _compose(outgoing)
        # A server may end a line between two mails, and that is no failure of the next one.
        while not self._handed_over(letter):
            self._close()

    def _handed_over(self, letter: EmailMessage) -> bool:
        """Return whether it was; not if an old line turned out to be at its end beforehand."""
        backend, is_new = self._open()
        begun, self._begun = self._begun, None
        try:
            if type(backend) is smtp.EmailBackend:
                (begun[1] if begun else self._conversation(backend, letter)).finish()
                taken = True
            else:
                taken = bool(backend.send_messages([letter]))
        except Exception as error:
            self._close()
            if not is_new and _line_had_ended(error):
                return False
            raise _meaning(error) from error
        if not taken:
            raise TryLater(troubles.NO_REASON)
        return True

    def _conversation(self, backend: smtp.EmailBackend, letter: EmailMessage) -> Conversation:
        """Do as the backend does, which reads the sender anew for each of a batch."""
        assert backend.connection
        [recipient] = letter.to
        if not recipient.isascii():
            recipient = sanitize_address(recipient, "utf-8")
        return Conversation(
            backend.connection, self._sender_address, recipient, self._written(letter)
        )

    def _written(self, letter: EmailMessage) -> bytes:
        """Return what Django makes of a letter; for a plain one, in a tenth of the time."""
        [recipient] = letter.to
        subject, lines = str(letter.subject), re.split("\r\n|\r|\n", str(letter.body))
        head = subject + recipient
        if not head.isascii() or len(head) > 70 or any(len(line) > 240 for line in lines):
            message = letter.message()
            assert isinstance(message, SafeMIMEText)
            return message.as_bytes(linesep="\r\n")
        text = "\r\n".join(lines)
        return (
            'Content-Type: text/plain; charset="utf-8"\r\n'
            "MIME-Version: 1.0\r\n"
            f"Content-Transfer-Encoding: {'7bit' if text.isascii() else '8bit'}\r\n"
            f"Subject: {subject}\r\n"
            f"From: {self._sender}\r\n"
            f"To: {recipient}\r\n"
            f"Date: {formatdate()}\r\n"
            f"Message-ID: {letter.extra_headers['Message-ID']}\r\n"
            "\r\n"
            f"{text}"
        ).encode()

    def _open(self) -> tuple[BaseEmailBackend, bool]:
        is_new = self._backend is None
        try:
            if self._backend is None:
                # Read here, for a sender that is none must not be held against a message.
                sender = sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")
                self._sender = Header(sender, header_name="From").encode(linesep="\r\n")
                self._sender_address = parseaddr(sender)[1]
                self._backend = get_connection()
            return self._backend, bool(self._backend.open()) or is_new
        except Exception as error:  # whatever it is, it is not about this message
            self._close()
            raise TryLater(
                stored(troubles.NOT_USABLE, who=troubles.MAIL_SERVER, said=_said(error))
            ) from error

    def _close(self) -> None:
        backend, self._backend, self._begun = self._backend, None, None
        if backend:
            with suppress(Exception):  # a goodbye that fails changes nothing
                backend.close()


def _compose(outgoing: Outgoing) -> EmailMessage:
    try:
        validate_email(outgoing.recipient)
        outgoing.body.encode()
    except ValidationError as error:
        address = brief(outgoing.recipient)
        raise Refused(stored(troubles.NO_MAIL_ADDRESS, address=address)) from error
    except UnicodeEncodeError as error:
        raise Refused(stored(troubles.NO_UTF8, why=error.reason)) from error
    if CONTROL.search(outgoing.subject):
        raise Refused(troubles.CONTROL_IN_SUBJECT)
    return EmailMessage(
        subject=outgoing.subject,
        body=outgoing.body,
        to=[outgoing.recipient],
        headers={"Message-ID": f"<{outgoing.key}@{settings.MESSAGE_ID_DOMAIN}>"},
    )


def _line_had_ended(error: Exception) -> bool:
    """Whether the server had no more wish to talk, before any text had left."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == 421 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code == 421
    return isinstance(error, smtplib.SMTPServerDisconnected)


def _meaning(error: Exception) -> Refused | TryLater:
    """Return what an error during the handing over means for this message."""
    match error:
        case NoAnswer():
            return Uncertain(stored(troubles.LINE_CUT, who=troubles.MAIL_SERVER))
        case smtplib.SMTPRecipientsRefused():
            [(code, said), *_] = error.recipients.values()
            meaning = _meaning_of_reply(code, said)
            return RecipientBusy(*meaning.args) if 400 <= code < 500 and code != 421 else meaning
        case smtplib.SMTPDataError():
            return _meaning_of_reply(error.smtp_code, error.smtp_error)
        case AnymailRecipientsRefused():
            who = troubles.MAIL_PROVIDER
            return Refused(stored(troubles.REFUSES_RECIPIENT, who=who, said=_said(error)))
        case AnymailAPIError(status_code=int(status), response=answer):
            told = f"{status}: {brief(answer.text)}"
            text = stored(troubles.ANSWERED, who=troubles.MAIL_PROVIDER, said=told)
            # What is refused of the recipient, Anymail tells apart: the rest may well be about us.
            return Uncertain(text) if 200 <= status < 300 else TryLater(text)
        case requests.RequestException():  # as which Anymail, too, tells of a cut line
            return meaning_of_silence(troubles.MAIL_PROVIDER, error)
        case ValueError() | MessageError() | AnymailError():  # what cannot be written as a mail
            return Refused(stored(troubles.NO_MAIL, why=_said(error)))
        case _:
            return TryLater(stored(troubles.NOT_TAKEN, said=_said(error)))


def _meaning_of_reply(code: int, said: bytes | str) -> Refused | TryLater:
    told = f"{code} {brief(_text(said))}"
    text = stored(troubles.ANSWERED, who=troubles.MAIL_SERVER, said=told)
    about_us = code in ABOUT_US or ABOUT_US_ENHANCED.match(_text(said))
    return Refused(text) if 500 <= code < 600 and not about_us else TryLater(text)


def _said(error: Exception) -> str:
    """Return what an error tells a person."""
    if isinstance(error, smtplib.SMTPResponseException):
        return brief(f"{error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, OSError) and error.strerror:
        return brief(error.strerror)
    return brief(str(error)) or type(error).__name__


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
