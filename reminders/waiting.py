"""Whether a sweep would find anything to do, asked in one statement.

Most sweeps find nothing, so what this asks is what nearly every sweep costs. Each part is the
first row of a partial index: none grows with how many patients are followed.
"""

from datetime import datetime, timedelta

from django.db import connection

_ANYTHING = """
SELECT EXISTS (SELECT FROM reminders_watch WHERE look_at <= %(at)s)
    OR EXISTS (
        SELECT FROM reminders_line
        WHERE message_id IS NULL AND withdrawn_at IS NULL AND deliver_at <= %(at)s
    )
    OR EXISTS (
        SELECT FROM reminders_message WHERE state IN ('queued', 'sending') AND next_try_at <= %(at)s
    )
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
