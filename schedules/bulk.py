"""Slots for many schedules at once, as an import brings them."""

import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from uuid import uuid4

from django.db import connection

from schedules.models import Schedule, Slot
from schedules.rules.outcome import Outcome
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam

COLUMNS = (
    "public_id",
    "schedule_id",
    "exam",
    "modality",
    "regions",
    "n",
    "month",
    "weeks",
    "earliest_on",
    "due_on",
    "latest_on",
    "lapses_on",
    "outcome",
    "outcome_reason",
)
COPY = f"COPY {Slot._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN"

_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def lay_out(schedules: Iterable[Schedule]) -> int:
    """Plan schedules that are new and write their slots; return how many slots these are.

    It writes what `create_slots` would, in one COPY that PostgreSQL takes in while the next
    schedules are planned. The caller locks the patients and records why.
    """
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY, _Stream(_lines(schedules)))
        written: int = cursor.rowcount
    return written


class _Stream(io.TextIOBase):
    """A file to read from, made while it is read."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks

    def read(self, size: int | None = -1) -> str:
        return next(self._chunks, "")


def _lines(schedules: Iterable[Schedule]) -> Iterator[str]:
    """Yield the lines of one schedule after another."""
    definitions: dict[int, Definition] = {}
    for schedule in schedules:
        if schedule.protocol_id not in definitions:
            definitions[schedule.protocol_id] = schedule.protocol.definition
        slots = plan(definitions[schedule.protocol_id], schedule.anchor_on)
        yield "".join(
            f"{uuid4().hex}\t{schedule.pk}\t{described}\t{slot.n}\t{slot.month}\t{slot.weeks}\t"
            f"{slot.earliest_on.isoformat()}\t{slot.due_on.isoformat()}\t"
            f"{slot.latest_on.isoformat()}\t{slot.lapses_on.isoformat()}\t{Outcome.OPEN.value}\t\n"
            for exam, series in groupby(slots, key=attrgetter("exam"))
            for described in [_described(exam)]
            for slot in series
        )


def _described(exam: Exam) -> str:
    """Return the exam's columns. An array of regions needs no quotes: their names are known."""
    columns = (exam.key, exam.modality, f"{{{','.join(exam.regions)}}}")
    return "\t".join(column.translate(_ESCAPES) for column in columns)
