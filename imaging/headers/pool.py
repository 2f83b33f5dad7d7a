"""Processes that read for others, kept from one file to the next, each bounded in memory and time.

A file that brings its process down is refused for it; the next file is read by a new process.
"""

import atexit
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import chain, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from imaging.headers.process import File, Outcome, Process

PROCESSES: Final = 2
BATCH: Final = 32  # sources
SECONDS: Final = 20.0  # for each answer

Source = File | Outcome  # an outcome is one already, and is passed on


class Pool:
    """Some processes that read. Threads may share it."""

    def __init__(self, processes: int = PROCESSES, seconds: float = SECONDS) -> None:
        self.processes = [Process(seconds) for _ in range(processes)]
        self._idle: SimpleQueue[Process] = SimpleQueue()
        for process in self.processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="reading")

    def read(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        """Yield what became of each source, in their order; of an archive, of each of its files.

        Sources are asked for as they are needed: there may be more than fit in memory.
        """
        coming = iter(sources)
        under_way: deque[Future[list[Outcome]]] = deque()
        while batch := list(islice(coming, BATCH)):
            under_way.append(self._threads.submit(self._read, batch))
            if len(under_way) > len(self.processes):
                yield from under_way.popleft().result()
        for future in under_way:
            yield from future.result()

    def listed(self, path: Path) -> frozenset[str]:
        """Return the files that a DICOMDIR lists, their folders parted by backslashes.

        Raises:
            Refused: it is none, or broken.
        """
        process = self._idle.get()
        try:
            return process.listed(path)
        finally:
            self._idle.put(process)

    def close(self) -> None:
        self._threads.shutdown()
        for process in self.processes:
            process.end()

    def _read(self, batch: list[Source]) -> list[Outcome]:
        process = self._idle.get()
        try:
            read = iter(process.read([one for one in batch if not isinstance(one, Outcome)]))
        finally:
            self._idle.put(process)
        return list(
            chain.from_iterable([one] if isinstance(one, Outcome) else next(read) for one in batch)
        )


def pool() -> Pool:
    """Return the pool of this process, which lasts as long as it does."""
    return _pool_of(os.getpid())


@cache
def _pool_of(pid: int) -> Pool:
    """A process that was forked has none of the threads of its pool, and makes one of its own."""
    made = Pool()
    atexit.register(lambda: made.close() if os.getpid() == pid else None)
    return made
