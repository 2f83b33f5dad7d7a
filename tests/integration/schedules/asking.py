"""Patients on an older version of their protocol, and a clinician who asks to take them over."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction

from patients.models import Clinic
from schedules.actions import activate_protocol, ask_for, draft_protocol
from schedules.actions.protocols import marks, takeovers
from schedules.jobs import work
from schedules.models import Job, JobKind, Protocol, Schedule
from surveillance.accounts.models import User
from tests.factories import UserFactory


def newer_version(protocol: Protocol) -> Protocol:
    """Return an active version by which a slot is overdue a week later."""
    [phase] = protocol.phases
    draft = draft_protocol(
        based_on=protocol, by=UserFactory.create(), phases=[phase | {"late_after_days": 21}]
    )
    activate_protocol(protocol=draft, by=UserFactory.create())
    return Protocol.objects.get(pk=draft.pk)


def ask_to_take_over(protocol: Protocol, clinic: Clinic, by: User) -> Job:
    """Ask for what the page would show."""
    shown = marks(takeovers(protocol=protocol, clinics=[clinic]))
    return ask_for(
        kind=JobKind.TAKE_OVER,
        parameters={"code": protocol.code, "version": protocol.version, "shown": shown},
        total=len(shown),
        by=by,
    )


@contextmanager
def held_up_at_the_last(protocol: Protocol) -> Iterator[Future[bool]]:
    """Do a job elsewhere, which comes as far as the last schedule and waits until the end.

    The test must be marked `django_db(transaction=True)`.
    """
    with ThreadPoolExecutor(1) as elsewhere, transaction.atomic():
        older = Schedule.objects.filter(protocol__version__lt=protocol.version)
        last = older.order_by("pk").last()
        assert last
        Schedule.objects.select_for_update().get(pk=last.pk)
        working = elsewhere.submit(_work)
        yield working


def _work() -> bool:
    try:
        return work()
    finally:
        connection.close()
