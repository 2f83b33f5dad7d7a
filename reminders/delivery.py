"""Delivering at least once: claim what is still true, send it, record what came of it.

A crash loses nothing: what was claimed and never recorded is claimed again after a while, and goes
out once more under the same Message-ID.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.template.loader import render_to_string

from patients.queries import ClinicDay
from reminders.models import Message, MessageState
from reminders.queries import still_true
from schedules.queries import CLINIC
from schedules.rules.windows import days_late

logger = logging.getLogger(__name__)

BATCH = 100
CLAIM_LASTS = timedelta(minutes=10)  # longer than a batch takes, task time limit included
FIRST_WAIT = timedelta(minutes=1)  # doubled at each attempt
GIVE_UP_AFTER = 13  # attempts: 68 hours, longer than a weekend


def deliver(days: Sequence[ClinicDay], at: datetime) -> Counter[MessageState]:
    """Deliver all messages that wait at `at`; return how many ended in which state.

    A message refused for now counts as queued.
    """
    ended: Counter[MessageState] = Counter()
    while claimed := _claim(days, at):
        to_send = [message for message in claimed if message.state == MessageState.SENDING]
        ended[MessageState.WITHDRAWN] += len(claimed) - len(to_send)
        ended.update(_send(to_send, at))
    return ended


def _claim(days: Sequence[ClinicDay], at: datetime) -> list[Message]:
    """Claim up to a batch: what is no longer true is withdrawn by the statement that claims."""
    with transaction.atomic():
        waiting = list(
            Message.objects.filter(
                Q(state=MessageState.QUEUED, next_try_at__lte=at)
                | Q(state=MessageState.SENDING, claimed_at__lte=at - CLAIM_LASTS)
            )
            .order_by("next_try_at", "id")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:BATCH]
        )
        Message.objects.filter(pk__in=waiting).update(
            state=Case(
                When(pk__in=still_true(days).values("pk"), then=Value(MessageState.SENDING)),
                default=Value(MessageState.WITHDRAWN),
            ),
            claimed_at=at,
            attempts=F("attempts") + 1,
        )
    return list(
        Message.objects.filter(pk__in=waiting)
        .select_related(f"reminder__slot__{CLINIC}", f"alert__slot__{CLINIC}")
        .order_by("next_try_at", "id")
    )


def _send(messages: Sequence[Message], at: datetime) -> Counter[MessageState]:
    """Send over one connection. A message that fails does not hold up the rest."""
    ended: Counter[MessageState] = Counter()
    if not messages:
        return ended
    connection = get_connection()
    for message in messages:
        try:
            connection.open()  # again, where the server has cut the line
            if connection.send_messages([compose(message, at)]) != 1:
                raise SMTPException("nobody to send it to")
        except Exception as error:  # whatever is wrong with one must not hold up the rest
            connection.close()
            _record_failure(message, error, at)
        else:
            message.state, message.sent_at, message.last_error = MessageState.SENT, at, ""
            message.save(update_fields=["state", "sent_at", "last_error"])
        ended[MessageState(message.state)] += 1
    connection.close()
    return ended


def _record_failure(message: Message, error: Exception, at: datetime) -> None:
    logger.warning("message %s was not sent: %s", message.public_id, type(error).__name__)
    message.last_error = f"{type(error).__name__}: {error}"[:300]
    if message.attempts >= GIVE_UP_AFTER:
        message.state = MessageState.FAILED
    else:
        message.state = MessageState.QUEUED
        message.next_try_at = at + FIRST_WAIT * 2 ** (message.attempts - 1)
    message.save(update_fields=["state", "next_try_at", "last_error"])


def compose(message: Message, at: datetime) -> EmailMessage:
    """Write the mail: what to do and where, but nothing that names a patient."""
    slot = message.slot
    clinic = slot.patient.clinic
    context = {
        "clinic": clinic,
        "slot": slot,
        "days_late": days_late(slot, clinic.today(at)),
        "link": f"{settings.SITE_URL}/patients/{slot.patient.public_id}/",
    }
    kind = "overdue" if message.alert else "to_book"
    subject, body = render_to_string(f"reminders/{kind}.txt", context).split("\n\n", 1)
    return EmailMessage(
        subject=subject,
        body=body,
        to=[message.recipient],
        headers={"Message-ID": f"<{message.public_id}@{settings.MESSAGE_ID_DOMAIN}>"},
    )
