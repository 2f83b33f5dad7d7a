"""The embedded PostgreSQL."""

import signal
import tempfile
from pathlib import Path

import psycopg2

from surveillance.embedded.account import hand_over
from surveillance.embedded.server import Server
from surveillance.embedded.wheels import postgres_programs

USER = "surveillance"


class Postgres(Server):
    """PostgreSQL over TCP only: a socket in a deep folder would exceed the 107 bytes of a name."""

    title = "PostgreSQL"
    program = "postgres"
    stop_signal = signal.SIGINT  # "fast": disconnects clients instead of waiting for them

    def initialise(self, password: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent) as password_file:
            password_file.write(password)
            password_file.flush()
            hand_over(Path(password_file.name))
            self.run_to_end(
                [
                    postgres_programs() / "initdb",
                    f"--pgdata={self.folder}",
                    f"--username={USER}",
                    f"--pwfile={password_file.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",  # the same order and case rules on every machine
                    *([] if self.durable else ["--no-sync"]),
                ]
            )

    def command(self, port: int) -> list[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [postgres_programs() / "postgres", "-D", self.folder, *options]

    def configuration(self, port: int, password: str) -> str:
        return ""

    def url(self, port: int, password: str) -> str:
        return f"postgres://{USER}:{password}@127.0.0.1:{port}/postgres"

    def answers(self, url: str) -> bool:
        try:
            psycopg2.connect(url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _clear_folder(self) -> None:
        super()._clear_folder()
        # Left by a crash, it stops PostgreSQL when its number is some other program's by now.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
