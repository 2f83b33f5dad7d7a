"""Asking for work that outlasts the request; `schedules.jobs` does it."""

from typing import Any

from celery import signature
from django.db import transaction
from django.utils.translation import get_language

from schedules.models import Job, JobKind
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def ask_for(*, kind: JobKind, parameters: dict[str, Any], total: int, by: User) -> Job:
    """Ask for a job of `total` parts, and return it. Asked for twice before it ends, it is one.

    A worker hears of it when the transaction ends. If the broker is away, so that none does, the
    job is taken up when beat next asks for work.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # of two presses one is first
    same = Job.objects.filter(
        by=by, kind=kind, parameters=parameters, state__in=Job.UNFINISHED
    ).first()
    if same:
        return same
    job = Job.objects.create(
        kind=kind, by=by, language=get_language() or "", parameters=parameters, total=total
    )
    record(act="job.asked", by=by, clinic_code="", job=job.public_id, kind=kind, parts=total)
    transaction.on_commit(signature("schedules.tasks.work").delay, robust=True)
    return job
