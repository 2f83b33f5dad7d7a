"""From lines to messages: what is ready for one recipient at one time becomes one message.

A sweep that would say far more than any usual day says (a clock that jumped, a bad import) has its
messages held, and an administrator is asked first.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncDate

from patients.models import Clinic
from reminders.alarms import raise_alarm
from reminders.models import AlarmKind, Hold, Line, MessageState
from reminders.troubles import HELD
from schedules.sentences import stored

# More lines than this times the busiest of the last days are a burst, but not fewer than these.
BURST = 3
BUSY_DAYS = timedelta(days=28)
NEVER_A_BURST = 200


def gather(clinics: Sequence[Clinic], at: datetime) -> int:
    """Put the lines that are ready at `at` into messages; return how many messages are held."""
    ready = set(_ready(at).values_list("clinic", flat=True).distinct())
    return sum(_gather(clinic, at) for clinic in clinics if clinic.pk in ready)


def _ready(at: datetime) -> QuerySet[Line]:
    return Line.objects.filter(message=None, withdrawn_at=None, deliver_at__lte=at)


@transaction.atomic
def _gather(clinic: Clinic, at: datetime) -> int:
    # One at a time, or what is ready for one recipient would go into two messages.
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    hold = _hold(clinic, _ready(at).filter(clinic=clinic).count(), at)
    state = MessageState.HELD if hold else MessageState.QUEUED
    with connection.cursor() as cursor:
        cursor.execute(
            _GATHER, [clinic.pk, at, clinic.pk, state, hold.pk if hold else None, at, at]
        )
        messages: int = cursor.fetchone()[0]
    return messages if hold else 0


def _hold(clinic: Clinic, ready: int, at: datetime) -> Hold | None:
    """Return a new hold if so many lines are a burst."""
    if ready <= NEVER_A_BURST:
        return None
    today = datetime.combine(clinic.today(at), time(), clinic.zone)
    told = Line.objects.filter(clinic=clinic, message__state=MessageState.SENT)
    told_today = told.filter(message__sent_at__gte=today).count()
    busiest = (
        told.filter(message__sent_at__gte=today - BUSY_DAYS, message__sent_at__lt=today)
        .values(day=TruncDate("message__sent_at", tzinfo=clinic.zone))
        .annotate(lines=Count("pk"))
        .aggregate(most=Max("lines"))["most"]
    )
    usual = max(NEVER_A_BURST, BURST * (busiest or 0))
    if told_today + ready <= usual:
        return None
    hold = Hold.objects.create(clinic=clinic, at=at, lines=ready, usual=usual)
    detail = stored(HELD, lines=ready, clinic=clinic, usual=usual)
    raise_alarm(AlarmKind.HELD, detail, at=at, clinic=clinic)
    return hold


# A line to a patient is a message of its own; those to staff are one for each recipient.
_GATHER = """
WITH ready AS (
    SELECT id, channel, recipient, any_hour, CASE WHEN to_patient THEN id END AS alone
    FROM reminders_line
    WHERE clinic_id = %s AND message_id IS NULL AND withdrawn_at IS NULL AND deliver_at <= %s
    ORDER BY id FOR UPDATE
),
grouped AS (
    SELECT gen_random_uuid() AS public_id, channel, recipient, any_hour,
        min(id) AS first, array_agg(id) AS lines
    FROM ready GROUP BY channel, recipient, any_hour, alone
),
written AS (
    INSERT INTO reminders_message
        (public_id, clinic_id, channel, recipient, any_hour, state, hold_id, queued_at, next_try_at,
         subject, body, attempts, claimed_by, last_error)
    SELECT public_id, %s, channel, recipient, any_hour, %s, %s, %s, %s, '', '', 0, '', ''
    FROM grouped ORDER BY first
    RETURNING id, public_id
),
gathered AS (
    UPDATE reminders_line AS line SET message_id = written.id
    FROM written JOIN grouped USING (public_id), unnest(grouped.lines) AS its (line_id)
    WHERE line.id = its.line_id
)
SELECT count(*) FROM written
"""
