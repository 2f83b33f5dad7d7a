"""Runs programs side by side until told to stop, and leaves none of them behind.

Each program runs in a session of its own: the terminal's Ctrl-C reaches only the supervisor,
which then ends the programs in order. What it started is on record, so that after a kill -9
the next run can end what the killed one left.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psutil

START_SECONDS = 60
STOP_SECONDS = 15
LOG_LINES_SHOWN = 10


@dataclass(frozen=True)
class Program:
    """Something for this Python to run, in a process of its own."""

    name: str
    arguments: Sequence[str]
    is_ready: Callable[[], bool] = lambda: True


class StopRequested(Exception):
    """Somebody asked for the end: Ctrl-C, a kill, or the terminal was closed."""


class ProgramFailed(Exception):
    """A program did not do what it should; the message ends with its log's last lines."""


class Supervisor:
    """Starts programs in order, and ends them in reverse when its `with` block is left."""

    def __init__(self, record: Path, log_dir: Path) -> None:
        self._record = record
        self._log_dir = log_dir
        self._running: list[tuple[Program, psutil.Popen]] = []
        self._stop_requested = False

    def __enter__(self) -> Self:
        # A handler that only takes a note can interrupt neither the moment between a program's
        # start and its entry in the record, nor the clean-up at the end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            signal.signal(signal.SIGHUP, self._request_stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for _, process in reversed(self._running):
            end(process)
        self._record.unlink(missing_ok=True)

    def run(self, program: Program) -> None:
        """Runs a program that ends by itself, and must end well."""
        process = self._launch(program)
        while process.poll() is None:
            self._pause()
        self._running.pop()
        if process.returncode != 0:
            raise self._failure(program, f"failed with exit code {process.returncode}")

    def start(self, program: Program) -> None:
        """Starts a program that is to run until the end, and waits until it is ready."""
        self._launch(program)
        deadline = time.monotonic() + START_SECONDS
        while not program.is_ready():
            if time.monotonic() > deadline:
                raise self._failure(program, f"is not ready after {START_SECONDS} seconds")
            self._watch_once()

    def watch(self) -> None:
        """Watches what was started until it is to stop, or one of them ends by itself."""
        while True:
            self._watch_once()

    def _launch(self, program: Program) -> psutil.Popen:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        with self._log(program).open("wb") as log:
            process = psutil.Popen(
                [sys.executable, *program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((program, process))
        started = [[process.pid, process.create_time()] for _, process in self._running]
        self._record.write_text(json.dumps(started))
        return process

    def _watch_once(self) -> None:
        for program, process in self._running:
            if process.poll() is not None:
                raise self._failure(program, f"ended with exit code {process.returncode}")
        self._pause()

    def _pause(self) -> None:
        time.sleep(0.1)
        if self._stop_requested:
            raise StopRequested

    def _log(self, program: Program) -> Path:
        return self._log_dir / f"{program.name}.log"

    def _failure(self, program: Program, what: str) -> ProgramFailed:
        log = self._log(program)
        last_lines = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return ProgramFailed("\n".join([f"{program.name} {what}, log: {log}", *last_lines]))

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True


def end_leftovers(record: Path) -> None:
    """Ends what a killed supervisor left running, and nothing that has got its number since."""
    if not record.exists():
        return
    for pid, created in reversed(json.loads(record.read_text())):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            # To the second: the clock that the kernel's ticks are added to gets adjusted.
            if abs(process.create_time() - created) < 1:
                end(process)
    record.unlink()


def end(process: psutil.Process) -> None:
    """Lets a program finish in order; after that nothing of its session remains."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: a container's first process, which inherits it, may never collect it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
