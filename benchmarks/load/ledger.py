"""What people asked for, and what they were told; written by those who work, read at the end."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Told = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a person wanted done, however often they had to press for it."""

    kind: str
    key: tuple[str, ...]
    """By what it is found in the database and in the audit."""
    told: Told
    """Unknown: no answer came, or a refusal to who had pressed before without an answer."""
    tries: int = 1
    why: str = ""
    """What the page said where it was refused."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and its answer if one came."""

    at: float
    """When the answer came, or was given up; seconds since 1970."""
    name: str
    ms: float
    status: int
    """0 where no answer came."""
    error: str = ""


class Ledger:
    """Both as lines of two files; a line is written at once, and whole."""

    def __init__(self, folder: Path) -> None:
        self._entries, self._requests = folder / "entries.jsonl", folder / "requests.jsonl"

    def enter(self, entry: Entry) -> None:
        _append(self._entries, asdict(entry))

    def note(self, name: str, began: float, status: int, error: str = "") -> None:
        """Note a request that began at `began`, seconds since 1970, and is over now."""
        now = time.time()
        ms = (now - began) * 1000
        _append(self._requests, asdict(Request(now, name, ms, status, error)))

    def entries(self) -> list[Entry]:
        return [Entry(**line | {"key": tuple(line["key"])}) for line in _lines(self._entries)]

    def requests(self) -> list[Request]:
        return [Request(**line) for line in _lines(self._requests)]


@dataclass(frozen=True, slots=True)
class Tally:
    """What of one kind was told, beside what there is."""

    lost: int
    doubled: int

    @classmethod
    def of(cls, entries: list[Entry], found: Counter[tuple[str, ...]]) -> "Tally":
        """Hold entries of one kind against how often each of their keys was found.

        What was told as done must be there as often as that was said; what nobody heard the end
        of may be there once.
        """
        least = Counter(entry.key for entry in entries if entry.told == "done")
        most = least + Counter(entry.key for entry in entries if entry.told == "unknown")
        return cls(
            lost=sum((least - found).values()),
            doubled=sum((Counter({key: found[key] for key in most}) - most).values()),
        )


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
