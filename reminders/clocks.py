"""A clock that was wrong for a while: what it decided is decided anew, and nothing is said twice.

A sweep takes its moment from the machine's clock. One that ran ahead has looked at patients by days
that have not come, and left moments behind that are far away: the next look, the next attempt, a
claim. One that was put back has ended notices whose day had come already.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from reminders.endings import end
from reminders.models import Line, Message, MessageState, Notice, Watch
from reminders.models.watch import AT_ONCE

CLOCKS_DIFFER = timedelta(minutes=5)  # between machines; more than that, and a clock was wrong
LONGEST_WAIT = timedelta(days=7)  # for the next attempt; no message waits half as long

# The sweep that was ahead need not have come to its end, so what it did tells of it, too. Each part
# is one row of an index, or the few messages that wait.
WAS_AHEAD = """
    %(ahead)s < (SELECT at FROM reminders_sweep ORDER BY id DESC LIMIT 1)
    OR EXISTS (
        SELECT FROM (
            SELECT since, ended_at FROM reminders_notice ORDER BY id DESC LIMIT 1
        ) AS last WHERE ended_at IS NULL AND since > %(ahead)s
    )
    OR EXISTS (
        SELECT FROM reminders_message
        WHERE state IN ('queued', 'sending') AND next_try_at > %(far_ahead)s
    )
    OR EXISTS (
        SELECT FROM reminders_message
        WHERE state IN ('queued', 'sending') AND state = 'sending' AND claimed_at > %(ahead)s
    )
"""


def moments_ahead(at: datetime) -> dict[str, datetime]:
    """Return the parameters of `WAS_AHEAD`."""
    return {"ahead": at + CLOCKS_DIFFER, "far_ahead": at + LONGEST_WAIT}


def was_ahead(at: datetime) -> bool:
    """Whether a sweep before has gone by a clock that was ahead of `at`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {WAS_AHEAD}", moments_ahead(at))
        [found] = cursor.fetchone()
    return bool(found)


def decide_anew(at: datetime) -> None:
    """Put right what a clock that was ahead of `at` has decided.

    All patients are looked at again. What it raised and nobody was told of is ended, to be raised
    for its own moment; what it would do at a moment that is far away is taken up at once.
    """
    ahead = at + CLOCKS_DIFFER
    Notice.objects.filter(ended_at=None, since__gt=ahead).update(since=at)
    told = Line.objects.filter(notice=OuterRef("pk"), message__isnull=False)
    untold = Notice.objects.filter(~Exists(told), ended_at=None, raised_at__gt=ahead)
    end(list(untold.values_list("pk", flat=True)), at)
    Message.objects.filter(state=MessageState.QUEUED, next_try_at__gt=at).update(next_try_at=at)
    sending = Message.objects.filter(state=MessageState.SENDING)
    sending.filter(Q(claimed_at__gt=ahead) | Q(next_try_at__gt=ahead)).update(
        claimed_at=at, next_try_at=at
    )
    Watch.objects.exclude(look_at=AT_ONCE).update(look_at=AT_ONCE)


# A notice that had ended before it was raised was ended by a clock that had been put back, and one
# that ends in what is still to come by one that was ahead: it is opened again, where its moment has
# come. Lines that were withdrawn with it, and so never told, are told.
TAKE_UP_AGAIN = """
WITH taken_up AS (
    UPDATE reminders_notice SET ended_at = NULL, end_reason = ''
    WHERE id IN (
        SELECT id FROM reminders_notice AS wrong
        WHERE patient_id = ANY(%s) AND (ended_at < raised_at OR ended_at > %s) AND raised_at <= %s
            AND acknowledged_by_id IS NULL
            AND NOT EXISTS (
                SELECT FROM reminders_notice AS later
                WHERE later.patient_id = wrong.patient_id AND later.id > wrong.id
                    AND later.rule_id = wrong.rule_id AND later.round = wrong.round
                    AND (later.slot_id, later.booking_id, later.result_id)
                        IS NOT DISTINCT FROM (wrong.slot_id, wrong.booking_id, wrong.result_id)
            )
    )
    RETURNING id
)
UPDATE reminders_line SET withdrawn_at = NULL, message_id = NULL
FROM taken_up WHERE notice_id = taken_up.id AND withdrawn_at IS NOT NULL
"""
