"""Doing what was asked for in the background, one job after another.

The row in PostgreSQL is the job; a task of Celery only says that there may be one. Whoever does a
job holds a lock of its database session meanwhile: so there is one at a time, a process stays free
for the sweep, and a job that is left running without the lock was left by a process that has gone.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from patients.importing.uploads import imports_of, load_upload, look
from patients.queries import clinics_where_may
from schedules import job_files
from schedules.actions import export, take_over
from schedules.exports.asked import Asked
from schedules.models import Job, JobKind, JobState, Protocol
from surveillance.accounts.roles import Act

logger = logging.getLogger(__name__)

Tell = Callable[[int], None]  # how many parts are done so far

MOST_ATTEMPTS = 3  # what ends its process each time must not do so for ever
TELL_EVERY = 0.5  # seconds

# One for all jobs, known by their table.
_LOCK = "SELECT pg_try_advisory_lock('schedules_job'::regclass::int, 0)"
_UNLOCK = "SELECT pg_advisory_unlock('schedules_job'::regclass::int, 0)"
_IS_LOCKED = """
SELECT EXISTS (
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND locktype = 'advisory'
        AND classid = 'schedules_job'::regclass AND objsubid = 2
)
"""


def work() -> bool:
    """Do the job that has waited longest, unless one is being done; say whether it did any.

    Raises:
        OperationalError: the database went away, say. The job is begun anew by the next call.
    """
    with _alone() as is_alone:
        job = _begin() if is_alone else None
        if job:
            with override(job.language or None):
                _do(job)
        return job is not None


def is_left(job: Job) -> bool:
    """Whether the process that did a job has gone, and none has begun it anew yet."""
    if job.state != JobState.RUNNING or _asked(_IS_LOCKED):
        return False
    job.refresh_from_db()  # it may have come to its end between the two looks
    return job.state == JobState.RUNNING


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the lock for a while, and say whether nobody else does."""
    is_alone = _asked(_LOCK)
    try:
        yield is_alone
    finally:
        if is_alone:
            _asked(_UNLOCK)


def _asked(question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question)
        [answer] = cursor.fetchone()
    return bool(answer)


@transaction.atomic
def _begin() -> Job | None:
    """Mark the oldest job that has not ended as running. Whoever ran it before has gone."""
    job = Job.objects.filter(state__in=Job.UNFINISHED).select_related("by").order_by("pk").first()
    if job:
        job.state, job.started_at, job.so_far = JobState.RUNNING, timezone.now(), 0
        job.attempts += 1
        job.save(update_fields=["state", "started_at", "so_far", "attempts"])
    return job


def _do(job: Job) -> None:
    """Do a job and mark it as done in one transaction; or mark why nothing of it was done."""
    if job.attempts > MOST_ATTEMPTS:
        _fail(job, _("It was broken off %(count)s times.") % {"count": MOST_ATTEMPTS})
        return
    try:
        with transaction.atomic(), _telling(job) as tell:
            do = _DO.get(JobKind(job.kind)) or import_string(settings.JOBS[job.kind])
            do(job, tell)
            job.state, job.so_far, job.ended_at = JobState.DONE, job.total, timezone.now()
            job.save(update_fields=["state", "so_far", "ended_at"])
    except ValidationError as refusal:
        _fail(job, " ".join(refusal.messages))
    except SoftTimeLimitExceeded:
        _fail(job, _("It took too long."))
    except OperationalError:
        raise
    except Exception:
        logger.exception("job %s", job.public_id)
        _fail(job, _("It failed by a fault of this software; its log says more."))


def _fail(job: Job, why: str) -> None:
    # Not if it is done: what stopped it may have come just after its transaction.
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        state=JobState.FAILED, so_far=0, ended_at=timezone.now(), error=why
    )


@contextmanager
def _telling(job: Job) -> Iterator[Tell]:
    """Give a way to write how far a job is, for all to see while its own transaction is open."""
    aside = connection.copy()
    next_at = 0.0

    def tell(so_far: int) -> None:
        nonlocal next_at
        if monotonic() >= next_at:
            with aside.cursor() as cursor:
                cursor.execute(
                    "UPDATE schedules_job SET so_far = %s WHERE id = %s", [so_far, job.pk]
                )
            next_at = monotonic() + TELL_EVERY

    try:
        yield tell
    finally:
        aside.close()


def _take_over(job: Job, tell: Tell) -> None:
    take_over(
        protocol=Protocol.objects.get(
            code=job.parameters["code"], version=job.parameters["version"]
        ),
        clinics=clinics_where_may(job.by, Act.PLAN),  # as it is now
        by=job.by,
        shown=job.parameters["shown"],
        tell=tell,
    )


def _export(job: Job, tell: Tell) -> None:
    asked = Asked.by(job.parameters)
    clinics = list(  # as it is now
        clinics_where_may(job.by, Act.EXPORT).filter(code__in=asked.clinics)
    )
    if len(clinics) < len(asked.clinics):
        raise ValidationError(_("You may no longer export all that you asked for."))
    job.total = export(
        asked=asked,
        clinics=clinics,
        by=job.by,
        keep=lambda parts: job_files.write(job, parts),
        tell=tell,
    )
    job.save(update_fields=["total"])


def _import(job: Job, tell: Tell) -> None:
    """Look at a file, or load it if what it would do was shown."""
    clinics = clinics_where_may(job.by, Act.IMPORT)  # as it is now
    upload = imports_of(job.by, clinics).filter(public_id=job.parameters["import"]).first()
    if upload is None:
        raise ValidationError(_("Your role does not let you %(act)s.") % {"act": Act.IMPORT.label})
    if shown := job.parameters["shown"]:
        load_upload(upload=upload, shown=shown, by=job.by, tell=tell)
    else:
        look(upload=upload, tell=tell)


# What this app knows how to do; `settings.JOBS` names what is done by what stands above it.
_DO: dict[JobKind, Callable[[Job, Tell], None]] = {
    JobKind.TAKE_OVER: _take_over,
    JobKind.EXPORT: _export,
    JobKind.IMPORT: _import,
}
