"""Locks between processes, by flock: the kernel drops them when their holder dies, however."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from surveillance.embedded.errors import EmbeddedError


def open_lock(path: Path) -> TextIO:
    """A lock file, open and not locked yet. Closing it lets go."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise EmbeddedError(f"Cannot keep data in {path.parent}: {error.strerror}") from error


def try_exclusive(lock: TextIO) -> bool:
    """Whether nobody else holds the lock; if so, it is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Waits for its turn, then holds the lock."""
    with open_lock(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
