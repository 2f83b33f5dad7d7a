"""What goes around the application is caught; what goes through it agrees with its event."""

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pghistory.core import event_models

from patients.emergency import end_access, note_access, open_in_emergency
from patients.models import Clinic
from schedules.protocol_files import load_protocols
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.history import changed_around
from surveillance.audit.models import Event, Look
from tests.factories import MembershipFactory, PatientFactory, UserFactory
from tests.integration.audit.agreement import Agreement
from tests.integration.pages.scene import (
    enter_patient_of_every_list,
    give_feeds,
    member,
    tell_of_all,
)

HISTORY: list[Any] = event_models()
# What the tests' factories write past any action; a person does it by the ones below.
BY_FACTORIES = {
    f"{table} (1 insert)"
    for table in (
        "accounts_user",
        "patients_clinic",
        "patients_membership",
        "patients_patient",
        "patients_tumour",
        "patients_treatment",
        "schedules_protocol",
        "schedules_scanner",
    )
}


def raw(sql: str, *given: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    """Each thing that is done here stands in a transaction of its own, as in life."""
    with transaction.atomic():
        membership = MembershipFactory.create(role=Role.ADMINISTRATOR, user__username="admin")
        PatientFactory.create(clinic=membership.clinic)
    call_command("verify_audit", explain="Made by a test.", by="admin", stdout=StringIO())
    return membership.clinic


def test_what_is_done_by_actions_is_told_of_by_an_event_of_the_same_transaction(
    transactional_db: None,
) -> None:
    load_protocols()
    with transaction.atomic():
        clinic = MembershipFactory.create(role=Role.ADMINISTRATOR).clinic
    nurse, clinician = (member(clinic, role) for role in (Role.NURSE, Role.CLINICIAN))
    enter_patient_of_every_list(clinic, nurse, clinician)
    give_feeds(clinic, nurse)
    tell_of_all(clinic)
    with transaction.atomic():
        elsewhere, administrator = PatientFactory.create(), UserFactory.create()
    named: dict[str, Any] = {
        "mrn": elsewhere.mrn,
        "birth_date": elsewhere.birth_date,
        "reason": "Unconscious here",
    }
    for _ in range(2):  # the second ends the first
        access = open_in_emergency(**named, by=clinician)
    end_access(access=access, by=clinician)
    note_access(access=access, by=administrator)
    with pytest.raises(ValidationError):
        open_in_emergency(**{**named, "mrn": "none"}, by=clinician)

    (agreement := Agreement()).look()
    assert len(agreement.acts) > 12
    assert {row for around in changed_around() for row in around.rows} <= BY_FACTORIES
    changed = {model._meta.db_table for model in HISTORY if model.objects.exists()}
    assert len(changed) > 15  # or little was done


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE patients_patient SET birth_date = '1950-01-01'", "patients_patient (1 update)"),
        ("UPDATE patients_membership SET role = 'auditor'", "patients_membership (1 update)"),
        ("DELETE FROM patients_membership", "patients_membership (1 delete)"),
        ("UPDATE accounts_user SET is_active = false", "accounts_user (1 update)"),
    ],
)
def test_what_goes_around_is_told_of_until_somebody_explains_it(
    clinic: Clinic, sql: str, says: str
) -> None:
    with connection.cursor() as cursor:  # as django-pgtrigger would let whoever may write SQL
        cursor.execute("SELECT array_agg(tgname)::text FROM pg_trigger WHERE tgname ~ '^pgtrigger'")
        [[triggers]] = cursor.fetchall()
    raw("SET pgtrigger.ignore = %s", triggers)
    raw(sql)
    raw("RESET pgtrigger.ignore")

    [around] = changed_around()
    assert (around.rows, around.session.split()[0]) == ([says], connection.settings_dict["USER"])
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=(said := StringIO()))
    assert "rows were changed around the application by" in said.getvalue()
    with pytest.raises(CommandError, match="Name with --by"):
        call_command("verify_audit", explain="Asked for.", by="nobody")
    raw("UPDATE accounts_user SET is_active = true")
    call_command("verify_audit", explain="Asked for.", by="admin", stdout=(said := StringIO()))
    assert "all fit" in said.getvalue()
    assert Event.objects.latest("pk").in_words == "Explained changes around the application"


def test_signing_in_is_no_change(clinic: Clinic) -> None:
    user = User.objects.get()
    user.set_password("a new one")
    user.save()
    Client().force_login(user)

    assert changed_around() == []


def test_the_audit_says_from_where(clinic: Clinic) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(member(clinic, Role.NURSE))
    headers = {"X-Request-ID": "0123456789abcdef0123", "X-Forwarded-For": "10.0.0.1, 198.51.100.4"}

    client.get("/patients/", headers=headers)
    client.get("/patients/", headers={"X-Forwarded-For": "<script>"})
    first, second = Look.objects.order_by("pk").values_list("origin", flat=True)
    assert first == "198.51.100.4, request 0123456789abcdef0123"
    assert second.startswith("192.0.2.7, request ")
    assert not Event.objects.latest("pk").origin.startswith("192")  # but the program's own name


@pytest.mark.parametrize(
    "change", ["UPDATE {} SET mrn = ''", "DELETE FROM {}", "TRUNCATE {}"], ids=lambda sql: sql[:6]
)
def test_history_is_only_added_to(db: None, change: str) -> None:
    PatientFactory.create()
    table = "patients_patienthistory"
    raw(f"ALTER TABLE {table} ENABLE TRIGGER {table}_never_emptied")  # as in life

    with pytest.raises(IntegrityError, match="only ever added to"), transaction.atomic():
        raw(change.format(table))


def test_each_history_has_its_guards_and_each_tracked_table_its_triggers(db: None) -> None:
    wanted = {
        (table, trigger)
        for model in HISTORY
        for table, trigger in [
            (model._meta.db_table, f"{model._meta.db_table}_only_erased"),
            (model._meta.db_table, f"{model._meta.db_table}_never_emptied"),
            *(
                (model.pgh_tracked_model._meta.db_table, f"pgtrigger_{on}_{on}")
                for on in ("insert", "update", "delete")
            ),
        ]
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, regexp_replace(tgname, '_[0-9a-f]{5}$', '')"
            " FROM pg_trigger WHERE NOT tgisinternal"
        )
        assert wanted - set(cursor.fetchall()) == set()
