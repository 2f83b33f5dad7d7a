"""Something is wrong with the machine itself: administrators are told once, until it is over."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

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
    untold = Alarm.objects.filter(told_at=None, ended_at=None)
    for pk in list(untold.values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked until it is told: another sweep at this moment leaves it to us.
            ours = untold.filter(pk=pk).select_for_update(skip_locked=True, of=("self",))
            alarm = ours.select_related("clinic").first()
            if alarm and mail(
                administrators(alarm.clinic),
                key=alarm.public_id,
                write=partial(_letter, alarm),
            ):
                alarm.told_at = at
                alarm.save(update_fields=["told_at"])


def _letter(alarm: Alarm) -> tuple[str, str]:
    subject = _("Sarcoma follow-up: %(alarm)s") % {"alarm": alarm.get_kind_display().lower()}
    return subject, f"{alarm.words}\n\n{settings.SITE_URL}/status/\n"


def mail(readers: Mapping[str, str], *, key: UUID, write: Callable[[], tuple[str, str]]) -> int:
    """Mail what `write` makes, subject and text, to each address in the language beside it.

    Return how many took it. The key is that of `Outgoing`.
    """
    told = 0
    with channel("email") as line:
        for address, language in readers.items():
            own_key = f"{key}.{address.replace('@', '.at.')}"
            with override(language or settings.LANGUAGE_CODE):
                subject, text = write()
            try:
                line.send(Outgoing(own_key, address, subject, text))
            except (TryLater, Refused) as error:
                logger.warning("an administrator was not told: %s", str(error))
            else:
                told += 1
    return told


def administrators(clinic: Clinic | None = None) -> dict[str, str]:
    """Return the languages of a clinic's administrators, or of every clinic's, by their address."""
    members = Membership.objects.filter(
        Q(clinic=clinic) if clinic else Q(), role=Role.ADMINISTRATOR, user__is_active=True
    ).exclude(user__email="")
    return dict(members.order_by("user__email").values_list("user__email", "user__language"))
