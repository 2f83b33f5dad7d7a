"""Something is wrong with the machine itself: administrators are told once, until it is over."""

import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from patients.models import Clinic, Membership
from reminders.channels import Outgoing, Refused, TryLater, channel
from reminders.models import Alarm, AlarmKind
from surveillance.accounts.roles import Role

logger = logging.getLogger(__name__)


def raise_alarm(
    kind: AlarmKind, detail: str, *, at: datetime, clinic: Clinic | None = None
) -> None:
    """Raise an alarm, or bring what the open one says up to date."""
    open_one = {"kind": kind, "clinic": clinic, "ended_at": None}
    if not Alarm.objects.filter(**open_one).update(detail=detail):
        Alarm.objects.bulk_create(
            [Alarm(kind=kind, clinic=clinic, detail=detail, raised_at=at)], ignore_conflicts=True
        )


def end_alarm(kind: AlarmKind, *, at: datetime, clinic: Clinic | None = None) -> None:
    Alarm.objects.filter(kind=kind, clinic=clinic, ended_at=None).update(ended_at=at)


def tell_administrators(at: datetime) -> None:
    """Mail the alarms that nobody has been told of, each once, at any hour.

    Without an answer from the mail server they wait for the next time.
    """
    for alarm in Alarm.objects.filter(told_at=None, ended_at=None).select_related("clinic"):
        told = 0
        with channel("email") as line:
            for address in _administrators(alarm.clinic):
                try:
                    line.send(
                        Outgoing(
                            key=f"{alarm.public_id}.{address.replace('@', '.at.')}",
                            recipient=address,
                            subject=f"Sarcoma follow-up: {alarm.get_kind_display().lower()}",
                            body=f"{alarm.detail}\n\n{settings.SITE_URL}/status/\n",
                        )
                    )
                except (TryLater, Refused) as error:
                    logger.warning("an administrator was not told: %s", error)
                else:
                    told += 1
        if told:
            Alarm.objects.filter(pk=alarm.pk, told_at=None).update(told_at=at)


def _administrators(clinic: Clinic | None) -> list[str]:
    """The addresses of a clinic's administrators, of every clinic's where it is about all."""
    administrators = Membership.objects.filter(
        Q(clinic=clinic) if clinic else Q(), role=Role.ADMINISTRATOR, user__is_active=True
    ).exclude(user__email="")
    return sorted(set(administrators.values_list("user__email", flat=True)))
