"""The file that a job is given or makes: written and read in pieces, never held whole."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO

from django.db.models import Sum
from django.db.models.functions import Length

from schedules.models import Job, JobFile

PIECE = 1024 * 1024  # bytes, of the largest piece
KEPT = timedelta(days=1)  # after the job has ended


def write(job: Job, parts: Iterable[bytes]) -> None:
    """Keep what the parts hold, one after another, as the file of a job that has none yet."""
    n, waiting = 0, bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= PIECE:
            JobFile.objects.create(job=job, n=n, data=bytes(waiting[:PIECE]))
            n += 1
            del waiting[:PIECE]
    if waiting:
        JobFile.objects.create(job=job, n=n, data=bytes(waiting))


def read(job: Job) -> Iterator[bytes]:
    """Yield the file of a job, piece by piece; nothing if it has none."""
    pieces = JobFile.objects.filter(job=job)
    n = 0
    while (data := pieces.filter(n=n).values_list("data", flat=True).first()) is not None:
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
