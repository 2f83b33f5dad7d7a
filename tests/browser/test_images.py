"""Images that are brought, confirmed, and decided on, with JavaScript and without."""

from datetime import timedelta
from io import BytesIO

import pytest
from playwright.sync_api import FilePayload, expect

from patients.models import Clinic
from schedules.models import Study
from surveillance.accounts.models import User
from tests.browser.person import Person
from tests.dicom import made_ct
from tests.integration.pages.scene import slot_due_in

pytestmark = pytest.mark.usefixtures("has_javascript")


def test_a_nurse_brings_a_ct_and_confirms_whose_it_is(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    slot = slot_due_in(-30, clinic)
    patient, page = slot.patient, somebody.page
    [one] = made_ct(
        slices=1,
        patient_id=patient.mrn,
        issuer=patient.mrn_issuer,
        name=f"{patient.family_name}^{patient.given_name}",
        birth_date=f"{patient.birth_date:%Y%m%d}",
        study_date=f"{clinic.today() - timedelta(days=1):%Y%m%d}",
    )
    stream = BytesIO()
    one.save_as(stream, enforce_file_format=True)
    somebody.sign_in(nurse)
    somebody.follow("Bring images")
    slice_of_it = FilePayload(name="1.dcm", mimeType="application/dicom", buffer=stream.getvalue())
    letter = FilePayload(name="letter.txt", mimeType="text/plain", buffer=b"Dear colleague")
    page.get_by_label("Files").set_input_files([slice_of_it, letter])
    somebody.press("Bring the images")
    expect(page.get_by_text("letter.txt: This is no DICOM file.")).to_be_visible()
    expect(page.get_by_text("It waits for somebody to decide.")).to_be_visible()

    somebody.follow("Unmatched")
    somebody.press(f"Confirm : {patient}")

    expect(somebody.told).to_contain_text("The images are filed.")
    expect(somebody.heading).to_have_text(str(patient))
    assert Study.objects.get().regions == ["chest", "abdomen"]
    assert somebody.complaints == []
