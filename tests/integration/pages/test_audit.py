"""The audit: searched, a page at a time, and who looked at one patient's record."""

from datetime import datetime, time, timedelta

import pytest
from django.test import Client

from patients.models import Clinic, Patient
from patients.paging import PAGE_ROWS
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.actions import record, record_look
from surveillance.audit.models import Event, Look
from tests.factories import ClinicFactory, PatientFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor_client(clinic: Clinic) -> Client:
    return signed_in(member(clinic, Role.AUDITOR, "Olga Auditor"))


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return PatientFactory.create(
        clinic=clinic, family_name="Müller", given_name="Ida", mrn="70-123"
    )


def at(clinic: Clinic, days: int, hour: int = 9, minute: int = 0) -> datetime:
    on = clinic.today() + timedelta(days=days)
    return datetime.combine(on, time(hour, minute), clinic.zone)


def saw(by: User | str, page: str, *patients: Patient, when: datetime) -> None:
    before = set(Look.objects.values_list("pk", flat=True))
    record_look(page=page, by=by, patients=patients)
    with unguarded():
        Look.objects.exclude(pk__in=before).update(at=when)


def did(by: User | str, act: str, patient: Patient, when: datetime) -> None:
    record(act=act, by=by, clinic_code=patient.clinic_code, patient=patient)
    with unguarded():
        Event.objects.filter(pk=Event.objects.latest("pk").pk).update(at=when)


def search(client: Client, show: str = "looks", **asked: str) -> Page:
    return Page(client.post(f"/audit/?show={show}", asked))


def whom(page: Page) -> list[tuple[str, str, str]]:
    rows = page.table("Who saw whom")
    return [(row["Who"], row["Where"], row["Patients"]) for row in rows]


def test_the_audit_is_searched_by_patient_person_and_day(
    auditor_client: Client, nurse: User, clinician: User, clinic: Clinic, patient: Patient
) -> None:
    others = PatientFactory.create_batch(4, clinic=clinic, mrn_issuer=clinic.mrn_issuer)
    saw(nurse, "to book", *others, patient, when=at(clinic, -9))
    saw(clinician, "patient", patient, when=at(clinic, -5, 0, 0))
    saw(clinician, "patient", others[0], when=at(clinic, -5))
    saw("CT1", "modality worklist", patient, when=at(clinic, -4, 23, 59))
    did(nurse, "booking.booked", patient, at(clinic, -5))
    did(clinician, "review.chase", others[0], at(clinic, -4))
    to_book = ("Naomi Nurse", "To book", "70-123 and 4 more")
    own_page = ("Carl Clinician", "The patient’s page", "70-123")
    worklist = ("CT1", "Worklist of a scanner", "70-123")

    found = search(auditor_client, patient="muller")

    assert whom(found) == [worklist, own_page, to_book]
    assert "Müller, Ida" in found.text("main")
    assert found.link("Who looked at the record") == f"/patients/{patient.public_id}/looks/"
    assert Look.objects.filter(page="audit").latest("pk").patient_ids == [patient.public_id]
    assert whom(search(auditor_client, patient="70-123", who="clin carl")) == [own_page]
    assert whom(search(auditor_client, who="ct")) == [worklist]
    assert whom(search(auditor_client, who="naomi"))[0][2].endswith("and 2 more")
    day = f"{at(clinic, -5):%Y-%m-%d}"
    assert len(whom(search(auditor_client, first=day, last=day))) == 2
    assert whom(search(auditor_client, patient="70-123", last=day)) == [own_page, to_book]
    assert "Nothing of that is recorded." in search(auditor_client, who="zoe").text("main")
    [change] = search(auditor_client, "changes", patient="70-123").table("Who did what")
    assert (change["Did"], change["Patients"]) == ("Booked an appointment", "70-123")
    assert change["When (Asia/Tokyo)"].endswith("09:00:00")


def test_whom_a_search_cannot_mean_is_said_beside_the_field(
    auditor_client: Client, clinic: Clinic, patient: Patient
) -> None:
    elsewhere = PatientFactory.create(family_name="Elsewhere")
    PatientFactory.create_batch(20, clinic=clinic, family_name="Münch")

    nobody = search(auditor_client, patient="else")
    many = search(auditor_client, patient="mü")

    assert "No patient of your clinics" in nobody.error_beside("patient")
    assert "More than 20 patients" in many.error_beside("patient")
    assert not many.table("Who saw whom")
    assert not Look.objects.filter(patient_ids__contains=[elsewhere.public_id]).exists()


def test_what_was_recorded_is_read_to_its_end_and_nothing_of_other_clinics(
    auditor_client: Client, nurse: User, clinic: Clinic, patient: Patient
) -> None:
    stranger = member(ClinicFactory.create(), Role.NURSE)
    record(act="clinic.changed", by=stranger, clinic_code="elsewhere")
    record(act="protocol.drafted", by=stranger, clinic_code="")
    for n in range(PAGE_ROWS + 3):
        record(act="contact.recorded", by=nurse, clinic_code=clinic.code, patient=patient, n=n)

    def acts(page: Page) -> list[str]:
        return [row["Did"] for row in page.table("Who did what")]

    first = Page(auditor_client.get("/audit/"))
    second = Page(auditor_client.get(first.link("Next 50")))
    assert acts(first) == ["Recorded a contact"] * PAGE_ROWS
    assert acts(second) == ["Recorded a contact"] * 3 + ["Drafted a protocol"]

    searched = search(auditor_client, "changes", who="naomi")
    [onward] = searched.document.select("button:-soup-contains('Next 50')")
    asked = {"who": "naomi"}
    assert (
        acts(Page(auditor_client.post(str(onward["formaction"]), asked)))
        == ["Recorded a contact"] * 3
    )
    assert auditor_client.get("/audit/?after=x").status_code == 400


def test_who_looked_at_one_record_is_a_line_for_each_day_and_person(
    auditor_client: Client, nurse: User, clinician: User, clinic: Clinic, patient: Patient
) -> None:
    other = PatientFactory.create(clinic=clinic)
    gone = member(ClinicFactory.create(), Role.NURSE, "Greta Gone")
    saw(nurse, "to book", patient, other, when=at(clinic, -2, 0, 1))
    saw(nurse, "to book", patient, when=at(clinic, -2, 23, 59))
    saw(nurse, "patient", patient, when=at(clinic, -2, 12))
    saw(clinician, "patient", patient, when=at(clinic, -1, 8, 30))
    saw(gone, "patient", patient, when=at(clinic, -3))
    saw("CT1", "modality worklist", patient, when=at(clinic, -3, 10))
    saw(clinician, "review", other, when=at(clinic, -1))
    address = f"/patients/{patient.public_id}/looks/"

    rows = Page(auditor_client.get(address)).table()
    again = Page(auditor_client.get(address)).table()

    assert [tuple(row.values())[1:] for row in rows] == [
        ("08:30", "Carl Clinician", "Clinician", "The patient’s page"),
        ("00:01–23:59", "Naomi Nurse", "Nurse", "To book 2 times The patient’s page"),
        ("10:00", "CT1", "Program", "Worklist of a scanner"),
        ("09:00", "Greta Gone", "–", "The patient’s page"),
    ]
    assert tuple(again[0].values())[2:] == ("Olga Auditor", "Auditor", "Who looked at the record")
    assert again[1:] == rows


def test_an_auditor_reads_and_opens_no_patients_page(
    auditor_client: Client, patient: Patient
) -> None:
    home = Page(auditor_client.get("/"))
    links = {str(link["href"]) for link in home.document.select("header nav a, header details a")}

    assert {"/audit/", "/figures/", "/status/", "/protocols/"} <= links
    assert not links & {"/patients/", "/messages/", "/exports/", "/administration/", "/inbox/"}
    assert auditor_client.get(f"/patients/{patient.public_id}/").status_code == 403
