"""The sweep: one pass over everything that is due, and over everything that waits to be sent."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from patients.models import Clinic
from patients.queries import clinic_days
from reminders.delivery import deliver
from reminders.models import MessageState, Sweep
from reminders.raising import raise_alerts, raise_reminders
from schedules.models import ScheduleState, Slot


def sweep(*, at: datetime | None = None) -> Sweep:
    """Raise what is due at `at` (now, unless told), deliver what waits, and leave a row saying so.

    It may run twice, late, or beside another: nothing is raised twice.
    """
    started_at = timezone.now()
    at = at or started_at
    days = clinic_days(Clinic.objects.all(), at=at)
    with transaction.atomic():
        reminders, alerts = raise_reminders(days, at), raise_alerts(days, at)
    ended = deliver(days, at)
    return Sweep.objects.create(
        started_at=started_at,
        finished_at=timezone.now(),
        looked_at=Slot.objects.filter(
            outcome__in=Slot.TO_BE_DONE, schedule__state=ScheduleState.ACTIVE
        ).count(),
        reminders=reminders,
        alerts=alerts,
        sent=ended[MessageState.SENT],
        withdrawn=ended[MessageState.WITHDRAWN],
        retrying=ended[MessageState.QUEUED],
        failed=ended[MessageState.FAILED],
    )
