"""Deciding once: each notice and its message are written by one statement, under a unique key.

What is due is asked of `schedules.queries`, the same scopes that the worklists show; only what is
not there yet is inserted. Two sweeps at once, a repeated task or a missed day all come to the same.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce

from patients.queries import ClinicDay
from reminders.models import Alert, Message, MessageState, Reminder
from schedules.models import Decision, Slot
from schedules.queries import CLINIC, overdue_and_unbooked, to_book

# A slot is told of again when its last appointment fell through, or a deferral ran out: both
# are part of the key.
_LAST_BOOKING = Coalesce(Max("bookings__id"), 0)
_LAST_DEFERRAL = Coalesce(Max("reviews__id", filter=Q(reviews__decision=Decision.DEFER)), 0)


def raise_reminders(days: Sequence[ClinicDay], at: datetime) -> int:
    """Tell the nurses of each slot that can be booked and is not; return how many are new."""
    return _raise(Reminder, "to-book", to_book(days), recipient="booking_email", at=at)


def raise_alerts(days: Sequence[ClinicDay], at: datetime) -> int:
    """Tell the clinicians of each overdue slot that nobody has in hand; return how many are new."""
    return _raise(Alert, "overdue", overdue_and_unbooked(days), recipient="alert_email", at=at)


def _raise(
    notice: type[Reminder | Alert], kind: str, due: QuerySet[Slot], *, recipient: str, at: datetime
) -> int:
    sql, params = (
        due.order_by()
        .annotate(booking=_LAST_BOOKING, deferral=_LAST_DEFERRAL)
        .values_list("id", "booking", "deferral", f"{CLINIC}__{recipient}")
        .query.sql_with_params()
    )
    notice_id = f"{notice._meta.model_name}_id"
    with connection.cursor() as cursor:
        # Only names of our own tables and columns are put into the text.
        cursor.execute(
            f"""
            WITH due (slot_id, booking, deferral, recipient) AS ({sql}),
            raised AS (
                INSERT INTO {notice._meta.db_table} (key, slot_id, raised_at)
                SELECT concat_ws(':', %s, slot_id, booking, deferral), slot_id, %s FROM due
                ON CONFLICT (key) DO NOTHING
                RETURNING id, slot_id
            )
            INSERT INTO {Message._meta.db_table}
                (public_id, {notice_id}, recipient, state, attempts, next_try_at, last_error)
            SELECT gen_random_uuid(), raised.id, due.recipient, %s, 0, %s, ''
            FROM raised JOIN due USING (slot_id)
            """,  # noqa: S608
            [*params, kind, at, MessageState.QUEUED, at],
        )
        raised: int = cursor.rowcount
    return raised
