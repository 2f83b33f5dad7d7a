"""Telling a receiver what was decided, one message after another, each until it is answered.

A crash loses nothing: a message that was being sent goes out once more, as it was, under the same
control id.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

from django.db import connection, transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from reminders.alarms import end_alarm, raise_alarm
from reminders.appointments.deciding import WAITING, decide
from reminders.appointments.writing import CODECS, write
from reminders.channels import RecipientBusy, Refused, TryLater, Uncertain
from reminders.channels.mllp import MllpLine
from reminders.delivery import try_again
from reminders.models import (
    AlarmKind,
    Announcement,
    ChannelName,
    Charset,
    Message,
    MessageState,
    Receiver,
)
from reminders.troubles import NOT_TOLD, NOT_WRITTEN
from schedules.models import Booking
from schedules.sentences import stored

logger = logging.getLogger(__name__)

AT_A_TIME = 500
TIME_TO_TELL = 60  # seconds, well under a task's time limit; the next one goes on
LATE_AFTER = timedelta(hours=1)  # then somebody is to see to the line

_LOCK = "SELECT pg_try_advisory_lock('reminders_receiver'::regclass::int, %s)"
_UNLOCK = "SELECT pg_advisory_unlock('reminders_receiver'::regclass::int, %s)"


def tell(receiver: Receiver, *, at: datetime | None = None) -> Counter[MessageState]:
    """Decide what a receiver is to be told at `at` (now, unless told), and tell it.

    Return how many messages ended in which state; nothing, if somebody else is telling it.
    """
    at = at or timezone.now()
    ended: Counter[MessageState] = Counter()
    with _alone(receiver) as is_alone:
        if is_alone:
            decide(receiver, at)
            trouble = _deliver(receiver, at, ended)
            _see_to(receiver, trouble, ended, at)
    return ended


@contextmanager
def _alone(receiver: Receiver) -> Iterator[bool]:
    """Hold the receiver's lock of this database session, and say whether nobody else does."""
    is_alone = _asked(_LOCK, receiver)
    try:
        yield is_alone
    finally:
        if is_alone:
            _asked(_UNLOCK, receiver)


def _asked(question: str, receiver: Receiver) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [receiver.pk])
        [answer] = cursor.fetchone()
    return bool(answer)


def waiting_for(receiver: Receiver) -> QuerySet[Message]:
    return Message.objects.filter(
        clinic=receiver.clinic_id, channel=ChannelName.HL7, state__in=WAITING
    )


def _deliver(receiver: Receiver, at: datetime, ended: Counter[MessageState]) -> str:
    """Send what waits, in its order; return why the line does not hold, if it does not.

    What gets no answer ends the run: it waits longer each time, and the others come before it.
    """
    ready = waiting_for(receiver).filter(
        Q(state=MessageState.SENDING) | Q(next_try_at__lte=at)  # who was sending it has gone
    )
    until = monotonic() + TIME_TO_TELL
    with MllpLine(
        receiver.host, receiver.port, tls=receiver.tls, codec=CODECS[Charset(receiver.charset)]
    ) as line:
        for pk in list(ready.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME]):
            if monotonic() > until:
                break
            try:
                line.open()
            except TryLater as error:
                return str(error)
            if told := _claim(pk, receiver, at):
                silence = _send(line, told, at)
                ended[MessageState(told.message.state)] += 1
                if silence:
                    return silence
    return ""


@transaction.atomic
def _claim(pk: int, receiver: Receiver, at: datetime) -> Announcement | None:
    """Mark a message as being sent, with its text; none, if it is not its turn, or no longer true.

    What may have arrived is sent as it was. That this attempt may arrive is written down first.
    """
    told = (
        Announcement.objects.select_for_update(of=("self", "message"))
        .select_related(
            "message",
            "appointment",
            "booking__booked_by",
            "booking__scanner",
            "booking__slot",
            "booking__patient__clinic",
        )
        .get(message=pk)
    )
    message, booking = told.message, told.booking
    earlier = waiting_for(receiver).filter(
        announcement__booking__patient=booking.patient_id, pk__lt=pk
    )
    if message.state not in WAITING or earlier.exists():
        return None
    message.attempts += 1
    if not told.may_have_arrived:
        if Booking.objects.filter(replaces=booking).exists() or booking.state != told.booking_state:
            return None  # it is decided anew by the next run
        try:
            message.body = write(told, receiver, at)
        except Exception as error:
            logger.exception("message %s could not be written", message.public_id)
            try_again(message, stored(NOT_WRITTEN, why=type(error).__name__), at)
            message.save(update_fields=["state", "attempts", "next_try_at", "last_error"])
            return None
    message.state, message.claimed_at = MessageState.SENDING, at
    message.save(update_fields=["state", "attempts", "body", "claimed_at"])
    Announcement.objects.filter(pk=told.pk).update(may_have_arrived=True)
    return told


def _send(line: MllpLine, told: Announcement, at: datetime) -> str:
    """Send a message, and record what came of it; return why no answer came, if none did."""
    message, attempt, silence = told.message, told.message.attempts, ""
    try:
        line.send(told.control_id, message.body)
    except Refused as error:
        message.state, message.last_error = MessageState.FAILED, str(error)[:300]
    except RecipientBusy as error:
        try_again(message, str(error), at)
    except Uncertain as error:
        silence = str(error)
        told.may_have_arrived = True
        try_again(message, silence, at)
    except TryLater as error:
        silence = str(error)
        message.state, message.attempts = MessageState.QUEUED, attempt - 1
    else:
        message.state, message.sent_at, message.last_error = MessageState.SENT, at, ""
    if message.state == MessageState.FAILED:  # not why: the other side may have named the patient
        logger.warning("message %s was given up", message.public_id)
    with transaction.atomic():
        ours = Message.objects.filter(pk=message.pk, state=MessageState.SENDING, attempts=attempt)
        if ours.update(
            state=message.state,
            attempts=message.attempts,
            next_try_at=message.next_try_at,
            sent_at=message.sent_at,
            last_error=message.last_error,
        ):
            Announcement.objects.filter(pk=told.pk).update(may_have_arrived=told.may_have_arrived)
    return silence


def _see_to(receiver: Receiver, trouble: str, ended: Counter[MessageState], at: datetime) -> None:
    """Keep how the line does, and raise an alarm once it has not held for an hour."""
    ours = Receiver.objects.filter(pk=receiver.pk)
    if trouble:
        ours.update(error=trouble[:300], tried_at=at)
        logger.warning("the receiver of %s: %s", receiver.clinic.code, trouble)
    elif ended:
        ours.update(error="", tried_at=at, answered_at=at)
    waits = waiting_for(receiver).aggregate(count=Count("pk"), first=Min("queued_at"))
    if not trouble:
        end_alarm(AlarmKind.HL7, at=at, clinic=receiver.clinic)
    elif waits["first"] and waits["first"] < at - LATE_AFTER:
        detail = stored(
            NOT_TOLD,
            receiver=f"{receiver.host}:{receiver.port}",
            clinic=receiver.clinic,
            day=waits["first"].astimezone(UTC),
            time=f"{waits['first'].astimezone(UTC):%H:%M}",
            count=waits["count"],
            trouble=trouble,
        )
        raise_alarm(AlarmKind.HL7, detail, at=at, clinic=receiver.clinic)
