"""What an administrator arranges for the system that a clinic tells of its appointments."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.models import Clinic
from reminders.alarms import end_alarm
from reminders.appointments.telling import waiting_for
from reminders.models import AlarmKind, Announcement, MessageState, Receiver
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last
from surveillance.outgoing.connecting import NotAllowed, check


@transaction.atomic
def arrange_receiver(
    *,
    clinic: Clinic,
    by: User,
    seen: str | None = None,
    at: datetime | None = None,
    **told: Any,
) -> Receiver:
    """Change who is told of a clinic's appointments, and how; `told` are the receiver's fields.

    `seen` is the mark of what was looked at, if it was. Set on, it is told of what is still ahead.

    Raises:
        ValidationError: somebody else changed it meanwhile, it is set on without an address or
            with one where the server may not connect to, or a value is not what the model allows.
    """
    at = at or timezone.now()
    receiver, is_new = Receiver.objects.select_for_update().get_or_create(clinic=clinic)
    if seen is not None and seen != receiver.mark:
        raise ValidationError(
            _(
                "%(person)s has changed this meanwhile. What holds now is shown below: press "
                "again to put your entries in place."
            )
            % {"person": who_last("receiver.arranged", clinic_code=clinic.code)}
        )
    as_it_was = receiver.mark
    was_on, before = receiver.on, (receiver.host, receiver.port, receiver.tls)
    for name, value in told.items():
        setattr(receiver, name, value)
    if receiver.on and not receiver.host:
        raise ValidationError({"host": _("Without an address nobody can be told.")})
    if receiver.on and not was_on:
        receiver.since = at
    if (receiver.host, receiver.port, receiver.tls) != before:  # of another one nothing is known
        receiver.tried_at, receiver.answered_at, receiver.error = None, None, ""
    receiver.full_clean()
    if receiver.on:
        try:
            check(receiver.host, receiver.port)
        except NotAllowed as error:
            raise ValidationError({"host": str(error)}) from error
    if receiver.mark == as_it_was and not is_new:
        return receiver
    receiver.save()
    if not receiver.on:
        end_alarm(AlarmKind.HL7, at=at, clinic=clinic)
    record(act="receiver.arranged", by=by, clinic_code=clinic.code, **told)
    return receiver


@transaction.atomic
def tell_anew(*, receiver: Receiver, by: User, at: datetime | None = None) -> None:
    """Tell a receiver of all that is ahead, as if it had never been told of anything.

    For a system that has taken another's place, or has lost what it knew. What waits is withdrawn.

    Raises:
        ValidationError: it is not on.
    """
    at = at or timezone.now()
    receiver = Receiver.objects.select_for_update().get(pk=receiver.pk)
    if not receiver.on:
        raise ValidationError(_("It is told of nothing while it is off."))
    receiver.since = at
    receiver.forgot_up_to = Announcement.objects.aggregate(last=Max("pk"))["last"] or 0
    receiver.save(update_fields=["since", "forgot_up_to"])
    waiting_for(receiver).update(state=MessageState.WITHDRAWN)
    record(act="receiver.told_anew", by=by, clinic_code=receiver.clinic.code)
