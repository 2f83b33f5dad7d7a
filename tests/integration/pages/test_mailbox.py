"""The demo's mailbox: what the product would have sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from reminders.actions import sweep
from schedules.models import Slot
from tests.integration.pages.reading import Page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _into_the_mailbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "surveillance.demo.mailbox.EmailBackend"


def test_before_the_first_mail_the_page_says_when_it_comes(nurse_client: Client) -> None:
    page = Page(nurse_client.get("/mailbox/"))

    assert page.text(".empty").startswith("No mail yet.")


def test_after_a_sweep_the_mails_lead_to_the_patient_and_name_nobody(
    nurse_client: Client, overdue_slot: Slot
) -> None:
    patient, clinic = overdue_slot.patient, overdue_slot.patient.clinic
    sweep()
    noon = timezone.now().astimezone(clinic.zone).replace(hour=12)
    for days in range(1, 8):  # a digest waits for the morning of a working day
        sweep(at=noon + timedelta(days=days))

    page = Page(nurse_client.get("/mailbox/"))

    mails = [text_of(mail) for mail in page.document.select(".mail")]
    assert {mail.split("To ")[1].split(",")[0] for mail in mails} == {
        clinic.booking_email,
        clinic.alert_email,
    }
    for words in (patient.family_name, patient.given_name, patient.mrn):
        assert words not in page.text()
    assert page.link("/patients/").endswith(f"/patients/{patient.public_id}/")
