"""Whether a sweep would find anything to do, asked in one statement.

Most sweeps find nothing, so what this asks is what nearly every sweep costs. Each part is the
first row of a partial index: none grows with how many patients are followed. Of tables that grow
the first row is asked for, and not whether there is one: where PostgreSQL expects many it reads the
table for the first, and finds none.
"""

from datetime import datetime, timedelta

from django.db import connection

_ANYTHING = """
SELECT (
        SELECT look_at FROM reminders_watch WHERE look_at IS NOT NULL ORDER BY look_at LIMIT 1
    ) <= %(at)s
    OR (
        SELECT deliver_at FROM reminders_line
        WHERE message_id IS NULL AND withdrawn_at IS NULL ORDER BY deliver_at LIMIT 1
    ) <= %(at)s
    OR (
        SELECT next_try_at FROM reminders_message
        WHERE state IN ('queued', 'sending') ORDER BY next_try_at LIMIT 1
    ) <= %(at)s
    OR EXISTS (
        SELECT FROM reminders_alarm
        WHERE ended_at IS NULL AND (told_at IS NULL OR kind = 'silence')
    )
    OR EXISTS (
        SELECT FROM patients_clinic AS clinic
        WHERE NOT EXISTS (SELECT FROM reminders_rule WHERE clinic_id = clinic.id)
    )
    OR %(clock_was_put_back)s < (SELECT at FROM reminders_sweep ORDER BY started_at DESC LIMIT 1)
"""


def anything_waits(at: datetime, clocks_differ: timedelta) -> bool:
    """Whether a patient, a line, a message, an alarm or a new clinic waits for a sweep at `at`,
    or the last sweep was for a moment later than that by more than clocks differ."""
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING, {"at": at, "clock_was_put_back": at + clocks_differ})
        [waits] = cursor.fetchone()
    return bool(waits)
