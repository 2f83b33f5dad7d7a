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

MOST_ANSWERS: Final = 20_000  # of one process; then another takes over
MOST_LOSSES: Final = 3  # over one file
_ROOT: Final = Path(__file__).parents[2]

Job = dict[str, Any]
Answer = list[Any]


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read: an instance, or a ZIP archive of some."""

    path: Path

    @property
    def name(self) -> str:
        return os.fsencode(self.path).decode(errors="replace")


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

    def read(self, files: Sequence[File]) -> list[list[Outcome]]:
        """Return what became of each file; of an archive, of each in there.

        Whatever brings the process down is refused for it, and the rest is read by another.
        """
        found: list[list[Outcome]] = [[] for _ in files]
        at = losses = 0
        while at < len(files):
            try:
                jobs: list[Job] = [{"path": str(file.path.absolute())} for file in files[at:]]
                jobs[0]["skip"] = len(found[at])
                self._ask(jobs)
                last: Header | None = None
                while at < len(files):
                    for answer in self._answers():
                        last, outcome = _outcome(files[at], answer, last)
                        found[at].append(outcome)
                    at, losses = at + 1, 0
            except Lost as lost:
                found[at].append(Outcome(files[at].name, Refused(str(lost))))
                losses += 1
                if losses == MOST_LOSSES:
                    at, losses = at + 1, 0
        if self._answered > MOST_ANSWERS:
            self.end()
        return found

    def listed(self, path: Path) -> frozenset[str]:
        """Return the files that a DICOMDIR lists, their folders parted by backslashes.

        Raises:
            Refused: it is none, or broken.
        """
        try:
            self._ask([{"path": str(path.absolute()), "lists": True}])
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

    def _ask(self, jobs: list[Job]) -> None:
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
        request = memoryview(json.dumps(jobs).encode() + b"\n")
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
        answers, until = self._running.stdout.fileno(), monotonic() + self.seconds
        waiting = select.poll()
        waiting.register(answers, select.POLLIN)
        while b"\n" not in self._unread:
            if not waiting.poll(max(0, until - monotonic()) * 1000):
                self.end()
                raise Lost("too_slow")
            if not (more := os.read(answers, 1 << 16)):
                self.end()
                raise Lost("killed")
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        answer: Answer = json.loads(line)
        return answer


def _outcome(file: File, answer: Answer, last: Header | None) -> tuple[Header | None, Outcome]:
    """Return the header that the next answer may refer to, and the outcome."""
    inside, says, *values = answer
    name = f"{file.name}: {inside}" if inside else file.name
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
