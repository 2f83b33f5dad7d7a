"""The file that a job is given or makes: written and read in pieces, never held whole."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO

from django.db.models import Sum
from django.db.models.functions import Length

from schedules.models import Job, JobFile

PIECE = 1024 * 1024  # bytes, of the largest piece
KEPT = timedelta(days=1)  # after the job has ended


def write(job: Job, parts: Iterable[bytes], *, first: int = 0) -> int:
    """Keep what the parts hold, one after another, as a file of a job: its pieces are numbered from
    `first`, and what is returned is the number of the first piece of the next file."""
    n, waiting = first, bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= PIECE:
            JobFile.objects.create(job=job, n=n, data=bytes(waiting[:PIECE]))
            n += 1
            del waiting[:PIECE]
    if waiting:
        JobFile.objects.create(job=job, n=n, data=bytes(waiting))
        n += 1
    return n


def read(job: Job, *, first: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Yield the file of a job, piece by piece; nothing if it has none. Of several files the one
    from the piece `first` up to, not including, `end`."""
    pieces = JobFile.objects.filter(job=job)
    n = first
    while n != end:
        data = pieces.filter(n=n).values_list("data", flat=True).first()
        if data is None:
            return
        yield bytes(data)
        n += 1


def size(job: Job) -> int:
    """Return how many bytes the file of a job has; 0 if it has none."""
    return JobFile.objects.filter(job=job).aggregate(size=Sum(Length("data")))["size"] or 0


def kept_until(job: Job) -> datetime | None:
    """Return when the file of a job that has ended is deleted."""
    return job.ended_at + KEPT if job.ended_at else None


def delete_old(at: datetime) -> None:
    """Delete the files of the jobs that ended more than a day before `at`."""
    JobFile.objects.filter(job__ended_at__lt=at - KEPT).delete()


def parts_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of an open file in parts, to be written as a job's."""
    while part := file.read(PIECE):
        yield part
