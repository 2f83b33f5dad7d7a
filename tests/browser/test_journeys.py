"""The day of each role, from signing in to done, with JavaScript and without."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from patients.models import Clinic, Finding, Patient, TreatmentKind
from schedules.actions import record_result
from schedules.models import (
    Booking,
    BookingState,
    Contact,
    Decision,
    Result,
    ResultOutcome,
    Review,
    SavedView,
    Scanner,
    Schedule,
    ScheduleState,
)
from surveillance.accounts.models import User
from tests.browser.person import Person
from tests.factories import (
    BookingFactory,
    ProtocolFactory,
    ResectionFactory,
    ScannerFactory,
    StudyFactory,
    new_lesion,
)
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.usefixtures("has_javascript")


def test_a_nurse_registers_a_patient_and_finds_them_again(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    page = somebody.page
    somebody.sign_in(nurse)
    expect(somebody.heading).to_have_text("Today’s work")

    somebody.follow("Patients")
    somebody.follow("Register a patient")
    somebody.press("Register")
    expect(page.get_by_role("alert")).to_contain_text("Family name: This field is required.")

    for label, value in {
        "MRN": "MRN-770001",
        "Family name": "Ōtsuki",
        "Given name": "Hana",
        "Birth date": "2 April 61",
        "Site": "distal femur",
        "Topography": "C40.2",
        "Date of resection": f"{clinic.today() - timedelta(days=40):%d.%m.%Y}",
    }.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Sex").select_option(label="Female")
    somebody.press("Register")
    expect(somebody.told).to_contain_text("is registered")

    somebody.follow("Patients")
    page.get_by_label("MRN or start of a name").fill("Ōts")
    somebody.press("Search")
    page.get_by_role("cell").get_by_role("link", name="Ōtsuki").click()
    expect(somebody.heading).to_contain_text("Ōtsuki")
    assert Patient.objects.get().tumours.get().treatments.get().kind == TreatmentKind.RESECTION


def test_a_clinician_chooses_the_follow_up_of_a_new_patient(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    ProtocolFactory.create()
    resection = ResectionFactory.create(
        tumour__patient__clinic=clinic, on=clinic.today() - timedelta(days=20)
    )
    somebody.sign_in(clinician)
    somebody.page.goto(f"/patients/{resection.tumour.patient.public_id}/")
    somebody.page.get_by_role("link", name="Choose the follow-up").first.click()

    somebody.press("Start follow-up")

    expect(somebody.heading).to_contain_text(resection.tumour.patient.family_name)
    assert Schedule.objects.get().anchor == resection


def test_a_clinician_reviews_a_result(somebody: Person, clinic: Clinic, clinician: User) -> None:
    slot = slot_due_in(-5, clinic)
    study = StudyFactory.create(
        patient=slot.patient, performed_on=clinic.today() - timedelta(days=1)
    )
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=clinician)
    somebody.sign_in(clinician)
    somebody.follow("Results")

    somebody.page.get_by_role("button", name="Reviewed").click()

    expect(somebody.told).to_contain_text("the result is reviewed")
    assert Result.objects.get().reviewed_by == clinician


def test_a_clinician_corrects_a_result(somebody: Person, clinic: Clinic, clinician: User) -> None:
    slot = slot_due_in(-5, clinic)
    study = StudyFactory.create(patient=slot.patient, performed_on=clinic.today())
    new_lesion(study, by=clinician)
    page = somebody.page
    somebody.sign_in(clinician)
    page.goto(f"/patients/{slot.patient.public_id}/")
    page.get_by_role("link", name="See the result").click()
    somebody.follow("Correct the result")

    page.get_by_label("No evidence of disease").check()
    page.get_by_label("It was never there").check()
    page.get_by_label("Why it is corrected").fill("Report of another patient")
    somebody.press("Correct the result")

    expect(somebody.told).to_contain_text("corrected to “No evidence of disease”")
    assert Result.objects.get().outcome == ResultOutcome.NO_DISEASE
    assert not Finding.objects.exists()


def test_an_administrator_exports_the_schedules(
    somebody: Person, clinic: Clinic, administrator: User, tmp_path: Path
) -> None:
    slot = slot_due_in(-5, clinic)
    somebody.sign_in(administrator)
    somebody.follow("Exports")

    somebody.page.get_by_label("CSV").check()
    with somebody.page.expect_download() as taken:
        somebody.press("Export the table")
    taken.value.save_as(tmp_path / "schedules.csv")

    rows = csv.DictReader((tmp_path / "schedules.csv").read_text(encoding="utf-8-sig").splitlines())
    assert {row["mrn"] for row in rows} == {slot.patient.mrn}
    somebody.page.reload()
    expect(somebody.page.get_by_role("row").nth(1)).to_contain_text("Ada Administrator")


def test_who_signs_out_is_asked_to_sign_in_again(somebody: Person, nurse: User) -> None:
    somebody.sign_in(nurse)
    somebody.press("Sign out")
    somebody.page.goto("/patients/")

    expect(somebody.heading).to_have_text("Sign in")


def test_a_nurse_books_and_records_who_did_not_come(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    ScannerFactory.create(clinic=clinic)
    slot = slot_due_in(10, clinic)
    missed = BookingFactory.create(
        slot=slot_due_in(0, clinic),
        starts_at=moment(clinic, days=-1),
        at=moment(clinic, days=-8),
    )
    page = somebody.page
    somebody.sign_in(nurse)

    somebody.follow("To book")
    page.get_by_role("row", name=slot.patient.family_name).get_by_role("link", name="Book").click()
    page.get_by_role("region", name="The best times").get_by_role("button").first.click()
    expect(somebody.told).to_contain_text("is booked for")
    assert Booking.objects.get(slot=slot).state == BookingState.BOOKED

    somebody.follow("Booked")
    row = page.get_by_role("row", name=missed.slot.patient.family_name)
    row.get_by_role("button", name="Did not attend").click()
    expect(somebody.told).to_contain_text("did not attend")
    missed.refresh_from_db()
    assert missed.state == BookingState.NO_SHOW


def test_a_clinician_decides_on_an_overdue_exam(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    slot = slot_due_in(-30, clinic)
    page = somebody.page
    somebody.sign_in(clinician)

    somebody.follow("Overdue")
    page.get_by_role("link", name=f"Decide : {slot.patient}").click()
    page.get_by_label("Chase").check()
    page.get_by_label("Reason").fill("Call the family doctor")
    somebody.press("Record the decision")

    expect(page.get_by_role("main")).to_contain_text("Call the family doctor")
    assert Review.objects.get(slot=slot).decision == Decision.CHASE


def test_a_nurse_takes_a_call_back_and_keeps_a_filter_as_long_as_it_is_of_use(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    soon, later = slot_due_in(0, clinic), slot_due_in(20, clinic)
    page = somebody.page
    book_later = page.get_by_role("link", name=f"Book {later.patient}")
    somebody.sign_in(nurse)
    somebody.follow("To book")

    page.get_by_role("link", name=f"Call {later.patient}").click()
    page.get_by_label("No answer").check()
    somebody.press("Remind me later")
    expect(somebody.told).to_contain_text("Snoozed: back on this list on")
    expect(book_later).to_have_count(0)
    assert Contact.objects.get().snoozed_until
    somebody.press("Undo")
    expect(somebody.told).to_contain_text("the call is taken back.")
    expect(book_later).to_be_visible()
    assert not Contact.objects.exists()

    page.get_by_text("Filter and order").click()
    page.get_by_label("Due within days").fill("5")
    somebody.press("Show")
    expect(book_later).to_have_count(0)
    page.get_by_label("Name of this view").fill("Soon")
    somebody.press("Save this view")
    expect(somebody.told).to_contain_text("The view “Soon” is saved.")
    somebody.follow("To book")
    somebody.follow("Soon")
    expect(book_later).to_have_count(0)
    expect(page.get_by_role("link", name=f"Book {soon.patient}")).to_be_visible()
    page.get_by_text("Filter and order (in use)").click()
    somebody.press("Delete this view")
    expect(somebody.told).to_contain_text("The view “Soon” is deleted.")
    assert not SavedView.objects.exists()


def test_a_clinician_chases_several_together_and_suspends_and_resumes_a_follow_up(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    first, second, other = (slot_due_in(days, clinic) for days in (-36, -34, -32))
    page = somebody.page
    somebody.sign_in(clinician)

    somebody.follow("Overdue")
    for slot in (first, second):
        page.get_by_label(f"Tick {slot.patient}").check()
    page.get_by_label("Note for all of them").fill("By letter")
    somebody.press("Chase these patients")
    expect(somebody.told).to_contain_text("for 2:")
    assert set(Review.objects.values_list("slot", "decision", "reason")) == {
        (slot.pk, Decision.CHASE, "By letter") for slot in (first, second)
    }

    page.get_by_role("link", name=str(other.patient), exact=True).click()
    somebody.follow("Suspend")
    page.get_by_label("Reason").fill("Resection of the liver")
    page.get_by_label("To be reviewed on").fill(f"{clinic.today() + timedelta(days=40):%Y-%m-%d}")
    somebody.press("See what would change")
    somebody.press("Suspend")
    expect(somebody.told).to_contain_text("The follow-up is suspended")
    assert Schedule.objects.get(slots=other).state == ScheduleState.SUSPENDED
    somebody.follow("Go on")
    somebody.press("Go on")
    expect(somebody.told).to_contain_text("The follow-up goes on.")
    assert Schedule.objects.get(slots=other).state == ScheduleState.ACTIVE


def test_an_administrator_adds_a_scanner_and_takes_another_out_of_use(
    somebody: Person, clinic: Clinic, administrator: User
) -> None:
    old = ScannerFactory.create(clinic=clinic)
    page = somebody.page
    somebody.sign_in(administrator)
    somebody.follow("Clinics")
    somebody.follow(str(clinic))

    page.get_by_text("Add a scanner").click()
    form = page.locator("form").filter(has_text="Add the scanner")
    form.get_by_label("Name").fill("CT by the river")
    form.get_by_label("Minutes").fill("20")
    somebody.press("Add the scanner")
    expect(somebody.told).to_contain_text("CT by the river is added.")
    row = page.get_by_role("row", name=old.name)
    row.locator("summary").click()
    row.get_by_role("button", name="Take out of use").click()
    expect(somebody.told).to_contain_text(f"{old.name} is out of use.")

    assert set(Scanner.objects.values_list("name", "minutes", "in_use")) == {
        (old.name, old.minutes, False),
        ("CT by the river", 20, True),
    }


def test_an_administrator_gives_the_desk_a_calendar_and_takes_it_back(
    somebody: Person, clinic: Clinic, administrator: User
) -> None:
    page = somebody.page
    somebody.sign_in(administrator)
    somebody.follow("Clinics")
    somebody.follow(str(clinic))
    somebody.follow("Calendar feeds: appointments in the calendar programs of others")
    page.get_by_label("Name").fill("Radiology desk")
    page.keyboard.press("Enter")

    address = page.get_by_label("Address")
    expect(address).to_be_focused()
    path = address.input_value().removeprefix(settings.SITE_URL)
    assert Client().get(path).content.startswith(b"BEGIN:VCALENDAR")

    somebody.press("Revoke : Radiology desk")
    expect(somebody.told).to_contain_text("Nobody can read")
    assert Client().get(path).status_code == 404
    assert somebody.complaints == []
