"""Who is erased is nowhere in the database, and the audit still tells who saw that record."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, models, transaction

from patients.actions import agree_to_messages
from patients.models import Clinic, ContactBy, Import, Language, Patient
from patients.queries import clinic_days
from reminders.models import ChannelName, Line, Message, MessageState
from schedules.actions import end, record_contact
from schedules.models import ContactOutcome, EndReason, Review, Schedule
from surveillance import erasure
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit import chain
from surveillance.audit.actions import explain_changes, record_look
from surveillance.audit.models import Event, Look
from surveillance.safety_net import fallen_through
from surveillance.tasks import forget
from tests.factories import MembershipFactory, PatientFactory
from tests.integration.pages.scene import (
    enter_patient_of_every_list,
    give_lists,
    member,
    tell_of_all,
)
from tests.unguarded import unguarded

NOTE = "called her sister in Otsu"
EMAIL = "somebody@home.example"
TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def raw(sql: str, *given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall() if cursor.description else []


def everything() -> str:
    """All rows of all tables, as text."""
    return "\n".join(
        text for [table] in raw(TABLES) for [text] in raw(f"SELECT t::text FROM {table} t")
    )


@pytest.fixture
def admin(transactional_db: None) -> User:
    # Numbers and names that nothing else holds.
    PatientFactory.reset_sequence(84019370)  # type: ignore[no-untyped-call]
    return MembershipFactory.create(role=Role.ADMINISTRATOR, user__username="admin").user


@pytest.fixture
def clinic(admin: User) -> Clinic:
    return admin.memberships.get().clinic


@pytest.fixture
def other(clinic: Clinic) -> Patient:
    """A patient of every list, whom nobody erases."""
    nurse, clinician = (member(clinic, role) for role in (Role.NURSE, Role.CLINICIAN))
    with transaction.atomic():
        return enter_patient_of_every_list(clinic, nurse, clinician)


@pytest.fixture
def patient(clinic: Clinic, admin: User, other: Patient) -> Patient:
    """Who has images, calls, a deferral and messages, and whose follow-up has ended."""
    patient: Patient = Patient.objects.exclude(pk=other.pk).get()
    slot = Review.objects.get(slot__schedule__tumour__patient=patient).slot
    with transaction.atomic():
        agree_to_messages(
            patient=patient,
            contact_by=ContactBy.EMAIL,
            language=Language.ENGLISH,
            email=EMAIL,
            by=admin,
        )
        record_contact(slot=slot, outcome=ContactOutcome.NO_ANSWER, note=NOTE, by=admin)
        tell_of_all(clinic)
        # As if it had been sent to staff, in one message with what is told of the other.
        now = datetime.now(UTC)
        shared = Message.objects.create(
            clinic=clinic,
            channel=ChannelName.EMAIL,
            recipient="staff@example.org",
            body=f"{patient} {patient.mrn} {NOTE}",
            state=MessageState.SENT,
            queued_at=now,
            next_try_at=now,
        )
        lines = Line.objects.filter(notice__patient=other, notice__slot__isnull=False)
        assert lines.update(message=shared)
        line = lines.select_related("notice")[0]
        notice = line.notice
        notice.pk, notice.public_id, notice.patient, notice.slot = None, uuid4(), patient, slot
        notice.save()
        line.pk, line.notice = None, notice
        line.save()
        give_lists(clinic, admin)
        record_look(page="patient", by=admin, patients=[patient, other])
    return patient


def end_follow_up(patient: Patient, by: User) -> None:
    schedule = Schedule.objects.get(tumour__patient=patient)
    end(schedule=schedule, end_reason=EndReason.OTHER, explanation=NOTE, by=by)


def erase(patient: Patient, **changes: str) -> str:
    told = {"clinic": patient.clinic.code, "reason": "request", "by": "admin"}
    told |= {"confirmed": patient.mrn} | changes
    call_command("erase_patient", patient.mrn, **told, stdout=(said := StringIO()))
    return said.getvalue()


def what_is_of(patient: Patient) -> dict[type[models.Model], list[Any]]:
    rows = erasure._rows_of({Patient: {patient.pk}})
    return {
        model: list(model._base_manager.filter(pk__in=keys).order_by("pk").values())
        for model, keys in rows.items()
    }


def test_nothing_of_who_is_erased_is_left_and_all_of_the_others_is(
    clinic: Clinic, admin: User, patient: Patient, other: Patient
) -> None:
    strings = [patient.mrn, patient.family_name, patient.given_name, NOTE, EMAIL]
    end_follow_up(patient, admin)
    raw("ALTER TABLE audit_event DISABLE TRIGGER USER")
    raw("UPDATE audit_event SET day = day - 3")
    raw("ALTER TABLE audit_event ENABLE TRIGGER USER")
    raw("ALTER TABLE audit_event DISABLE TRIGGER audit_event_never_emptied")
    explain_changes(reason="Made by a test.", by=admin)
    chain.seal_days()
    before = everything()
    assert all(string in before for string in strings)
    of_other, looks = what_is_of(other), Look.objects.count()

    assert str(patient.public_id) in erase(patient)

    after = everything()
    assert [string for string in strings if string in after] == []
    assert not Import.objects.exclude(data=b"", corrections=b"").exists()  # which are packed
    assert {m: rows for m, rows in what_is_of(other).items() if rows} == {
        m: rows for m, rows in of_other.items() if rows
    }
    assert Look.objects.filter(patient_ids__contains=[patient.public_id]).exists()
    assert Look.objects.count() == looks
    of_patient = Event.objects.filter(patient_id=patient.public_id)
    assert of_patient.filter(sealed_as=None).get().detail["reason"] == "request"
    assert {*of_patient.exclude(sealed_as=None).values_list("by_name", flat=True)} >= {"admin"}
    assert chain.verify().faults == []
    fallen_through(clinic_days([clinic]))

    # Who changes what an erasure has left of an event is found out.
    with unguarded():
        of_patient.exclude(sealed_as=None).update(by_name="Nobody")
    assert "erased events was changed" in str(chain.verify().faults)


def test_an_event_loses_its_detail_by_an_erasure_alone(
    admin: User, patient: Patient, other: Patient
) -> None:
    end_follow_up(patient, admin)
    erase(patient)
    for sql in (
        "UPDATE audit_event SET detail = '{}', sealed_as = 'x' WHERE patient_id = %s",
        "DELETE FROM patients_patienthistory WHERE public_id = %s",
    ):
        with pytest.raises(Error, match="only ever added to"):
            raw(sql, other.public_id)


def test_who_is_followed_is_not_erased_nor_anybody_unasked(
    admin: User, patient: Patient, other: Patient
) -> None:
    with pytest.raises(CommandError, match="The follow-up goes on"):
        erase(patient)
    end_follow_up(patient, admin)
    nurse = User.objects.filter(memberships__role=Role.NURSE).latest("pk")
    for changes, why in (
        ({"confirmed": "MRN-1"}, "another number: nothing was erased"),
        ({"by": "nobody"}, "“nobody” is no administrator"),
        ({"by": nurse.username}, "no admin"),
    ):
        with pytest.raises(CommandError, match=why):
            erase(patient, **changes)
    with pytest.raises(CommandError, match="has no patient with that record number"):
        call_command("erase_patient", "MRN-1", clinic="x", reason="request", by="admin")


def test_what_fails_in_the_middle_has_erased_nothing(admin: User, patient: Patient) -> None:
    end_follow_up(patient, admin)
    before = everything()

    broken = patch.object(erasure, "_forget_history", side_effect=OSError("disk full"))
    with broken, pytest.raises(OSError, match="disk full"):
        erase(patient)

    assert everything() == before


def test_texts_are_forgotten_in_time_and_records_kept_long_enough_are_named(
    admin: User, patient: Patient, settings: Any
) -> None:
    def retention(**how: bool) -> list[str]:
        call_command("retention", **how, stdout=(said := StringIO()))
        return said.getvalue().splitlines()

    end_follow_up(patient, admin)
    texts = Message.objects.exclude(body="").count()
    assert texts > 0
    assert retention() == ["Texts of messages forgotten: 0"]
    settings.MESSAGE_TEXT_DAYS, settings.RETENTION_YEARS = -30, -1  # as if it were later

    last_on = datetime.now(UTC).date()  # on which the follow-up ended
    told = [f"To be erased: {patient.clinic_code} {patient.mrn}, last on {last_on}"]
    assert retention(dry_run=True) == [f"Texts of messages to be forgotten: {texts}", *told]
    assert Message.objects.exclude(body="").count() == texts
    forget()
    assert not Message.objects.exclude(body="").exists()
    assert retention() == ["Texts of messages forgotten: 0", *told]
