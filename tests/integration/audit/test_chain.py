"""The audit is only ever added to, and shows it when that was not so."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import Error, IntegrityError, connection, transaction
from django.test import Client

from patients.models import Clinic
from reminders.models import Alarm, AlarmKind
from surveillance.accounts.roles import Role
from surveillance.audit import chain
from surveillance.audit.actions import record
from surveillance.audit.models import Event, Look, Seal
from surveillance.tasks import seal_audit
from tests.factories import ClinicFactory, MembershipFactory
from tests.integration.pages.reading import Page
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db
TABLES = ("audit_event", "audit_look", "audit_seal")
RUNBOOK = Path(__file__).parents[3] / "docs" / "runbooks" / "audit.md"


def ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def enter(days_ago: int, *, events: int = 2, looks: int = 1) -> None:
    """Enter rows as they were written on that day."""
    told = {"day": ago(days_ago), "by_name": "Naomi Nurse", "clinic_code": "sarcoma"}
    Event.objects.bulk_create(
        Event(act="booking.booked", patient_id=uuid4(), detail={"n": n}, **told)
        for n in range(events)
    )
    Look.objects.bulk_create(
        Look(page="to book", patient_ids=[uuid4(), uuid4()], **told) for _ in range(looks)
    )


@pytest.fixture
def sealed() -> None:
    """Five days, on the third of which nothing happened, and today."""
    for days in (5, 4, 2, 1):
        enter(days)
    chain.seal_days()
    # In the first hour after midnight, yesterday is not complete yet.
    assert Seal.objects.count() in (4, 5)
    enter(0)


def faults() -> dict[date | None, str]:
    return {fault.day: fault.why for fault in chain.verify().faults}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET day = day", "DELETE FROM {}", "TRUNCATE {}"], ids=lambda sql: sql[:6]
)
def test_no_row_is_changed_or_removed(sealed: None, table: str, change: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_never_emptied")  # as in life
        with pytest.raises(IntegrityError, match="only ever added to"):
            cursor.execute(change.format(table))
        transaction.set_rollback(True)


def test_each_day_that_is_over_is_sealed_once_those_without_rows_too(sealed: None) -> None:
    days = list(Seal.objects.order_by("day").values_list("day", "events", "looks"))

    assert days[:4] == [(ago(5), 2, 1), (ago(4), 2, 1), (ago(3), 0, 0), (ago(2), 2, 1)]
    assert faults() == {}
    assert chain.seal_days() == []


def slip_in() -> None:
    enter(4, events=1, looks=0)


def change_a_row() -> None:
    Event.objects.filter(day=ago(4)).update(by_name="Nobody")


def change_whom_a_look_showed() -> None:
    Look.objects.filter(day=ago(4)).update(patient_ids=[uuid4()])


def swap_two_rows() -> None:
    first, second = Event.objects.filter(day=ago(4)).order_by("pk")
    Event.objects.filter(pk=first.pk).update(detail=second.detail)
    Event.objects.filter(pk=second.pk).update(detail=first.detail)


def move_a_row_to_another_day() -> None:
    Event.objects.filter(pk=Event.objects.filter(day=ago(4)).latest("pk").pk).update(day=ago(2))


def remove_a_row() -> None:
    Look.objects.filter(day=ago(4)).delete()


def remove_the_first_seal() -> None:
    Seal.objects.filter(day=ago(5)).delete()


def remove_a_seal() -> None:
    Seal.objects.filter(day=ago(3)).delete()


def remove_a_day_with_its_seal() -> None:
    Event.objects.filter(day=ago(4)).delete()
    Look.objects.filter(day=ago(4)).delete()
    Seal.objects.filter(day=ago(4)).delete()


def rewrite_a_day_with_its_seal() -> None:
    change_a_row()
    seals = Seal.objects.filter(day__lte=ago(4)).order_by("day")
    first, second = seals
    of = chain._contents(second.day, second.day)[second.day]
    seals.filter(pk=second.pk).update(digest=of.linked(first.digest, second.day))


def remove_the_latest_seals() -> None:
    Seal.objects.filter(day__gte=ago(2)).delete()


CHANGED = "rows, its seal or the seal before it were changed"


@pytest.mark.parametrize(
    ("done", "shows"),
    [
        (slip_in, {4: "sealed were 2 events and 1 looks, there are 3 and 1"}),
        (change_a_row, {4: CHANGED}),
        (change_whom_a_look_showed, {4: CHANGED}),
        (swap_two_rows, {4: CHANGED}),
        (
            move_a_row_to_another_day,
            {
                4: "sealed were 2 events and 1 looks, there are 1 and 1",
                2: "sealed were 2 events and 1 looks, there are 3 and 1",
            },
        ),
        (remove_a_row, {4: "sealed were 2 events and 1 looks, there are 2 and 0"}),
        (remove_the_first_seal, {5: "its seal is gone"}),
        (remove_a_seal, {3: "its seal is gone"}),
        (remove_a_day_with_its_seal, {4: "its seal is gone", 3: CHANGED}),
        (rewrite_a_day_with_its_seal, {3: CHANGED}),
        (remove_the_latest_seals, {2: "it is over and has no seal"}),
    ],
)
def test_what_was_done_past_the_product_shows(
    sealed: None, done: Callable[[], None], shows: dict[int, str]
) -> None:
    with unguarded():
        done()

    assert faults() == {ago(days): why for days, why in shows.items()}


def run(*options: str) -> tuple[Any, int]:
    """Run the command; return what it says and its exit code."""
    out = StringIO()
    try:
        call_command("verify_audit", *options, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


def test_the_command_says_what_fits_and_what_does_not(sealed: None) -> None:
    latest = Seal.objects.latest("day")

    said, code = run()
    assert code == 0
    assert "10 events, 5 looks: all fit." in said
    assert said.endswith(f"The latest seal: {latest.day} {latest.digest}\n")
    assert run("--kept", latest.digest)[1] == 0
    assert run("--kept", "0" * 64)[0].startswith(f"no day has the seal {'0' * 64}\n")

    with unguarded():
        change_a_row()
    said, code = run("--json")
    told = json.loads(said)
    assert code == 1
    assert told["faults"] == [{"day": str(ago(4)), "why": CHANGED}]
    assert (told["fits"], told["latest"]["digest"]) == (False, latest.digest)


def test_a_chain_written_anew_shows_beside_a_seal_kept_elsewhere(sealed: None) -> None:
    kept = Seal.objects.get(day=ago(4)).digest
    with unguarded():
        change_a_row()
        Seal.objects.all().delete()
    chain.seal_days()

    assert run()[1] == 0
    assert run("--kept", kept)[1] == 1


def test_an_audit_without_a_row_fits() -> None:
    assert chain.seal_days() == []
    assert run() == ("0 days sealed, 0 events, 0 looks: all fit.\n", 0)


def test_what_does_not_fit_is_an_alarm_that_ends_when_it_fits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    enter(5)
    chain.seal_days()
    with unguarded():
        Seal.objects.filter(day__gt=ago(4)).delete()
        Event.objects.filter(day=ago(5)).update(by_name="Nobody")

    seal_audit()
    seal_audit()
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.ended_at) == (AlarmKind.AUDIT, None)
    assert f"{ago(5)}: {CHANGED}" in alarm.detail
    assert f"the audit of {ago(2)} is sealed: {Seal.objects.get(day=ago(2)).digest}" in caplog.text

    with unguarded():
        Event.objects.filter(day=ago(5)).update(by_name="Naomi Nurse")
        Seal.objects.filter(day__gte=ago(2)).delete()
    seal_audit()
    assert Alarm.objects.get().ended_at


def as_the_role(*then: str) -> None:
    """Do what the runbook says, go on as that role, and run `then`."""
    [sql] = re.findall(r"```sql\n(CREATE ROLE.*?)```", RUNBOOK.read_text("utf-8"), re.DOTALL)
    with connection.cursor() as cursor:
        for statement in (sql, "SET LOCAL ROLE surveillance_app", *then):
            cursor.execute(statement)


@pytest.mark.parametrize(
    "denied",
    [
        *(f"UPDATE {table} SET day = day" for table in TABLES),
        "DELETE FROM audit_look",
        "TRUNCATE audit_event",
        "SET session_replication_role = replica",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    ],
)
def test_the_runbooks_role_works_and_cannot_change_the_audit(denied: str) -> None:
    with transaction.atomic():
        enter(3)
        as_the_role()
        record(act="booking.booked", by="A program", clinic_code="")
        ClinicFactory.create()
        assert chain.seal_days()
        assert faults() == {}
        refused = pytest.raises(Error, match=r"permission denied|must be owner")
        with connection.cursor() as cursor, refused:
            cursor.execute(denied)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_no_day_is_sealed_while_somebody_may_be_writing_in_it() -> None:
    """Of whose transaction is older than this one may not know, all count as old."""
    enter(3)
    written, done = Signal(), Signal()

    def write() -> None:
        with transaction.atomic():
            record(act="booking.booked", by="A program", clinic_code="")
            written.set()
            done.wait(30)
        connection.close()

    somebody = Thread(target=write)
    somebody.start()
    assert written.wait(30)
    with transaction.atomic():
        as_the_role()
        assert chain.seal_days() == []
        done.set()
        somebody.join()
        assert chain.seal_days()
        transaction.set_rollback(True)


def test_status_says_until_which_day_the_audit_is_sealed() -> None:
    clinic: Clinic = ClinicFactory.create()
    client = Client()
    client.force_login(MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user)
    enter(5)

    assert "no day" in Page(client.get("/status/")).text("#audit")
    chain.seal_days()
    assert "late" not in Page(client.get("/status/")).text("#audit")
    with unguarded():
        Seal.objects.filter(day__gt=ago(4)).delete()
    assert "late" in Page(client.get("/status/")).text("#audit")
