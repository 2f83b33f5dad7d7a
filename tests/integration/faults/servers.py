"""A PostgreSQL and a Valkey that may be stopped on the spot, and come back at the same address."""

import signal
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import redis

from surveillance.embedded.postgres import Postgres
from surveillance.embedded.server import Server
from surveillance.embedded.valkey import Valkey


class SuddenPostgres(Postgres):
    """Stops as by `pg_ctl stop -m immediate`: no goodbye, and a recovery when it starts again."""

    stop_signal = signal.SIGQUIT

    def command(self, port: int) -> list[str | Path]:
        # What it has written outlives it, for the machine stays up: only a power cut needs fsync.
        return [*super().command(port), "-c", "fsync=off"]


class SuddenValkey(Valkey):
    """Stops as by a power cut."""

    stop_signal = signal.SIGKILL

    def tell(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        process = self._process()
        assert process
        process.send_signal(number)


class Servers:
    """What the house stands on, in `folder`, until `discard`."""

    def __init__(self, folder: Path) -> None:
        self._postgres, self._valkey = SuddenPostgres(folder), SuddenValkey(folder)
        self.database_url = self._postgres.start()
        self.redis_url = self._valkey.start()

    def stop_postgres(self) -> None:
        self._postgres.stop()

    def start_postgres(self) -> None:
        _start(self._postgres, self.database_url)

    def flush_valkey(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()

    def stop_valkey(self) -> None:
        self._valkey.stop()

    def start_valkey(self) -> None:
        _start(self._valkey, self.redis_url)

    def hang_valkey(self) -> None:
        """Let it answer nobody, and hold on to all connections."""
        self._valkey.tell(signal.SIGSTOP)

    def wake_valkey(self) -> None:
        self._valkey.tell(signal.SIGCONT)

    def discard(self) -> None:
        self._valkey.discard()
        self._postgres.discard()


def _start(server: Server, url: str) -> None:
    """Start a server where its clients know it to be."""
    port = urlsplit(url).port
    with patch("surveillance.embedded.server._free_port", return_value=port):
        assert server.start() == url
