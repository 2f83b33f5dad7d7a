"""The page on which a patient agrees to messages, and a clinician is named."""

import pytest
from django.test import Client

from patients.models import Clinic, ContactBy, Patient
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import PatientFactory
from tests.integration.pages.reading import Page, filled, text_of
from tests.integration.pages.scene import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return PatientFactory.create(clinic=clinic, family_name="Sato", given_name="Hanako")


def address(patient: Patient) -> str:
    return f"/patients/{patient.public_id}/contact/"


def send(client: Client, patient: Patient, **form: str) -> Page:
    """Send what is told, and of the form with that button what it tells of itself."""
    page = Page(client.get(address(patient)))
    button = next(iter(form))
    told = page.document.select_one(f"form:has([name={button}])")
    return Page(client.post(address(patient), (filled(told) if told else {}) | form, follow=True))


def agree(client: Client, patient: Patient, **changes: str) -> Page:
    form = {"contact_by": "email", "email": "hanako@example.org", "phone": "", "language": "ja"}
    return send(client, patient, agree="yes", **form | changes)


def test_the_patients_page_says_that_nobody_agreed_and_leads_to_the_form(
    nurse_client: Client, patient: Patient
) -> None:
    page = Page(nurse_client.get(f"/patients/{patient.public_id}/"))

    assert "No messages: no consent recorded. Responsible: nobody is named." in page.text(
        ".contact"
    )
    assert page.link("Messages and responsible clinician") == address(patient)


def test_the_form_says_what_a_message_holds_and_what_not(
    nurse_client: Client, patient: Patient
) -> None:
    words = Page(nurse_client.get(address(patient))).text("section[aria-labelledby=messages]")

    assert "on which dates an appointment is" in words
    assert "It holds no diagnosis and no result." in words


def test_after_the_consent_the_patients_page_says_how_in_what_language_and_since_when(
    nurse_client: Client, patient: Patient
) -> None:
    page = agree(nurse_client, patient)

    assert page.messages == ["Sato, Hanako: the consent is recorded."]
    today = patient.clinic.today()
    assert page.text(".contact").startswith(
        f"Hears from us by e-mail, in Japanese, since {today.day} {today:%B %Y}."
    )


def test_an_address_that_is_missing_is_said_beside_it(
    nurse_client: Client, patient: Patient
) -> None:
    page = agree(nurse_client, patient, contact_by="sms")

    assert page.title.startswith("Error: ")
    assert "Text messages need a number with its country" in page.error_beside("phone")
    assert len(page.error_summary) == 1
    patient.refresh_from_db()
    assert patient.contact_by == ContactBy.NONE


def test_a_consent_is_withdrawn_with_one_button(nurse_client: Client, patient: Patient) -> None:
    agree(nurse_client, patient)

    page = send(nurse_client, patient, withdraw="yes")

    assert page.messages == ["Sato, Hanako: no messages are sent any more."]
    assert page.text(".contact").startswith("No messages: no consent recorded.")


def test_only_who_agreed_can_withdraw(nurse_client: Client, patient: Patient) -> None:
    page = Page(nurse_client.get(address(patient)))

    assert page.document.select("[name=withdraw]") == []


def test_the_choices_are_the_clinicians_of_the_clinic(
    nurse_client: Client, patient: Patient, nurse: User, clinician: User
) -> None:
    member(PatientFactory.create().clinic, Role.CLINICIAN, "Else Elsewhere")

    options = Page(nurse_client.get(address(patient))).document.select("[name=clinician] option")

    assert [text_of(option) for option in options] == ["Nobody yet", "Carl Clinician"]


def test_the_clinician_who_is_named_stands_on_the_patients_page(
    nurse_client: Client, patient: Patient, clinician: User
) -> None:
    page = send(nurse_client, patient, responsible="yes", clinician=str(clinician.pk))

    assert page.messages == ["Sato, Hanako: the responsible clinician is recorded."]
    assert "Responsible: Carl Clinician." in page.text(".contact")


def test_somebody_else_is_refused_beside_the_field(
    nurse_client: Client, patient: Patient, nurse: User
) -> None:
    page = send(nurse_client, patient, responsible="yes", clinician=str(nurse.pk))

    assert "not one of the available choices" in page.error_beside("clinician")


def test_the_dead_are_asked_for_nothing(nurse_client: Client, clinic: Clinic) -> None:
    patient = PatientFactory.create(clinic=clinic, died_on=clinic.today())

    page = Page(nurse_client.get(address(patient)))

    assert page.document.select("[name=agree]") == []
    assert agree(nurse_client, patient).error_summary == ["The patient has died."]
