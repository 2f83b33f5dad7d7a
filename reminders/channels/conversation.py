"""What is said to a mail server to hand over one mail, in as few turns as the server allows.

Most servers offer PIPELINING (RFC 2920): they read the sender, the recipient and the wish to write
in one go, and their answers come in one go, each in its turn. smtplib waits for each.
"""

import re
import smtplib


class NoAnswer(Exception):
    """The text went out, and the line was cut before the server answered."""


class Conversation:
    """Begun at once, with what needs no answer yet; the text leaves at `finish` alone.

    After any error the line must be closed: there may be answers on it that would be taken for
    those to the next mail, and a server that waits for a text drops what has no end.
    """

    def __init__(self, line: smtplib.SMTP, sender: str, recipient: str, text: bytes) -> None:
        line.ehlo_or_helo_if_needed()
        size = f" SIZE={len(text)}" if line.has_extn("size") else ""
        self._line, self._sender, self._recipient, self._text = line, sender, recipient, text
        self._to_say = [
            f"MAIL FROM:<{sender}>{size}\r\n",
            f"RCPT TO:<{recipient}>\r\n",
            "DATA\r\n",
        ]
        self._say(len(self._to_say) if line.has_extn("pipelining") else 1)

    def finish(self) -> None:
        """Return when the server has taken the mail.

        Raises:
            NoAnswer: it may have been taken.
            smtplib.SMTPException: it was not taken.
        """
        code, said = self._answer()
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, said, self._sender)
        code, said = self._answer()
        if code not in (250, 251):
            raise smtplib.SMTPRecipientsRefused({self._recipient: (code, said)})
        code, said = self._answer()
        if code != 354:
            raise smtplib.SMTPDataError(code, said)
        code, said = self._answer_to_text()
        if code != 250:
            raise smtplib.SMTPDataError(code, said)

    def _say(self, commands: int) -> None:
        now, self._to_say = self._to_say[:commands], self._to_say[commands:]
        self._line.send("".join(now))  # at once: the network holds back a second piece

    def _answer(self) -> tuple[int, bytes]:
        """Return the answer to the next command, and say the one after it if that had to wait."""
        answer = self._line.getreply()
        if self._to_say and answer[0] in (250, 251):
            self._say(1)
        return answer

    def _answer_to_text(self) -> tuple[int, bytes]:
        end = b".\r\n" if self._text.endswith(b"\r\n") else b"\r\n.\r\n"
        text = re.sub(rb"(?m)^\.", b"..", self._text) + end
        try:
            self._line.send(text)
            return self._line.getreply()
        except OSError as error:
            raise NoAnswer from error
