"""PostgreSQL and Redis as Debian packages them, in folders and on ports of their own.

What belongs to the packages' own services is not touched.
"""

import shutil
import tempfile
from pathlib import Path

import pytest

from surveillance.embedded.account import hand_over
from surveillance.embedded.postgres import USER, Postgres
from surveillance.embedded.valkey import Valkey
from tests.containers import command_of


def postgres_programs() -> Path:
    """The newest of Debian's; without one the test is skipped."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not found:
        pytest.skip("Debian's postgresql is not installed")
    return found[-1]


def redis_program() -> str:
    """Debian's; without it the test is skipped."""
    found = shutil.which("redis-server")
    if not found:
        pytest.skip("Debian's redis-server is not installed")
    return found


class DebianPostgres(Postgres):
    """As the image makes it, but for the order of letters, which PostgreSQL 15 takes from libc."""

    def initialise(self, password: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.folder.parent) as password_file:
            password_file.write(password)
            password_file.flush()
            hand_over(Path(password_file.name))
            how = [f"--username={USER}", f"--pwfile={password_file.name}", "--no-sync"]
            how += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
            self.run_to_end([postgres_programs() / "initdb", f"--pgdata={self.folder}", *how])

    def command(self, port: int) -> list[str | Path]:
        return [postgres_programs() / "postgres", *super().command(port)[1:]]


class DebianRedis(Valkey):
    """With the flags that compose gives to Valkey, behind a password."""

    title = "Redis"
    program = "redis-server"

    def command(self, port: int) -> list[str | Path]:
        return [redis_program(), *command_of("redis")[1:], "-"]

    def configuration(self, port: int, password: str) -> str:
        return f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
