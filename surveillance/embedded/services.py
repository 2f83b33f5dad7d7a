"""Both servers together, for as long as somebody uses them."""

import fcntl
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from surveillance.embedded.locks import exclusive, open_lock, try_exclusive
from surveillance.embedded.postgres import Postgres
from surveillance.embedded.valkey import Valkey


@dataclass(frozen=True)
class Services:
    """Where the two servers are."""

    database_url: str
    redis_url: str


@contextmanager
def services(data_dir: Path) -> Iterator[Services]:
    """The servers of a data folder, shared by all processes that use it at the same time.

    The first one in starts them, the last one out stops them. What a killed one left running
    the next one takes over.
    """
    postgres, valkey = Postgres(data_dir), Valkey(data_dir)
    turn = data_dir / "turn.lock"
    with open_lock(data_dir / "users.lock") as users:
        try:
            with exclusive(turn):
                fcntl.flock(users, fcntl.LOCK_SH)
                started = Services(postgres.start(), valkey.start())
            yield started
        finally:
            with exclusive(turn):
                if try_exclusive(users):
                    valkey.stop()
                    postgres.stop()


@contextmanager
def throwaway_services(data_dir: Path) -> Iterator[Services]:
    """Fresh servers for one run alone; their data is deleted at its end.

    They skip every fsync: nobody will miss what a power cut takes.
    """
    with _unheld_folder(data_dir) as folder:
        postgres, valkey = Postgres(folder, durable=False), Valkey(folder, durable=False)
        try:
            # A killed run may have left its own here.
            postgres.discard()
            valkey.discard()
            yield Services(postgres.start(), valkey.start())
        finally:
            valkey.discard()
            postgres.discard()


@contextmanager
def _unheld_folder(data_dir: Path) -> Iterator[Path]:
    """The first of the numbered folders that no live process holds, so that they never pile up."""
    for number in itertools.count(1):
        folder = data_dir / f"throwaway-{number}"
        with open_lock(folder / "run.lock") as lock:
            if try_exclusive(lock):
                yield folder
                return
