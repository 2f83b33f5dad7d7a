"""What a sweep costs by how it is done: by plans and pages read, for time depends on the day."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.models import Patient
from reminders.actions import sweep
from reminders.models import Watch
from tests.factories import ClinicFactory, PatientFactory, ScheduleFactory
from tests.integration.reminders.days import moment

pytestmark = pytest.mark.django_db

NOW = moment(4, 30, hour=12)
A_FEW_PAGES = 60  # of 8 kB; some are left from the patients who were looked at just before
FOUND_BY = {
    "reminders_watch": "patients_to_look_at",
    "reminders_line": "lines_to_gather",
    "reminders_message": "messages_to_deliver",
}

# What was told in the years before.
HISTORY = """
INSERT INTO reminders_message (public_id, clinic_id, channel, recipient, any_hour, subject, body,
    state, queued_at, attempts, next_try_at, claimed_by, sent_at, last_error)
SELECT gen_random_uuid(), clinic_id, channel, recipient, any_hour, subject, body,
    state, queued_at, attempts, next_try_at, claimed_by, sent_at, last_error
FROM (SELECT * FROM reminders_message LIMIT 1) AS told, generate_series(1, 2000);
INSERT INTO reminders_line (notice_id, clinic_id, channel, recipient, to_patient, any_hour,
    deliver_at, message_id)
SELECT notice_id, clinic_id, channel, number || '@example.org', to_patient, any_hour,
    deliver_at, message_id
FROM (SELECT * FROM reminders_line WHERE message_id IS NOT NULL LIMIT 1) AS told,
    generate_series(1, 2000) AS number;
INSERT INTO reminders_line (notice_id, clinic_id, channel, recipient, to_patient, any_hour,
    deliver_at, withdrawn_at)
SELECT notice_id, clinic_id, channel, number || '@example.com', to_patient, any_hour,
    deliver_at, deliver_at
FROM (SELECT * FROM reminders_line LIMIT 1) AS told, generate_series(1, 2000) AS number;
INSERT INTO reminders_sweep (at, started_at, finished_at, looked_at, raised, ended, sent,
    withdrawn, retrying, failed, held)
SELECT at, started_at, finished_at, looked_at, raised, ended, sent, withdrawn, retrying, failed,
    held
FROM (SELECT * FROM reminders_sweep LIMIT 1) AS ran, generate_series(1, 2000);
ANALYZE;
"""


@pytest.fixture(autouse=True)
def _all_was_told(mailoutbox: list[EmailMessage]) -> None:
    """A clinic that was told all that there is to tell, with much that was told before."""
    clinic = ClinicFactory.create()
    ScheduleFactory.create_batch(5, anchor__tumour__patient__clinic=clinic)
    Patient.objects.bulk_create(PatientFactory.build_batch(2_000, clinic=clinic))
    sweep(at=moment(4, 30))
    sweep(at=moment(4, 30, hour=8))
    assert mailoutbox
    with connection.cursor() as cursor:
        cursor.execute(HISTORY)
        cursor.execute("SET LOCAL enable_seqscan = on")  # a sweep is a transaction, but not here


def asked_by_a_sweep() -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        ran = sweep(at=NOW)
    assert ran.looked_at == ran.raised == ran.sent == 0
    return [query["sql"] for query in queries]


def plan_of(sql: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql.replace('%', '%%')}", [])
        [[explained]] = cursor.fetchone()
    plan: dict[str, Any] = explained["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def test_a_sweep_with_nothing_new_asks_one_question_and_leaves_its_row() -> None:
    asked = asked_by_a_sweep()

    assert [sql.split()[0] for sql in asked] == ["SELECT", "INSERT"]


def test_a_sweep_with_nothing_new_reads_a_few_pages_of_indexes_and_no_table_that_grows() -> None:
    plan = plan_of(asked_by_a_sweep()[0])

    read = [node for node in nodes(plan) if node.get("Relation Name") in FOUND_BY]
    assert {node["Relation Name"]: node.get("Index Name") for node in read} == FOUND_BY
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < A_FEW_PAGES


def test_statements_are_planned_anew_each_time_the_tables_may_be_twice_as_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is planned for empty tables took a first sweep of 30 000 patients a minute."""
    monkeypatch.setattr("reminders.raising.PATIENTS_AT_A_TIME", 1)
    Watch.objects.filter(pk__in=Watch.objects.values("pk")[:9]).update(look_at=NOW)

    with CaptureQueriesContext(connection) as queries:
        ran = sweep(at=NOW)

    looks = [
        sql.removeprefix("EXECUTE ").split()[0]
        for query in queries
        if (sql := query["sql"]).startswith(("DISCARD PLANS", "EXECUTE look_again"))
    ]
    assert ran.looked_at == 9
    assert [number for number, look in enumerate(looks) if look == "DISCARD"] == [1, 3, 6, 11]
