"""HL7 v2 over MLLP: one message, and then its answer (HL7 v2.5.1, chapter 2.9.2, and appendix C).

The client that the `hl7` package brings has no end to its waiting, sends a part of a message where
the line is slow, and takes a part of an answer for all of it.
"""

import select
import socket
import ssl
from time import monotonic
from types import TracebackType
from typing import Self

import hl7
from django.conf import settings
from hl7.exceptions import HL7Exception

from reminders import troubles
from reminders.channels import RecipientBusy, Refused, TryLater, Uncertain
from reminders.channels.http import brief
from schedules.sentences import stored
from surveillance.outgoing.connecting import NotAllowed, connect

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20
MOST_BYTES = 1 << 16  # of an answer; the usual has two hundred
BEGIN, END, RETURN = b"\x0b", b"\x1c", b"\r"

_TAKEN = {"AA", "CA"}
_REFUSED_FOR_NOW = {"AE", "CE"}
_REFUSED = {"AR", "CR"}


class MllpLine:
    """A connection to one receiver: opened when first needed, and again after it was cut."""

    who = troubles.RECEIVER

    def __init__(self, host: str, port: int, *, tls: bool, codec: str) -> None:
        self._host, self._port, self._tls, self._codec = host, port, tls, codec
        self._socket: socket.socket | None = None
        self._before = ""  # the control id of what was sent last over this connection
        self._come = b""  # and what has come over it, and was not read yet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect, unless it is connected; raise `TryLater` where nobody is there."""
        if self._socket and self._is_quiet(self._socket):
            return
        self.close()
        try:
            self._socket = self._connected()
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message
            raise TryLater(stored(troubles.NO_CERTIFICATE, who=self.who, why=why)) from error
        except NotAllowed as error:
            raise TryLater(str(error)) from error
        except TimeoutError as error:
            raise TryLater(
                stored(troubles.NOT_REACHED, who=self.who, why=troubles.TIMED_OUT)
            ) from error
        except (OSError, UnicodeError) as error:
            raise TryLater(stored(troubles.NOT_REACHED, who=self.who, why=_said(error))) from error

    def send(self, control_id: str, text: str) -> None:
        """Return when the receiver says that it has taken the message of that control id.

        Raises:
            Refused: it says that it never will.
            RecipientBusy: it says that it did not take it, for now.
            Uncertain: no answer came that can be believed.
            TryLater: it cannot be reached; nothing went out.
        """
        self.open()
        is_used = bool(self._before)
        try:
            try:
                code, answers, said = self._exchange(control_id, text)
            except ConnectionError:
                if not is_used:
                    raise
                self.close()  # some hang up after each answer, and this one was about to
                self.open()
                code, answers, said = self._exchange(control_id, text)
        except TimeoutError as error:
            self.close()
            raise Uncertain(stored(troubles.NOT_IN_TIME, who=self.who)) from error
        except (OSError, TryLater) as error:
            self.close()
            raise Uncertain(stored(troubles.LINE_CUT, who=self.who)) from error
        except ValueError as error:
            self.close()
            raise Uncertain(stored(troubles.NO_ANSWER, who=self.who, why=error)) from error
        if answers != control_id:
            self.close()
            raise Uncertain(stored(troubles.ANOTHER_ANSWERED, who=self.who))
        if code in _REFUSED:
            told = f"{code} {said}".rstrip()
            raise Refused(stored(troubles.REFUSES, who=self.who, said=told))
        if code in _REFUSED_FOR_NOW:
            told = f"{code} {said}".rstrip()
            raise RecipientBusy(stored(troubles.DID_NOT_TAKE, who=self.who, said=told))

    def _exchange(self, control_id: str, text: str) -> tuple[str, str, str]:
        line, until = self._socket, monotonic() + ANSWER_SECONDS
        assert line is not None  # it is open
        before, self._before = self._before, control_id
        line.settimeout(ANSWER_SECONDS)
        line.sendall(BEGIN + text.encode(self._codec, "replace") + END + RETURN)
        while True:
            told = self._answer(line, until)
            if not before or told[1] != before:  # some answer twice
                return told

    def close(self) -> None:
        line, self._socket, self._before, self._come = self._socket, None, "", b""
        if line:
            line.close()

    def _connected(self) -> socket.socket:
        line = connect(self._host, self._port, CONNECT_SECONDS)
        if not self._tls:
            return line
        try:
            context = ssl.create_default_context(cafile=settings.MLLP_TLS_CA or None)
            if settings.MLLP_TLS_CERT:
                context.load_cert_chain(settings.MLLP_TLS_CERT, settings.MLLP_TLS_KEY or None)
            return context.wrap_socket(line, server_hostname=self._host)
        except BaseException:
            line.close()
            raise

    def _is_quiet(self, line: socket.socket) -> bool:
        """Whether nothing came unasked: neither an end of the line nor one more answer."""
        return not self._come and not select.select([line], [], [], 0)[0]

    def _answer(self, line: socket.socket, until: float) -> tuple[str, str, str]:
        """Return the next answer's code, the control id that it answers, and what it says."""
        while END + RETURN not in self._come:
            if (seconds := until - monotonic()) <= 0:
                raise TimeoutError
            line.settimeout(seconds)
            part = line.recv(4096)
            if not part and END in self._come:  # some leave the last sign out, and hang up
                break
            if not part:
                raise ConnectionResetError
            self._come += part
            if len(self._come) > MOST_BYTES:
                raise ValueError(troubles.NO_END)
        frame, __, rest = self._come.partition(END)
        self._come = rest.removeprefix(RETURN)
        return read_answer(frame.lstrip(b"\r\n"), self._codec)


def read_answer(frame: bytes, codec: str) -> tuple[str, str, str]:
    """Return an acknowledgement's code (MSA-1), what it answers (MSA-2), and its words.

    A ValueError says why it is none.
    """
    if not frame.startswith(BEGIN):
        raise ValueError(troubles.NO_BEGINNING)
    text = frame[1:].decode(codec, "replace").replace("\r\n", "\r").replace("\n", "\r")
    try:
        answer = hl7.parse(text)
        code, answers = (str(answer.segment("MSA")(number)).strip() for number in (1, 2))
    except (HL7Exception, LookupError, AssertionError, ValueError) as error:
        raise ValueError(troubles.NO_MSA) from error
    if code not in _TAKEN | _REFUSED_FOR_NOW | _REFUSED:
        raise ValueError(troubles.NO_CODE)
    return code, answers, brief(" ".join(_words(answer)))


def _words(answer: hl7.Message) -> list[str]:
    """Return what it says to people: MSA-3, and the error's text, code and place (ERR-8, 3, 2)."""
    found = []
    for name, number in (("MSA", 3), ("ERR", 8), ("ERR", 7), ("ERR", 3), ("ERR", 1)):
        try:
            said = answer.unescape(str(answer.segment(name)(number)))
        except (LookupError, ValueError):
            continue
        if said.strip() and said not in found:
            found.append(said.strip())
    return found


def _said(error: Exception) -> str:
    return brief(getattr(error, "strerror", None) or str(error)) or type(error).__name__
