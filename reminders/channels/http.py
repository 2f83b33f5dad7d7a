"""What an answer by HTTP means, or the lack of one."""

import ssl

import requests
from urllib3.exceptions import NewConnectionError

from reminders.channels import Refused, TryLater, Uncertain
from reminders.troubles import (
    ANSWERED,
    LINE_CUT,
    NO_CERTIFICATE,
    NO_LINE,
    NOT_IN_TIME,
    NOT_REACHED,
    TIMED_OUT,
)
from schedules.sentences import stored

# These are about us, the address we were given, or the moment; the message itself may be well.
NOT_ABOUT_THE_MESSAGE = {401, 402, 403, 404, 405, 407, 408, 409, 421, 425, 429}


def meaning_of_answer(who: str, status: int, said: str) -> Refused | TryLater:
    """Return what an answer other than 2xx means; `said` is its text, for people."""
    text = stored(ANSWERED, who=who, said=f"{status}: {brief(said)}" if said else status)
    about_the_message = 400 <= status < 500 and status not in NOT_ABOUT_THE_MESSAGE
    return Refused(text) if about_the_message else TryLater(text)


def meaning_of_silence(who: str, error: requests.RequestException) -> TryLater:
    """Return what it means that no answer came."""
    if isinstance(error, requests.ConnectTimeout):
        return TryLater(stored(NOT_REACHED, who=who, why=TIMED_OUT))
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TryLater(stored(NO_CERTIFICATE, who=who, why=cause.verify_message))
        if isinstance(cause, NewConnectionError):
            reasons = [one.strerror for one in causes if isinstance(one, OSError) and one.strerror]
            return TryLater(stored(NOT_REACHED, who=who, why=[NO_LINE, *reasons][-1]))
    if isinstance(error, requests.Timeout):
        return Uncertain(stored(NOT_IN_TIME, who=who))
    return Uncertain(stored(LINE_CUT, who=who))


def causes_of(error: BaseException) -> list[BaseException]:
    """Return the error and what led to it, the outermost first."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def brief(said: str) -> str:
    """Return what the other side said, as one line of no more than 200 characters."""
    line = " ".join(said.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
