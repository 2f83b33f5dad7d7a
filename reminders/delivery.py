"""Delivering at least once: claim what is still true, send it, record what came of it.

A crash loses nothing. What was claimed by a process that is gone is claimed again, and goes out
once more under the same id if it had gone out at all.
"""

import logging
import random
from collections import Counter, deque
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic, sleep

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL

from patients.models import Clinic
from reminders.channels import Channel, Outgoing, RecipientBusy, Refused, TryLater, channel
from reminders.composing import compose, languages_of, lines_of
from reminders.conditions import still_true
from reminders.endings import end
from reminders.hours import next_opening
from reminders.models import ChannelName, Line, Message, MessageState, Notice
from reminders.prepared import THEM, Prepared, among_them, plan_once
from reminders.raising import hours_of

logger = logging.getLogger(__name__)

BATCH = 100  # small: what is claimed was true a fraction of a second before it is sent
CLAIM_LASTS = timedelta(minutes=10)  # for a process that lives; longer than a batch can take
DEAD_AFTER = timedelta(seconds=30)  # for one whose database session is gone
FIRST_WAIT = timedelta(minutes=1)  # doubled at each attempt
GIVE_UP_AFTER = 13  # attempts: 68 hours, longer than a weekend
LINE_IS_DOWN_AFTER = 5  # messages in a row that could not be sent; the rest wait for the next sweep
TIME_TO_DELIVER = 200  # seconds, well under a task's time limit; the next sweep goes on


# A patient who has given another address since; the next sweep sends it there.
_AT_ANOTHER_ADDRESS = (
    Line.objects.filter(message=OuterRef("pk"), to_patient=True)
    .exclude(notice__patient__contact_by="")
    .exclude(
        Q(notice__patient__contact_by="email", notice__patient__email=OuterRef("recipient"))
        | Q(notice__patient__contact_by="sms", notice__patient__phone=OuterRef("recipient"))
    )
)


def deliver(clinics: Sequence[Clinic], at: datetime) -> Counter[MessageState]:
    """Deliver the mails and SMS that wait at `at`; return how many ended in which state.

    A message that could not be sent for now counts as queued.
    """
    ended: Counter[MessageState] = Counter()
    until = monotonic() + TIME_TO_DELIVER
    outbox = _Outbox(clinics, at)
    for name in (ChannelName.EMAIL, ChannelName.SMS):
        with channel(name.value) as line:
            while monotonic() < until and (claimed := outbox.claim(name)):
                if not _send_all(line, outbox, claimed, ended, until):
                    break
    return ended


# A session is known by its process and by when it began: numbers of processes come again.
_THIS_SESSION = """(
    SELECT pid || '@' || backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()
)"""
_SESSIONS = "SELECT pid || '@' || backend_start::text FROM pg_stat_activity WHERE pid IS NOT NULL"

_HOLD_ON = f"""
UPDATE reminders_message SET claimed_by = {_THIS_SESSION}
WHERE id = ANY (%s) AND state = 'sending' AND claimed_by = %s
RETURNING id, claimed_by
"""  # noqa: S608 - text of our own
_CLAIM = """
WITH line AS MATERIALIZED (
    SELECT id, message_id, notice_id, notice_id IN ({true}) AS is_true
    FROM reminders_line WHERE message_id = ANY (%s) AND withdrawn_at IS NULL
),
claimed AS (
    UPDATE reminders_message AS message
    SET state = CASE WHEN EXISTS (
            SELECT FROM line WHERE line.message_id = message.id AND line.is_true
        ) THEN 'sending' ELSE 'withdrawn' END,
        claimed_at = %s, claimed_by = {this_session}, attempts = attempts + 1
    WHERE id = ANY (%s)
)
SELECT id, notice_id FROM line WHERE NOT is_true
"""


# To put it together and to plan it takes longer than to write the row.
_RECORD = """
UPDATE reminders_message
SET state = $2, sent_at = $3, next_try_at = $4, last_error = $5, subject = $6, body = $7
WHERE id = $1
"""


class _Outbox:
    """Claims one batch after another, and records what came of each message."""

    def __init__(self, clinics: Sequence[Clinic], at: datetime) -> None:
        self._clinics, self.at = clinics, at
        self._record = Prepared("record", _RECORD)
        waiting = Message.objects.filter(
            Q(state=MessageState.QUEUED, next_try_at__lte=at)
            | Q(state=MessageState.SENDING, claimed_at__lte=at - CLAIM_LASTS)
            | Q(state=MessageState.SENDING, claimed_at__lte=at - DEAD_AFTER)
            & ~Q(claimed_by__in=RawSQL(_SESSIONS, [])),  # noqa: S611 - no parameter in it
            ~Exists(_AT_ANOTHER_ADDRESS),
        ).order_by("next_try_at", "id")
        is_open = [clinic for clinic in clinics if next_opening(hours_of(clinic), at) <= at]
        self._waiting = waiting.filter(Q(any_hour=True) | Q(clinic__in=is_open))

    def claim(self, name: ChannelName) -> list[Message]:
        """Claim up to a batch; what is no longer true is withdrawn by the statement that claims."""
        with transaction.atomic():
            claimed = list(
                self._waiting.filter(channel=name)
                .select_for_update(skip_locked=True)
                .values_list("pk", flat=True)[:BATCH]
            )
            if not claimed:
                return []
            plan_once()
            untrue = dict(self._claim.execute(claimed))
            if untrue:
                Line.objects.filter(pk__in=untrue).update(withdrawn_at=self.at)
                # Ended at once: if it comes to be true again, it is raised and said anew.
                end(list(untrue.values()), self.at)
        return list(
            Message.objects.filter(pk__in=claimed)
            .prefetch_related("clinic")
            .order_by("next_try_at", "id")
        )

    @cached_property
    def _claim(self) -> Prepared:
        its_notices = Line.objects.filter(among_them("message"), withdrawn_at=None)
        true, params = (
            Notice.objects.filter(
                still_true(self.at, self._clinics),
                pk__in=its_notices.values("notice"),
                ended_at=None,
            )
            .values("pk")
            .query.sql_with_params()
        )
        claim = _CLAIM.format(true=true, this_session=_THIS_SESSION)
        return Prepared("claim", claim, [*params, THEM, self.at, THEM])

    def record(self, message: Message) -> bool:
        """Write what came of it; say whether the database session is still the one that claimed it.

        A database that is away for a moment must not make the message go out twice.
        """
        if message.state == MessageState.FAILED or message.last_error:
            # Not why: a gateway may repeat whom it was for. The page Messages shows it.
            logger.warning("message %s was not sent", message.public_id)
        told = (
            message.pk,
            message.state,
            message.sent_at,
            message.next_try_at,
            message.last_error,
            message.subject,
            message.body,
        )
        deadline = monotonic() + DEAD_AFTER.total_seconds() / 2
        is_same = True
        while True:
            try:
                self._record.execute(*told)
            except OperationalError:
                if connection.in_atomic_block or monotonic() > deadline:
                    raise
                connection.close()
                sleep(0.1)
            else:
                return is_same
            is_same = False


def _send_all(
    line: Channel,
    outbox: _Outbox,
    claimed: Sequence[Message],
    ended: Counter[MessageState],
    until: float,
) -> bool:
    """Send a batch over one connection; say whether the line still holds."""
    in_trouble, at = 0, outbox.at
    to_send = deque(message for message in claimed if message.state == MessageState.SENDING)
    ended[MessageState.WITHDRAWN] += len(claimed) - len(to_send)
    _write_all(to_send, at)
    last: Message | None = None  # it is recorded once the next is begun, and before that is sent
    while to_send and in_trouble < LINE_IS_DOWN_AFTER and monotonic() <= until:
        message = to_send.popleft()
        outgoing = Outgoing(
            str(message.public_id), message.recipient, message.subject, message.body
        )
        if message.state == MessageState.SENDING:  # it could be written
            line.begin(outgoing)
        if last and not outbox.record(last):
            last, to_send = None, _hold_on([message, *to_send])
            continue
        if message.state == MessageState.SENDING:
            try:
                line.send(outgoing)
            except Refused as error:
                message.state = MessageState.FAILED
                message.last_error = str(error)[:300]
            except TryLater as error:
                in_trouble = 0 if isinstance(error, RecipientBusy) else in_trouble + 1
                try_again(message, str(error), at)
            except Exception as error:
                _stumble(message, error, at)
            else:
                in_trouble = 0
                message.state, message.sent_at, message.last_error = MessageState.SENT, at, ""
        ended[MessageState(message.state)] += 1
        last = message
    if last and not outbox.record(last):
        to_send = _hold_on(to_send)
    _give_back(to_send)
    return in_trouble < LINE_IS_DOWN_AFTER


def _write_all(messages: Collection[Message], at: datetime) -> None:
    """Write a batch before any of it is sent: one text after another takes half the time."""
    lines, languages = lines_of(messages), languages_of(messages)
    for message in messages:
        try:
            message.subject, message.body = compose(message, lines[message.pk], languages, at)
        except Exception as error:
            _stumble(message, error, at)


def _stumble(message: Message, error: Exception, at: datetime) -> None:
    """Let a message wait that something is wrong with: it must not hold up the rest."""
    logger.exception("message %s could not be written", message.public_id)
    try_again(message, f"{type(error).__name__}: {error}", at)


def try_again(message: Message, why: str, at: datetime) -> None:
    """Let a message wait, twice as long as the last time and not at the second with all others."""
    message.last_error = why[:300]
    if message.attempts >= GIVE_UP_AFTER:
        message.state = MessageState.FAILED
        return
    wait = FIRST_WAIT * 2 ** (message.attempts - 1)
    message.state = MessageState.QUEUED
    message.next_try_at = at + wait + wait * random.uniform(0, 0.2)


def _hold_on(messages: Collection[Message]) -> deque[Message]:
    """Claim for this session what a lost one of ours had claimed; return what is still ours.

    The rest has been claimed by another sweep meanwhile, which sends it.
    """
    if not messages:
        return deque()
    ids, lost_session = [message.pk for message in messages], next(iter(messages)).claimed_by
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_ON, [ids, lost_session])
        session_of = dict(cursor.fetchall())
    for message in messages:
        message.claimed_by = session_of.get(message.pk, "")
    return deque(message for message in messages if message.claimed_by)


def _give_back(messages: Collection[Message]) -> None:
    """Leave them as they were before they were claimed: the line is down, and not they at fault."""
    if messages:
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(
            state=MessageState.QUEUED, attempts=F("attempts") - 1
        )
