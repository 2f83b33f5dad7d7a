"""Alerts: a sweep with nothing new, raising 50 000 at once, and sending them.

`nothing_new` is all that the product does each minute (`reminders.actions.sweep`): asking whether
anything waits, and the row that says that it ran, committed. Beside it stands one bare indexed
look-up for each kind of notice, on the same connection. `nothing_new_size` is the same sweep over
1 M slots beside 10 k, `nothing_new_size_100k` over 100 k beside 10 k: what was told of already,
and what lies ahead, should cost nothing.

`raise_50000` is `raise_notices` beside one statement written for just these alerts, that brings
about the same rows: it decides about nothing but alerts of the first rule, and locks nobody.

`smtp` is `deliver` beside a loop over bare smtplib that hands over mails written beforehand; the
server takes and drops them in another process, and offers PIPELINING as nearly all do; bare smtplib
never takes it up. `smtp_in_turn` is the same with a server that does not. `smtp_task_each` is
`deliver` beside what a task for each message would do: connect to the database and to the mail
server, claim its message, send it.
"""

import argparse
import smtplib
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from time import monotonic, sleep
from typing import TYPE_CHECKING
from unittest.mock import patch
from zoneinfo import ZoneInfo

from django.db.backends.base.base import BaseDatabaseWrapper as Database

from benchmarks import Row, compare, own_database, show
from benchmarks.plan import enrolled_without_slots

if TYPE_CHECKING:
    from reminders.models import Message

TODAY = date(2026, 6, 15)  # a Monday; the last to be operated on is past the first window by then
AT = datetime(2026, 6, 15, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
SWEEPS = 50  # in a round

# In each of four patients one is behind with one exam, and one has not booked what is open.
USUAL_OUTCOMES = """
UPDATE schedules_slot SET outcome = 'satisfied'
WHERE earliest_on <= %(today)s + 7 AND NOT (
    schedule_id %% 4 = 0 AND %(today)s BETWEEN earliest_on AND latest_on
    OR schedule_id %% 4 = 1 AND latest_on < %(today)s AND lapses_on >= %(today)s
)
"""

# Everybody is behind with the last exam whose window is over, and with no other.
ALL_OVERDUE = """
UPDATE schedules_slot AS slot
SET outcome = CASE WHEN slot.id = late.id THEN 'open' ELSE 'satisfied' END
FROM (
    SELECT DISTINCT ON (schedule_id) schedule_id, id FROM schedules_slot
    WHERE lapses_on < %(today)s ORDER BY schedule_id, lapses_on DESC
) AS late
WHERE late.schedule_id = slot.schedule_id AND slot.earliest_on <= %(today)s + 7
    AND slot.outcome <> CASE WHEN slot.id = late.id THEN 'open' ELSE 'satisfied' END
"""

# What each kind would have to look up at least, if nothing told it what has changed.
LOOK_UPS = {
    "to_book": """
        SELECT id FROM schedules_slot
        WHERE outcome IN ('open', 'partially_satisfied') AND latest_on >= %(today)s
        ORDER BY latest_on, id LIMIT 1
    """,
    "overdue": """
        SELECT id FROM schedules_slot
        WHERE outcome IN ('open', 'partially_satisfied') AND latest_on < %(today)s
        ORDER BY latest_on, id LIMIT 1
    """,
    "appointment": "SELECT id FROM schedules_booking WHERE id > %(last)s ORDER BY id LIMIT 1",
    "no_show": "SELECT id FROM schedules_booking WHERE id > %(last)s ORDER BY id LIMIT 1",
    "result": "SELECT id FROM schedules_result WHERE id > %(last)s ORDER BY id LIMIT 1",
}

RAISE_BY_HAND = """
WITH overdue AS MATERIALIZED (
    SELECT slot.id AS slot_id, patient.id AS patient_id, rule.id AS rule_id, clinic.id AS clinic_id,
        clinic.alert_email
    FROM schedules_slot AS slot
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
    JOIN patients_patient AS patient ON patient.id = tumour.patient_id
    JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
    JOIN reminders_rule AS rule ON rule.clinic_id = clinic.id AND rule.kind = 'overdue'
        AND rule.audience = 'responsible'
    WHERE slot.outcome IN ('open', 'partially_satisfied') AND slot.latest_on < %(today)s
        AND schedule.state = 'active'
        AND NOT EXISTS (
            SELECT FROM reminders_notice AS told
            WHERE told.slot_id = slot.id AND told.rule_id = rule.id AND told.ended_at IS NULL
        )
),
raised AS (
    INSERT INTO reminders_notice
        (public_id, rule_id, patient_id, slot_id, round, since, raised_at, end_reason)
    SELECT gen_random_uuid(), rule_id, patient_id, slot_id, 0, %(at)s, %(at)s, '' FROM overdue
    RETURNING id, slot_id
),
told AS (
    INSERT INTO reminders_line
        (notice_id, clinic_id, channel, recipient, to_patient, any_hour, deliver_at)
    SELECT raised.id, clinic_id, 'email', alert_email, false, false, %(morning)s
    FROM raised JOIN overdue USING (slot_id)
)
UPDATE reminders_watch AS watch SET look_at = %(tomorrow)s
FROM overdue WHERE overdue.patient_id = watch.patient_id
"""

WHAT_WAS_RAISED = """
SELECT
    (SELECT (count(*), sum(hashtextextended(ROW(rule_id, patient_id, slot_id, round, since,
        raised_at, ended_at, end_reason)::text, 0)))::text
    FROM reminders_notice),
    (SELECT (count(*), sum(hashtextextended(ROW(slot_id, line.clinic_id, channel, recipient,
        to_patient, any_hour, deliver_at, message_id, withdrawn_at)::text, 0)))::text
    FROM reminders_line AS line JOIN reminders_notice AS notice ON notice.id = line.notice_id),
    (SELECT sum(hashtextextended(ROW(patient_id, look_at)::text, 0)) FROM reminders_watch)
"""


@contextmanager
def cohort(patients: int) -> Iterator[Database]:
    """A connection to a database of its own, with patients of whom all was told that is to tell."""
    from django.db import connection

    main, copy = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_{patients}"
    connection.close()  # or it could not be copied
    admin, ours = connection.copy(), connection.copy()
    admin.settings_dict["NAME"], ours.settings_dict["NAME"] = "postgres", copy
    try:
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {copy} TEMPLATE {main}")
        with on(ours):
            fill(patients)
        yield ours
    finally:
        ours.close()
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {copy}")
        admin.close()


@contextmanager
def on(database: Database) -> Iterator[None]:
    """Let all queries go to a database."""
    from django.db import connections

    main, connections["default"] = connections["default"], database
    try:
        yield
    finally:
        connections["default"] = main


def fill(patients: int) -> None:
    from django.db import transaction

    from schedules.bulk import lay_out

    with transaction.atomic():
        lay_out(enrolled_without_slots(patients))
    execute(USUAL_OUTCOMES)
    execute("VACUUM FULL ANALYZE schedules_slot")  # as if they had been so all along
    execute("VACUUM ANALYZE")
    tell(AT.replace(hour=0), AT.replace(hour=8))
    execute("VACUUM ANALYZE")


def tell(raised: datetime, told: datetime) -> None:
    """Raise all that is to tell at one moment and send it at another, to nobody."""
    from django.test import override_settings

    from reminders.actions import decide_hold, sweep
    from reminders.models import Hold
    from tests.factories import UserFactory

    with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
        sweep(at=raised)
        sweep(at=told)
        for hold in Hold.objects.filter(decided_at=None):
            decide_hold(hold=hold, release=True, by=UserFactory.create(), at=told)
        sweep(at=told)


def execute(sql: str, **moments: date) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, {"today": TODAY, "at": AT} | moments)


def sweeps(database: Database) -> list[int]:
    from reminders.actions import sweep

    with on(database):
        return [sweep(at=AT).looked_at for _ in range(SWEEPS)]


def look_ups(database: Database) -> list[int]:
    assert database.connection
    with database.connection.cursor() as cursor:  # the driver's own
        for _ in range(SWEEPS):
            for sql in LOOK_UPS.values():
                cursor.execute(sql, {"today": TODAY, "last": 2**31})
                cursor.fetchall()
    return [0] * SWEEPS


def nothing_new_rows(few: Database, more: Database, most: Database) -> list[Row]:
    def row(name: str, ours: Database, baseline: Callable[[], list[int]]) -> Row:
        return compare(
            name,
            ours=lambda: sweeps(ours),
            baseline=baseline,
            unit="ms",
            units_per_second=1000 / SWEEPS,
        )

    return [
        row("nothing_new", most, lambda: look_ups(most)),
        row("nothing_new_size", most, lambda: sweeps(few)),
        row("nothing_new_size_100k", more, lambda: sweeps(few)),
    ]


def raise_row() -> Row:
    from django.db import connection, transaction

    from patients.models import Clinic
    from reminders.hours import next_morning
    from reminders.raising import hours_of, raise_notices

    execute(ALL_OVERDUE)
    clinics = list(Clinic.objects.all())
    [clinic] = clinics
    moments = {
        "morning": next_morning(hours_of(clinic), AT),
        "tomorrow": datetime.combine(TODAY + timedelta(days=1), time(), clinic.zone),
    }

    def by_hand() -> None:
        with transaction.atomic():
            execute(RAISE_BY_HAND, **moments)

    def raised(_: object) -> object:
        """Return a fingerprint of all that was raised, and forget it for the next round."""
        with connection.cursor() as cursor:
            cursor.execute(WHAT_WAS_RAISED)
            fingerprint = cursor.fetchone()
        forget()
        return fingerprint

    def forget() -> None:
        execute("TRUNCATE reminders_notice, reminders_line, reminders_message CASCADE")
        execute("UPDATE reminders_watch SET look_at = 'epoch'")
        execute("VACUUM ANALYZE")

    forget()
    return compare(
        "raise_50000",
        ours=lambda: raise_notices(clinics, AT),
        baseline=by_hand,
        unit="s",
        outcome=raised,
    )


def smtp_rows(mails: int, *, in_tasks: int) -> list[Row]:
    """Send mails of one alert each, over the patients whom `raise_row` leaves behind."""
    from django.db import connection
    from django.test import override_settings

    from patients.models import Clinic
    from reminders import delivery
    from reminders.channels import channel
    from reminders.models import ChannelName, Message, MessageState

    clinics = list(Clinic.objects.all())
    tomorrow = AT + timedelta(days=1)
    raise_for_each(mails, tomorrow)
    execute("VACUUM ANALYZE")  # as a night has gone by since they were raised

    def send() -> int:
        return delivery.deliver(clinics, tomorrow)[MessageState.SENT]

    def send_in_tasks() -> int:
        """Do what a task for each message would: connect, claim it, send it, disconnect."""
        ended: Counter[MessageState] = Counter()
        with patch.object(delivery, "BATCH", 1):
            for _ in range(in_tasks):
                connection.close()
                with channel("email") as line:
                    outbox = delivery._Outbox(clinics, tomorrow)
                    claimed = outbox.claim(ChannelName.EMAIL)
                    delivery._send_all(line, outbox, claimed, ended, monotonic() + 60)
        return ended[MessageState.SENT]

    def queue(sent: int, mails: int) -> int:
        """Make as many wait for the next round."""
        Message.objects.update(state=MessageState.WITHDRAWN)
        first = Message.objects.order_by("pk").values("pk")[:mails]
        Message.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(
            state=MessageState.QUEUED, attempts=0, next_try_at=tomorrow, claimed_at=None
        )
        execute("VACUUM ANALYZE reminders_message")
        return sent

    def beside_bare(name: str, port: int) -> Row:
        queue(0, mails)
        send()  # to have their texts
        letters = [as_bytes(message) for message in Message.objects.order_by("pk")]

        def send_bare() -> int:
            with smtplib.SMTP("127.0.0.1", port) as smtp:
                for recipient, letter in letters:
                    smtp.sendmail("us@example.org", [recipient], letter)
            return len(letters)

        queue(0, mails)
        return compare(
            name,
            ours=send,
            baseline=send_bare,
            unit="ms a mail",
            units_per_second=1000 / mails,
            outcome=lambda sent: queue(sent, mails),
        )

    rows = []
    with mail_server("aiosmtpd.handlers.Sink") as port, override_settings(**by_smtp(port)):
        rows.append(beside_bare("smtp_in_turn", port))
    with mail_server("benchmarks.mail_sink.AtOnce") as port, override_settings(**by_smtp(port)):
        rows.append(beside_bare("smtp", port))
        queue(0, in_tasks)
        rows.append(
            compare(
                "smtp_task_each",
                ours=send,
                baseline=send_in_tasks,
                unit="ms a mail",
                units_per_second=1000 / in_tasks,
                outcome=lambda sent: queue(sent, in_tasks),
            )
        )
    return rows


def raise_for_each(mails: int, told: datetime) -> None:
    """Raise the alerts, as if each patient had another clinician, and let so many mails wait."""
    from patients.models import Clinic
    from reminders.actions import decide_hold
    from reminders.gathering import gather
    from reminders.models import Hold, Line
    from reminders.raising import raise_notices
    from tests.factories import UserFactory

    clinics = list(Clinic.objects.all())
    raise_notices(clinics, AT)
    first = list(Line.objects.order_by("pk").values_list("pk", flat=True)[:mails])
    Line.objects.exclude(pk__in=first).delete()
    execute("UPDATE reminders_line SET recipient = 'clinician' || id || '@example.org'")
    gather(clinics, told)
    for hold in Hold.objects.filter(decided_at=None):
        decide_hold(hold=hold, release=True, by=UserFactory.create(), at=told)


def as_bytes(message: "Message") -> tuple[str, bytes]:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = (
        "us@example.org",
        message.recipient,
        message.subject,
    )
    letter["Message-ID"] = f"<{message.public_id}@example.org>"
    letter.set_content(message.body)
    return message.recipient, letter.as_bytes(policy=SMTP)


def by_smtp(port: int) -> dict[str, object]:
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
    }


@contextmanager
def mail_server(handler: str) -> Iterator[int]:
    """The port of a mail server in another process, with a handler of aiosmtpd's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    serve = ["-m", "aiosmtpd", "--nosetuid", "--listen", f"127.0.0.1:{port}", "--class", handler]
    server = subprocess.Popen([sys.executable, *serve])
    try:
        deadline = monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except ConnectionRefusedError:
                if monotonic() > deadline or server.poll() is not None:
                    raise
                sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=50_000, metavar="N")
    parser.add_argument("--mails", type=int, default=2_000, metavar="N")
    options = parser.parse_args()
    patients, mails = options.patients, options.mails
    with (
        own_database(),
        cohort(patients // 100) as few,
        cohort(patients // 10) as more,
        cohort(patients) as most,
    ):
        rows = nothing_new_rows(few, more, most)
        with on(most):
            rows += [raise_row(), *smtp_rows(mails, in_tasks=max(mails // 40, 1))]
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
