"""Another clinic's patient in an emergency: that one, to be read, for so long, and known there."""

import re
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from patients import emergency
from patients.api.tokens import make_token
from patients.emergency import accesses_open_to, note_access, open_in_emergency
from patients.models import Clinic, EmergencyAccess, Membership, Patient
from reminders.emergencies import tell_of_emergencies
from schedules.models import Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.audit.models import Event, Look
from tests.factories import ClinicFactory, UserFactory
from tests.integration.api.test_scope import KNOWN_BY, Visitor, World, by_api, by_fhir, by_pages
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

ASK = "/emergency/"
WHY = "Unconscious in our emergency room"


@pytest.fixture
def there() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def slot_there(there: Clinic) -> Slot:
    return slot_due_in(-30, there)


@pytest.fixture
def patient(slot_there: Slot) -> Patient:
    return slot_there.patient


def told(patient: Patient, **other: object) -> dict[str, object]:
    return {
        "mrn": patient.mrn,
        "birth_date": f"{patient.birth_date:%Y-%m-%d}",
        "reason": WHY,
        **other,
    }


def opened_by(user: User, patient: Patient) -> EmergencyAccess:
    return open_in_emergency(mrn=patient.mrn, birth_date=patient.birth_date, reason=WHY, by=user)


def test_the_one_patient_is_opened_by_number_birth_date_and_reason(
    clinician: User, clinician_client: Client, patient: Patient, clinic: Clinic
) -> None:
    own = slot_due_in(0, clinic).patient
    for wrong, field, said in (
        ({"birth_date": "1960-05-18"}, "mrn", "No patient of another clinic has this number"),
        ({"mrn": patient.mrn[:-1]}, "mrn", "No patient of another clinic has this number"),
        ({"mrn": patient.family_name}, "mrn", "No patient of another clinic has this number"),
        ({"mrn": own.mrn}, "mrn", "No patient of another clinic has this number"),
        ({"reason": "  Urgent   "}, "reason", "Write at least 10 characters"),
    ):
        page = Page(clinician_client.post(ASK, told(patient, **wrong)))
        assert said in page.error_beside(field)
        assert patient.family_name not in page.text().replace(str(wrong), "")
    missed = Event.objects.filter(act="emergency.found_nobody")
    assert [(event.clinic_code, event.detail) for event in missed] == [(clinic.code, {})] * 4
    kept = EmergencyAccess.objects.all()
    assert [(one.patient, one.reason) for one in kept] == [(None, "")] * 4

    wide = {ord(sign): chr(ord(sign) + 0xFEE0) for sign in "0123456789-"}
    answer = clinician_client.post(ASK, told(patient, mrn=f" {patient.mrn.translate(wide)} "))
    access = accesses_open_to(clinician).get()
    assert answer.headers["Location"] == f"/emergency/{access.public_id}/"
    answer = clinician_client.get(answer.headers["Location"])
    page = Page(answer)
    assert page.find("h1").get_text() == str(patient)
    assert re.search("in (60|59) minutes", page.text(".access"))
    assert WHY in page.text(".access")
    assert 3500 <= int(answer.headers["Refresh"]) <= 3601
    assert {form["action"] for form in page.document.select("main form")} == {
        f"/emergency/{access.public_id}/end/"
    }
    assert page.document.select("main a[href^='/']") == []
    assert "Who looked and who changed" not in page.text()
    [event] = Event.objects.filter(act="emergency.opened")
    assert (event.clinic_code, event.patient_id) == (patient.clinic_code, patient.public_id)
    assert (event.by_id, event.detail["reason"]) == (clinician.public_id, WHY)
    look = Look.objects.get(page="patient in an emergency")
    assert (look.by_id, look.patient_ids) == (clinician.public_id, [patient.public_id])
    assert str(patient) in Page(clinician_client.get(ASK)).text()


def test_nothing_else_is_opened_with_it(
    clinician: User, clinic: Clinic, there: Clinic, slot_there: Slot
) -> None:
    slot_due_in(-30, clinic)
    slot_due_in(-30, there)
    patient = slot_there.patient
    access = opened_by(clinician, patient)
    world = World([clinic, there], {})
    visitor = Visitor(world, clinician, signed_in(clinician), Random(0))
    signs = {patient.mrn, patient.family_name, str(patient.public_id)}

    by_it, leaked = set(), []
    for source in (by_api, by_fhir, by_pages):
        for answer in source(visitor):
            for sign in set(KNOWN_BY.findall(answer.text)) - set(KNOWN_BY.findall(answer.address)):
                if sign in world.signs and world.signs[sign] not in answer.clinics:
                    is_meant = answer.address.startswith(ASK) and sign in signs
                    by_it.add(answer.address) if is_meant else leaked.append((answer.address, sign))
    assert leaked == []
    assert by_it == {ASK, f"/emergency/{access.public_id}/"}
    for address in (
        f"/patients/{patient.public_id}/",
        f"/patients/{patient.public_id}/record-study/",
        f"/slots/{slot_there.public_id}/review/",
        f"/api/v1/patients/{patient.public_id}/",
        f"/fhir/Patient/{patient.public_id}",
    ):
        assert visitor.client.get(address).status_code == 404, address


def test_it_ends_with_its_time_by_a_press_or_with_the_role_and_is_nobody_elses(
    clinician: User, clinician_client: Client, clinic: Clinic, patient: Patient, settings: Settings
) -> None:
    settings.EMERGENCY_MINUTES = 20
    access = opened_by(clinician, patient)
    address = f"/emergency/{access.public_id}/"
    assert access.until - access.at == timedelta(minutes=20)
    moment = timedelta(microseconds=1)
    assert not accesses_open_to(clinician, access.at - moment).exists()
    assert accesses_open_to(clinician, access.at).exists()
    assert accesses_open_to(clinician, access.until - moment).exists()
    assert not accesses_open_to(clinician, access.until).exists()

    colleague = member(clinic, Role.CLINICIAN)
    assert signed_in(colleague).get(address).status_code == 404
    assert signed_in(colleague).post(f"{address}end/").status_code == 404
    for role in set(Role) - {Role.CLINICIAN}:
        user = member(clinic, role)
        theirs = EmergencyAccess.objects.create(
            by=user, patient=patient, reason=WHY, at=access.at, until=access.until
        )
        answer = signed_in(user).get(f"/emergency/{theirs.public_id}/")
        assert answer.status_code == 403
        assert patient.family_name not in answer.content.decode()
        assert signed_in(user).post(ASK, told(patient)).status_code == 403
    with pytest.raises(ValidationError):
        make_token(name="x", acts=[Act.OPEN_IN_EMERGENCY], days=1, by=clinician)
    _, text = make_token(name="x", acts=[Act.SEE_PATIENTS], days=1, by=clinician)
    program = Client(headers={"authorization": f"Token {text}"})
    assert program.get(address).headers["Location"].startswith("/sign-in/")

    def is_over() -> bool:
        page = Page(clinician_client.get(address, follow=True))
        assert set(page.messages) == {"Your access to this patient has ended."}
        return page.find("h1").get_text() == "Emergency access"

    assert clinician_client.get(address).status_code == 200
    EmergencyAccess.objects.filter(pk=access.pk).update(until=timezone.now())
    assert is_over()
    again = opened_by(clinician, patient)
    renewed = opened_by(clinician, patient)  # for a reason of its own: the first has ended
    assert list(accesses_open_to(clinician)) == [renewed]
    address = f"/emergency/{again.public_id}/"
    assert is_over()
    address = f"/emergency/{renewed.public_id}/"
    Membership.objects.filter(user=clinician).update(role=Role.NURSE)
    assert clinician_client.get(address).status_code == 403
    Membership.objects.filter(user=clinician).update(role=Role.CLINICIAN)
    clinician_client.post(f"{address}end/")
    assert is_over()
    clinician_client.post(f"{address}end/")
    assert Event.objects.filter(act="emergency.ended").count() == 1


def test_who_tries_too_often_is_refused_even_the_right_one(
    clinician: User, patient: Patient, clinic: Clinic
) -> None:
    now = timezone.now()
    wrong: dict[str, Any] = {"mrn": "no number", "birth_date": patient.birth_date, "reason": WHY}
    for n in range(emergency.MOST):
        with pytest.raises(ValidationError, match="No patient"):
            open_in_emergency(**wrong, by=clinician, at=now + timedelta(minutes=n))
    right = wrong | {"mrn": patient.mrn}
    with pytest.raises(ValidationError, match="tried 10 times within an hour"):
        open_in_emergency(**right, by=clinician, at=now + timedelta(minutes=59))
    assert EmergencyAccess.objects.filter(by=clinician).count() == emergency.MOST
    [event] = Event.objects.filter(act="emergency.refused")
    assert (event.clinic_code, event.detail) == (clinic.code, {})
    open_in_emergency(**right, by=member(clinic, Role.CLINICIAN), at=now)  # whom it does not touch
    assert open_in_emergency(**right, by=clinician, at=now + timedelta(minutes=61)).patient


def test_where_several_have_the_number_the_clinic_is_asked_for(
    clinician_client: Client, clinician: User, patient: Patient
) -> None:
    other = slot_due_in(0, ClinicFactory.create(mrn_issuer="another")).patient
    Patient.objects.filter(pk=other.pk).update(mrn=patient.mrn, birth_date=patient.birth_date)

    page = Page(clinician_client.post(ASK, told(patient)))
    assert "choose the clinic" in page.error_beside("clinic")
    clinician_client.post(ASK, told(patient, clinic=patient.clinic_id))
    assert accesses_open_to(clinician).get().patient == patient


def test_that_clinics_administrators_are_mailed_once_and_one_takes_note(
    clinician: User, patient: Patient, there: Clinic, mailoutbox: list[EmailMessage]
) -> None:
    first = member(there, Role.ADMINISTRATOR, "Ada First")
    second = member(there, Role.ADMINISTRATOR, "Bea Second")
    for user, language in ((first, ""), (second, "ja")):
        user.email, user.language = f"{user.username}@example.org", language
        user.save()
    elsewhere = member(ClinicFactory.create(), Role.ADMINISTRATOR)
    access = opened_by(clinician, patient)
    for _ in range(2):
        tell_of_emergencies(timezone.now())
    mails = {mail.to[0]: mail for mail in mailoutbox}
    assert set(mails) == {first.email, second.email}
    assert len(mailoutbox) == 2
    assert mails[first.email].subject == f"{there}: a patient was opened in an emergency"
    assert "緊急" in mails[second.email].subject
    for mail in mails.values():
        assert "/emergencies/" in str(mail.body)
        assert clinician.last_name in str(mail.body)
        for hidden in (patient.family_name, patient.mrn, WHY):
            assert hidden not in str(mail.body)

    User.objects.update(language="")
    assert "1 emergency access to a patient" in Page(signed_in(first).get("/")).text()
    assert "emergency access" not in Page(signed_in(elsewhere).get("/")).text()
    [row] = Page(signed_in(first).get("/emergencies/")).table()
    assert patient.mrn in row["Patient"]
    assert WHY in row["Reason"]
    assert "open" in row["When"]
    assert Look.objects.filter(page="emergencies", patient_ids=[patient.public_id]).exists()
    assert "Nobody has opened" in Page(signed_in(elsewhere).get("/emergencies/")).text()
    auditor = Page(signed_in(member(there, Role.AUDITOR)).get("/emergencies/"))
    assert "Not yet" in auditor.table()[0]["Note"]

    note = f"/emergencies/{access.public_id}/note/"
    assert Page(signed_in(first).post(note, follow=True)).messages == ["You have taken note of it."]
    late = Page(signed_in(second).post(note, follow=True))
    assert late.messages == ["Ada First has taken note of it already."]
    [row] = Page(signed_in(second).get("/emergencies/")).table()
    assert row["Note"].startswith("Ada First")
    assert "emergency access" not in Page(signed_in(first).get("/")).text()


def test_nobody_takes_note_of_their_own(clinic: Clinic, patient: Patient, there: Clinic) -> None:
    both = member(clinic, Role.CLINICIAN)
    Membership.objects.create(user=both, clinic=there, role=Role.ADMINISTRATOR)
    access = opened_by(both, patient)
    assert "Take note" not in Page(signed_in(both).get("/emergencies/")).text()
    with pytest.raises(ValidationError):
        note_access(access=access, by=both)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyAccess.objects.update(noted_by=both, noted_at=timezone.now())
    note_access(access=access, by=UserFactory.create())
