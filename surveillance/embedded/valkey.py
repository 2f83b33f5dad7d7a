"""The embedded Valkey, which is Redis to its clients."""

import signal
from pathlib import Path

import redis

from surveillance.embedded.server import Server
from surveillance.embedded.wheels import valkey_program


class Valkey(Server):
    """Valkey, which as Celery's broker may not forget a task: it never evicts, it refuses."""

    title = "Valkey"
    program = "valkey-server"
    stop_signal = signal.SIGTERM

    def initialise(self, password: str) -> None:
        """An empty folder is all it needs."""

    def command(self, port: int) -> list[str | Path]:
        return [valkey_program(), "-"]

    def configuration(self, port: int, password: str) -> str:
        return f"""
            bind 127.0.0.1
            port {port}
            requirepass {password}
            maxmemory-policy noeviction
            appendonly {"yes" if self.durable else "no"}
            save ""
        """

    def url(self, port: int, password: str) -> str:
        return f"redis://:{password}@127.0.0.1:{port}/0"

    def answers(self, url: str) -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
