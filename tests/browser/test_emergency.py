"""Another clinic's patient in an emergency: sought, read until the time is over, noted there."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from patients.models import Clinic, EmergencyAccess
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.browser.axe import violations
from tests.browser.person import NARROW, Person
from tests.factories import ClinicFactory
from tests.integration.pages.scene import member, slot_due_in


def test_a_clinician_opens_reads_and_loses_a_patient_and_an_administrator_takes_note(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    page, there = somebody.page, ClinicFactory.create()
    patient = slot_due_in(-30, there).patient
    page.set_viewport_size(NARROW)
    somebody.is_signed_in_as(clinician)
    page.goto("/patients/")
    page.get_by_label("MRN or start of a name").fill(patient.mrn)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Another clinic’s patient, in an emergency").click()
    assert violations(page) == []
    page.get_by_label("MRN").fill(patient.mrn)
    page.get_by_label("Birth date").fill("18 May 1960")
    page.get_by_label("Reason").fill("Unconscious in our emergency room")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("No patient of another clinic has this number")
    expect(page.get_by_label("Reason")).to_have_value("Unconscious in our emergency room")
    page.get_by_label("Birth date").fill("17 May 1960")
    somebody.press("Open the record")

    expect(somebody.heading).to_have_text(str(patient))
    banner = page.get_by_role("region", name="Emergency access")
    expect(banner).to_contain_text("You can read this page and change nothing")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(1)

    EmergencyAccess.objects.update(until=timezone.now() + timedelta(seconds=3))
    page.reload()
    expect(somebody.told).to_contain_text("Your access to this patient has ended.", timeout=20_000)
    expect(page.get_by_text(str(patient))).to_have_count(0)

    somebody.is_signed_in_as(member(there, Role.ADMINISTRATOR, "Ada There"))
    page.goto("/")
    page.get_by_role("link", name="1 emergency access to a patient of yours").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.get_by_role("button", name="Take note").click()
    expect(somebody.told).to_contain_text("You have taken note of it.")
    expect(page.get_by_role("cell", name="Ada There")).to_be_visible()
    assert EmergencyAccess.objects.exclude(patient=None).get().noted_by is not None
    assert somebody.complaints == []
