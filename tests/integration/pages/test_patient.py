"""The patient's page: the whole story, and why each date is what it is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.models import Clinic, Patient
from schedules.actions import review
from schedules.models import Decision, Slot
from schedules.rules.months import add_months
from surveillance.accounts.models import User
from surveillance.demo.cases import enter_case, published_cases
from tests.factories import BookingFactory, ProtocolFactory, ResectionFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(clinic: Clinic, clinician: User) -> Patient:
    """The first published case as it stood a week after the CT that showed the metastasis."""
    ProtocolFactory.create()
    return enter_case(
        published_cases()[0],
        clinic=clinic,
        resected_on=add_months(clinic.today() - timedelta(days=7), -11),
        by=clinician,
        until_month=11,
    )


def page_of(client: Client, patient: Patient) -> Page:
    return Page(client.get(f"/patients/{patient.public_id}/"))


def entries(page: Page, kind: str) -> list[str]:
    """What the timeline tells of one kind, without its days."""
    return [
        " ".join(entry.get_text(" ").split()).split(f"{kind} ", 1)[1]
        for entry in page.document.select(f".entry-{kind.lower()} > div")
    ]


def test_the_page_names_the_patient_and_the_tumour(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    assert page.text("h1") == "Published, Case One"
    assert "MRN CASE-1" in page.text(".page-head")
    tumour = page.text("section[aria-labelledby=tumours]")
    assert "Leiomyosarcoma, NOS, left distal femur" in tumour
    assert "C40.2, 8890/3 (edition 3.2)" in tumour


def test_the_treatments_stand_with_drugs_and_cycles(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    assert entries(page, "Chemotherapy") == [
        "Chemotherapy Adjuvant; ifosfamide, etoposide; 2 cycles",
        "Chemotherapy Neoadjuvant; ifosfamide, etoposide; 2 cycles",
        "Chemotherapy Neoadjuvant; doxorubicin, cisplatin; 3 cycles",
    ]
    assert entries(page, "Resection") == [
        "Wide excision, frozen autograft, total knee arthroplasty"
    ]


def test_the_studies_stand_with_their_result_and_the_slot_they_count_for(
    nurse_client: Client, published: Patient
) -> None:
    latest = entries(page_of(nurse_client, published), "Study")[0]

    assert latest.startswith(
        "CT of chest and abdomen New lesion, liver S6; solitary, no lung metastasis; "
        "counts for slot no. 4, month 12 See the result"
    )


def test_the_findings_stand_with_their_sites(nurse_client: Client, published: Patient) -> None:
    assert entries(page_of(nurse_client, published), "Finding") == [
        "Metastasis: eleventh thoracic vertebra, right ilium Found by FDG-PET",
        "Metastasis: liver S6 Found by CT, then biopsy",
    ]


def test_every_slot_says_why_it_is_on_its_date(nurse_client: Client, published: Patient) -> None:
    slots = page_of(nurse_client, published).document.select(".entry-slot")

    assert len(slots) == 20
    for slot in slots:
        why = " ".join(slot.get_text(" ").split())
        assert "Why this date?" in why
        assert "under ct-chest-abdomen-3m version 1, every 3 months after month 0" in why
        assert "Source: Mizoshiri N, et al." in why


def test_appointments_and_reviews_are_part_of_the_story(
    nurse_client: Client, clinic: Clinic, clinician: User, overdue_slot: Slot
) -> None:
    booking = BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )
    review(slot=overdue_slot, decision=Decision.CHASE, reason="Call on Monday", by=clinician)

    page = page_of(nurse_client, overdue_slot.patient)

    assert entries(page, "Appointment") == [f"09:00 at {booking.scanner} for slot no. 1 Booked"]
    assert entries(page, "Review") == [
        "Chase the patient (slot no. 1) Call on Monday; by Carl Clinician"
    ]


def test_a_proposed_anchor_is_shown_to_the_nurse_and_offered_to_the_clinician(
    nurse_client: Client, clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    ResectionFactory.create(tumour=overdue_slot.schedule.tumour, on=clinic.today())

    nurses, clinicians = (
        page_of(client, overdue_slot.patient).find(".proposal")
        for client in (nurse_client, clinician_client)
    )

    assert "Until a clinician decides, the old slots go on." in nurses.get_text()
    assert nurses.select("a") == []
    assert [
        link.get_text(" ", strip=True).split(" for ")[0] for link in clinicians.select("a")
    ] == [
        "See what would change",
        f"Keep the old series of {overdue_slot.patient}",
    ]


def test_each_role_is_led_to_its_own_act(
    nurse_client: Client, clinician_client: Client, overdue_slot: Slot
) -> None:
    nurses = page_of(nurse_client, overdue_slot.patient)
    clinicians = page_of(clinician_client, overdue_slot.patient)

    assert nurses.link("Book no. 1") == f"/slots/{overdue_slot.public_id}/book/"
    assert clinicians.link("Decide on no. 1") == f"/slots/{overdue_slot.public_id}/review/"
    assert "Decide on" not in nurses.text()
    assert "Book no." not in clinicians.text()


def test_a_long_history_asks_the_database_as_often_as_a_short_one(
    nurse_client: Client, clinic: Clinic, clinician: User
) -> None:
    ProtocolFactory.create()
    short, long = (
        enter_case(
            case,
            clinic=clinic,
            resected_on=add_months(clinic.today(), -49),
            by=clinician,
            until_month=until_month,
        )
        for case, until_month in zip(published_cases(), (11, 49), strict=True)
    )
    queries = []
    for patient in (short, long):
        with CaptureQueriesContext(connection) as captured:
            page_of(nurse_client, patient)

        queries.append(len(captured))

    assert queries[0] == queries[1]
