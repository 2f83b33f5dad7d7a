"""A server that is started once and found again by whoever comes later.

It is known by its process ID *and* its working folder, which it never leaves and no other
program uses: after a crash the number alone may belong to a stranger.
"""

import contextlib
import json
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import psutil

from surveillance.embedded.account import hand_over, make_passable, run_as
from surveillance.embedded.errors import EmbeddedError
from surveillance.embedded.paths import server_home
from surveillance.embedded.private import write_private

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Record:
    """What later processes must know of a server that was started."""

    pid: int
    port: int
    password: str


class Server(ABC):
    """One server with its data, on a free port of 127.0.0.1 and behind a random password.

    The caller sees to it that nobody else starts or stops the same one at the same moment.
    """

    title: ClassVar[str]
    program: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.durable = durable
        self.folder = server_home(data_dir) / self.program
        self.log = data_dir / "log" / f"{self.program}.log"
        self._record_file = data_dir / f"{self.program}.json"
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def initialise(self, password: str) -> None:
        """Makes what the server needs in its new, empty folder."""

    @abstractmethod
    def command(self, port: int) -> list[str | Path]:
        """How to start it."""

    @abstractmethod
    def configuration(self, port: int, password: str) -> str:
        """What it reads from its standard input: there, no process list shows it."""

    @abstractmethod
    def url(self, port: int, password: str) -> str:
        """Where clients find it, password included."""

    @abstractmethod
    def answers(self, url: str) -> bool:
        """Whether it serves clients."""

    def start(self) -> str:
        """Its address; it is started unless it runs already."""
        url = self._url_once_it_answers()
        if url is None and self._process() is None:
            try:
                self._launch()
            except OSError as error:
                raise EmbeddedError(f"{self.title} cannot be started: {error}") from error
            url = self._url_once_it_answers()
        if url is None:
            raise self._failure()
        return url

    def stop(self) -> None:
        """Lets it finish in order, and leaves no process of it."""
        deadline = time.monotonic() + STOP_SECONDS
        if process := self._process():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(self.stop_signal)
        while self._process() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._clear_folder()
        if self._child:
            self._child.wait()

    def discard(self) -> None:
        """Stops it and deletes its data, and root's home of them with the last."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._record_file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()

    def run_to_end(self, command: list[str | Path]) -> None:
        """Runs a program of the server's in its folder, as its account, into its log."""
        with self.log.open("wb") as log:
            done = subprocess.run(
                command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, **run_as()
            )
        if done.returncode != 0:
            raise self._failure()

    def _launch(self) -> None:
        self._clear_folder()
        self.log.parent.mkdir(exist_ok=True)
        password = self._known_password() or self._fresh_folder()
        port = _free_port()
        with self.log.open("wb") as log, tempfile.TemporaryFile() as configuration:
            configuration.write(self.configuration(port, password).encode())
            configuration.seek(0)
            self._child = subprocess.Popen(
                self.command(port),
                cwd=self.folder,
                stdin=configuration,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, not for the server
                **run_as(),
            )
        write_private(
            self._record_file, json.dumps(asdict(Record(self._child.pid, port, password)))
        )

    def _known_password(self) -> str | None:
        record = self._record()
        return record.password if record and self.folder.exists() else None

    def _fresh_folder(self) -> str:
        """Begins anew. Without its password, a folder is one that never got as far as a start."""
        shutil.rmtree(self.folder, ignore_errors=True)
        make_passable(self.folder.parent)
        self.folder.mkdir(mode=0o700)
        hand_over(self.folder)
        password = secrets.token_hex(16)
        self.initialise(password)
        return password

    def _url_once_it_answers(self) -> str | None:
        """Its address, or nothing when it does not run, or dies before it serves anyone."""
        deadline = time.monotonic() + START_SECONDS
        while self._process() and time.monotonic() < deadline:
            record = self._record()
            if record and self.answers(url := self.url(record.port, record.password)):
                return url
            time.sleep(0.02)
        return None

    def _process(self) -> psutil.Process | None:
        """The running server, whoever started it."""
        record = self._record()
        if record is None:
            return None
        try:
            process = psutil.Process(record.pid)
            is_ours = process.name() == self.program and process.cwd() == str(self.folder)
        except psutil.Error:
            return None
        return process if is_ours else None

    def _record(self) -> Record | None:
        try:
            return Record(**json.loads(self._record_file.read_text()))
        except FileNotFoundError:
            return None

    def _clear_folder(self) -> None:
        """Ends what a killed server left behind: its children, which keep hold of its memory."""
        deadline = time.monotonic() + STOP_SECONDS
        while (left := self._all_processes()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.02)

    def _all_processes(self) -> list[psutil.Process]:
        return [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if process.info["name"] == self.program and process.info["cwd"] == str(self.folder)
        ]

    def _failure(self) -> EmbeddedError:
        lines = self.log.read_text(errors="replace").splitlines()
        # The first complaint is the cause, save PostgreSQL's to us for asking too early.
        complaint = re.compile("(fatal|panic|error)(?!.*starting up)", re.IGNORECASE)
        causes = [line for line in lines if complaint.search(line)]
        why = (causes or lines[-1:] or ["it said nothing"])[0].strip()
        return EmbeddedError(f"{self.title} did not start: {why} (log: {self.log})")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
