"""Whether a sweep would find anything to do, asked in one statement.

Most sweeps find nothing, so what this asks is what nearly every sweep costs. Each part is the
first row of a partial index: none grows with how many patients are followed. Of tables that grow
the first row is asked for, and not whether there is one: where PostgreSQL expects many it reads the
table for the first, and finds none.
"""

from datetime import datetime

from django.db import connection

from reminders.clocks import WAS_AHEAD, moments_ahead

_ANYTHING = f"""
SELECT (
        SELECT look_at FROM reminders_watch WHERE look_at IS NOT NULL ORDER BY look_at LIMIT 1
    ) <= %(at)s
    OR (
        SELECT deliver_at FROM reminders_line
        WHERE message_id IS NULL AND withdrawn_at IS NULL ORDER BY deliver_at LIMIT 1
    ) <= %(at)s
    OR (
        SELECT next_try_at FROM reminders_message
        WHERE state IN ('queued', 'sending') AND channel <> 'hl7' ORDER BY next_try_at LIMIT 1
    ) <= %(at)s
    OR EXISTS (
        SELECT FROM reminders_alarm
        WHERE ended_at IS NULL AND (told_at IS NULL OR kind = 'silence')
    )
    OR EXISTS (
        SELECT FROM patients_clinic AS clinic
        WHERE NOT EXISTS (SELECT FROM reminders_rule WHERE clinic_id = clinic.id)
    )
    OR {WAS_AHEAD}
"""  # noqa: S608 - text of our own


def anything_waits(at: datetime) -> bool:
    """Whether a patient, a line, a message, an alarm or a new clinic waits for a sweep at `at`,
    or a sweep before has gone by a clock that was ahead."""
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING, {"at": at, **moments_ahead(at)})
        [waits] = cursor.fetchone()
    return bool(waits)
