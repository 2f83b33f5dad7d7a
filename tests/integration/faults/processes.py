"""The product's own processes, each in a process group of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CELERY = ("-m", "celery", "-A", "surveillance")
WORKER = (*CELERY, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip")
BEAT = (*CELERY, "beat", "--scheduler", "celery.beat.Scheduler")
TELLS = "--loglevel=INFO"


class Process:
    """One that this Python runs, as docker-compose.yml does."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._words = words
        self._environment = {**environment, "PATH": os.environ["PATH"]}
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *self._words],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it and its children at once: none of them hears of it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class Crew:
    """Starts processes; at the end of `with` none of them is left."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment, self._folder = environment, folder
        self._started: list[Process] = []
        self.started_again = 0

    def worker(self, name: str = "worker", **environment: str) -> Process:
        return self.start(name, *WORKER, TELLS, "--hostname", f"{name}@%h", **environment)

    def beat(self, name: str = "beat", **environment: str) -> Process:
        return self.start(name, *BEAT, TELLS, **environment)

    def start(self, name: str, *words: str, **environment: str) -> Process:
        """Start `python WORDS`, which writes its log to `NAME.log`."""
        log = self._folder / f"{name}.log"
        process = Process(words, {**self.environment, **environment}, log)
        self._started.append(process)
        return process

    def start_the_dead_again(self) -> bool:
        """As compose does (`restart: unless-stopped`); return whether nobody had died."""
        dead = [process for process in self._started if not process.lives]
        for process in dead:
            process.start()
            self.started_again += 1
        return not dead

    def leave(self) -> None:
        for process in self._started:
            if process.lives:
                process.kill()


@contextmanager
def crew(environment: Mapping[str, str], folder: Path) -> Iterator[Crew]:
    people = Crew(environment, folder)
    try:
        yield people
    finally:
        people.leave()


def wait_until(
    condition: Callable[[], bool], *, seconds: float, otherwise: Callable[[], str] = lambda: ""
) -> None:
    """Wait until it is so; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.02)
