"""Deciding once: each notice and its message are written by one statement, under a unique key.

What is due is asked of `schedules.queries`, the same scopes that the worklists show; only what is
not there yet is inserted. Two sweeps at once, a repeated task or a missed day all come to the same.
"""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from patients.queries import ClinicDay
from reminders.models import Alert, Message, MessageState, Reminder
from schedules.models import Decision, ResultOutcome, Slot
from schedules.queries import CLINIC, overdue_and_unbooked, to_book

# What makes a slot be told of again is part of the key: its last appointment fell through, its
# images turned out inadequate, a deferral ran out.
_BOOKING = Coalesce(Max("bookings__id"), 0)
_INADEQUATE = Coalesce(
    Max("studies__result__id", filter=Q(studies__result__outcome=ResultOutcome.INADEQUATE)), 0
)
_DEFERRAL = Coalesce(Max("reviews__id", filter=Q(reviews__decision=Decision.DEFER)), 0)


def raise_reminders(days: Sequence[ClinicDay], at: datetime) -> int:
    """Tell the nurses of each slot that can be booked and is not; return how many are new."""
    key = _key("to-book", _BOOKING, _INADEQUATE)
    return _raise(Reminder, to_book(days), key, recipient="booking_email", at=at)


def raise_alerts(days: Sequence[ClinicDay], at: datetime) -> int:
    """Tell the clinicians of each overdue slot that nobody has in hand; return how many are new."""
    key = _key("overdue", _BOOKING, _INADEQUATE, _DEFERRAL)
    return _raise(Alert, overdue_and_unbooked(days), key, recipient="alert_email", at=at)


def _key(kind: str, *occasions: Coalesce) -> Concat:
    parts = (part for occasion in occasions for part in (Value(":"), occasion))
    return Concat(Value(f"{kind}:"), "pk", *parts, output_field=CharField())


def _raise(
    notice: type[Reminder | Alert],
    due: QuerySet[Slot],
    key: Concat,
    *,
    recipient: str,
    at: datetime,
) -> int:
    try:
        sql, params = (
            due.order_by()
            .annotate(key=key)
            .values_list("pk", "key", f"{CLINIC}__{recipient}")
            .query.sql_with_params()
        )
    except EmptyResultSet:  # Django's way to say that there is no clinic yet
        return 0
    notice_id = f"{notice._meta.model_name}_id"
    with connection.cursor() as cursor:
        # Only names of our own tables and columns are put into the text.
        cursor.execute(
            f"""
            WITH due (slot_id, key, recipient) AS ({sql}),
            raised AS (
                INSERT INTO {notice._meta.db_table} (key, slot_id, raised_at)
                SELECT key, slot_id, %s FROM due ORDER BY slot_id -- two sweeps wait, not deadlock
                ON CONFLICT (key) DO NOTHING
                RETURNING id, slot_id
            )
            INSERT INTO {Message._meta.db_table}
                (public_id, {notice_id}, recipient, state, attempts, next_try_at, last_error)
            SELECT gen_random_uuid(), raised.id, due.recipient, %s, 0, %s, ''
            FROM raised JOIN due USING (slot_id)
            """,  # noqa: S608
            [*params, at, MessageState.QUEUED, at],
        )
        raised: int = cursor.rowcount
    return raised
