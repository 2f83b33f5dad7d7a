"""One process that reads (`imaging.headers.worker`), and what becomes of what it cannot survive."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final

from imaging.headers.header import Header, Refused
from imaging.headers.kept import from_kept
from imaging.headers.reading import READ

MOST_ANSWERS: Final = 20_000  # of one process; then another takes over
MOST_LOSSES: Final = 3  # of one source
_ROOT: Final = Path(__file__).parents[2]

Answer = list[Any]


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read: an instance, or a ZIP archive of some."""

    path: Path

    @property
    def name(self) -> str:
        return os.fsencode(self.path).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A dataset as a peer sent it, with the UID of its transfer syntax."""

    data: bytes
    transfer_syntax: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instance; `name` says to people where it was found."""

    name: str
    found: Header | Refused


class Lost(Exception):
    """The process ended, or took too long and was ended."""


class Process:
    """Starts when it is needed. `seconds` bound the time until its next answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: subprocess.Popen[bytes] | None = None
        self._answered = 0
        self._unread = b""

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running else None

    def read(self, sources: Sequence[File | Encoded]) -> list[list[Outcome]]:
        """Return what became of each source; of an archive, of each of its files."""
        found = self._read(sources, most=READ[0])
        for number, source in enumerate(sources):
            if isinstance(source, Encoded) and _asks_for_more(found[number][0]):
                [found[number]] = self._read([source], most=READ[-1])
        if self._answered > MOST_ANSWERS:
            self.end()
        return found

    def listed(self, path: Path) -> frozenset[str]:
        """Return the files that a DICOMDIR lists, their folders parted by backslashes.

        Raises:
            Refused: it is none, or broken.
        """
        try:
            self._ask([{"path": str(path), "lists": True}], b"")
            answers = list(self._answers())
        except Lost as lost:
            raise Refused(str(lost)) from lost
        for _, says, *values in answers:
            if says == "refused":
                raise Refused(values[0], **values[1])
        return frozenset(name for name, *_ in answers)

    def end(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
        self._running, self._unread, self._answered = None, b"", 0

    def _read(self, sources: Sequence[File | Encoded], most: int) -> list[list[Outcome]]:
        """Read, of what is encoded only the beginning. Whatever ends the process is left out."""
        found: list[list[Outcome]] = [[] for _ in sources]
        at = losses = 0
        while at < len(sources):
            try:
                jobs = [_job(source, most) for source in sources[at:]]
                jobs[0]["skip"] = len(found[at])
                encoded = [one.data[:most] for one in sources[at:] if isinstance(one, Encoded)]
                self._ask(jobs, b"".join(encoded))
                last: Header | None = None
                while at < len(sources):
                    for answer in self._answers():
                        last, outcome = _outcome(sources[at], answer, last)
                        found[at].append(outcome)
                    at, losses = at + 1, 0
            except Lost as lost:
                found[at].append(Outcome(sources[at].name, Refused(str(lost))))
                losses += 1
                if losses == MOST_LOSSES:
                    at, losses = at + 1, 0
        return found

    def _ask(self, jobs: list[dict[str, Any]], data: bytes) -> None:
        if self._running is None:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "imaging.headers.worker"],
                cwd=_ROOT,
                env={"PYTHONUTF8": "1"},  # and no secrets
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a traceback would quote patients
                bufsize=0,
            )
        assert self._running.stdin
        request = memoryview(json.dumps(jobs).encode() + b"\n" + data)
        try:
            while request:
                request = request[self._running.stdin.write(request) :]
        except BrokenPipeError as error:
            self.end()
            raise Lost("killed") from error

    def _answers(self) -> Iterator[Answer]:
        """Yield the answers to one job.

        Raises:
            Lost: there is no process any more to answer.
        """
        while answer := self._answer():
            self._answered += 1
            yield answer

    def _answer(self) -> Answer:
        assert self._running
        assert self._running.stdout
        until = monotonic() + self.seconds
        while b"\n" not in self._unread:
            wait = max(0, until - monotonic())
            if not select.select([self._running.stdout], [], [], wait)[0]:
                self.end()
                raise Lost("too_slow")
            if not (more := os.read(self._running.stdout.fileno(), 1 << 16)):
                self.end()
                raise Lost("killed")
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        answer: Answer = json.loads(line)
        return answer


def _job(source: File | Encoded, most: int) -> dict[str, Any]:
    if isinstance(source, File):
        return {"path": str(source.path.absolute())}
    return {
        "syntax": source.transfer_syntax,
        "size": min(most, len(source.data)),
        "is_beginning": most == READ[0] and len(source.data) > most,
    }


def _outcome(
    source: File | Encoded, answer: Answer, last: Header | None
) -> tuple[Header | None, Outcome]:
    """Return the header that the next answer may refer to, and the outcome."""
    inside, says, *values = answer
    name = f"{source.name}: {inside}" if inside else source.name
    if says == "refused":
        return last, Outcome(name, Refused(values[0], **values[1]))
    if says == "same":
        assert last is not None
        header = replace(last, sop_uid=values[0])
    else:
        study_uid, series_uid, sop_uid, kept = values
        header = from_kept(kept, study_uid=study_uid, series_uid=series_uid)
        header = replace(header, sop_uid=sop_uid)
    return header, Outcome(name, header)


def _asks_for_more(outcome: Outcome) -> bool:
    return isinstance(outcome.found, Refused) and outcome.found.key == "more_needed"
