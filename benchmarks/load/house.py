"""The house: servers, a mail server, and the product's processes, each started again if it dies."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import django

from surveillance.demo.run import programs
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Crew, Process, crew
from tests.integration.faults.servers import Servers

STARTS_WITHIN = 60.0  # seconds, as is the next one
LOOKS_EVERY = 0.5
SWEEP_EVERY = 10  # seconds; a minute where nobody waits for the end of a run


class House:
    """What runs, by name: web, worker, beat, watchdog and dicom, of the demo's own commands."""

    def __init__(self, servers: Servers, post_office: PostOffice, crew: Crew, folder: Path) -> None:
        self.servers, self.post_office, self.folder = servers, post_office, folder
        self._crew = crew
        self.port, self.dicom_port = _free_port(), _free_port()
        self._processes: dict[str, Process] = {}
        self._down: set[str] = set()
        self.ended: list[str] = []
        """What has died by itself, each time."""

    def open(self) -> None:
        """Start all, and wait until web and DICOM answer."""
        for program in programs(self.port, self.dicom_port):
            self._processes[program.name] = self._crew.start(program.name, *program.arguments)
        for port in (self.port, self.dicom_port):
            deadline = time.monotonic() + STARTS_WITHIN
            while not _answers(port):
                if time.monotonic() > deadline:
                    raise SystemExit(f"Nothing answers on port {port}: see {self.folder}")
                time.sleep(0.2)

    def kill(self, name: str) -> None:
        """End a process and its children at once, and leave it so."""
        self._down.add(name)
        self._processes[name].kill()

    def start_again(self, name: str, **environment: str) -> None:
        """Start what was killed, or another in its place that has more in its environment."""
        self._down.discard(name)
        if not environment:
            self._processes[name].start()
            return
        [program] = [one for one in programs(self.port, self.dicom_port) if one.name == name]
        self._processes[name] = self._crew.start(name, *program.arguments, **environment)

    def keep_for(self, seconds: float) -> None:
        """Wait, and start again what has died by itself, as compose does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._keep()
            time.sleep(LOOKS_EVERY)

    def _keep(self) -> None:
        dead = [
            name
            for name, process in self._processes.items()
            if name not in self._down and not process.lives
        ]
        for name in dead:
            with suppress(ProcessLookupError):
                self._processes[name].kill()  # children of it, which would hold its port
            self._processes[name].start()
        self.ended += dead


@contextmanager
def house(folder: Path, **settings: str) -> Iterator[House]:
    """Set servers and mail up, and Django in this process; at the end nothing of it is left."""
    servers = Servers(folder)
    with PostOffice() as post_office:
        try:
            environment = {
                "DATABASE_URL": servers.database_url,
                "REDIS_URL": servers.redis_url,
                "SECRET_KEY": "only-for-this-run-" * 3,
                "EMAIL_URL": f"smtp://127.0.0.1:{post_office.port}",
                "DEFAULT_FROM_EMAIL": "surveillance@example.org",
                "SITE_URL": "https://surveillance.example.org",
                "ALLOWED_HOSTS": "127.0.0.1",
                "DEMO": "true",  # no TLS stands in front
                "SWEEP_EVERY_SECONDS": str(SWEEP_EVERY),
                **settings,
            }
            os.environ.update(environment, DJANGO_SETTINGS_MODULE="surveillance.settings")
            django.setup()
            from django.core.management import call_command  # needs the settings

            call_command("migrate", verbosity=0)
            with crew(environment, folder) as people:
                yield House(servers, post_office, people, folder)
        finally:
            from django.db import connection

            connection.close()
            servers.discard()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
