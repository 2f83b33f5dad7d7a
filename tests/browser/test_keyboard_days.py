"""Each role's day by the keyboard alone: Tab, Shift+Tab, Enter, Space, the arrows, and typing."""

from datetime import timedelta
from io import BytesIO

from openpyxl import load_workbook
from playwright.sync_api import expect

from patients.models import Clinic, FindingKind, Patient
from reminders.models import Audience, Rule
from schedules.models import (
    BookingState,
    Result,
    ResultOutcome,
    Scanner,
    Schedule,
    ScheduleState,
    Study,
)
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.browser.keyboard import press, sign_in, tab_to, type_in
from tests.browser.person import Person
from tests.factories import BookingFactory, ResectionFactory, StudyFactory
from tests.integration.pages.scene import moment, slot_due_in


def test_a_nurse_registers_a_patient_and_records_the_ct_of_another(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    slot = slot_due_in(0, clinic)
    booking = BookingFactory.create(
        slot=slot, starts_at=moment(clinic, days=-1), at=moment(clinic, days=-8)
    )
    page = somebody.page
    sign_in(somebody, nurse)

    press(page, "Patients")
    expect(somebody.heading).to_contain_text("Patients")
    press(page, "Register a patient")
    expect(somebody.heading).to_have_text("Register a patient")
    type_in(
        page,
        {
            "mrn": "MRN-770001",
            "family_name": "Ōtsuki",
            "given_name": "Hana",
            "birth_date": "2 April 1961",
            "sex": "Female",  # the letters choose
            "site": "distal femur",
            "laterality": "Left",
            "topography": "C40.2",
            "on": f"{clinic.today() - timedelta(days=40):%Y-%m-%d}",
        },
    )
    press(page, "Register")
    expect(somebody.told).to_contain_text("is registered")
    registered = Patient.objects.get(mrn="MRN-770001")
    assert (registered.sex, registered.tumours.get().laterality) == ("female", "left")

    press(page, "Booked")
    expect(somebody.heading).to_contain_text("Booked")
    press(page, f"Record the CT: {slot.patient}")
    expect(somebody.heading).to_contain_text("Record a study")
    press(page, "chest", "Space")
    tab_to(page, "study_uid")
    tab_to(page, "abdomen", "Shift+Tab")
    page.keyboard.press("Space")
    type_in(page, {"outcome": "No evidence"})
    press(page, "Record the study")

    expect(somebody.heading).to_contain_text("Booked")
    booking.refresh_from_db()
    assert booking.state == BookingState.FULFILLED
    study = Study.objects.get()
    assert study.regions == ["chest", "abdomen"]
    assert study.result.outcome == ResultOutcome.NO_DISEASE


def test_a_clinician_records_and_reviews_a_result_suspends_enrols_and_rebaselines(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    slot, operated = slot_due_in(-5, clinic), slot_due_in(20, clinic)
    study = StudyFactory.create(
        patient=slot.patient, performed_on=clinic.today() - timedelta(days=1)
    )
    operation = ResectionFactory.create(tumour=operated.schedule.tumour, on=clinic.today())
    unfollowed = ResectionFactory.create(
        tumour__patient__clinic=clinic, on=clinic.today() - timedelta(days=20)
    ).tumour
    page = somebody.page
    sign_in(somebody, clinician)

    press(page, "Results")
    expect(somebody.heading).to_have_text("Results")
    press(page, f"Record the result: {slot.patient}")
    expect(somebody.heading).to_contain_text("Record the result of")
    press(page, "outcome", "Space")
    while not page.get_by_label("New lesion", exact=True).is_checked():
        page.keyboard.press("ArrowDown")
    type_in(page, {"sites": "liver S6", "finding": "Metastasis"})
    press(page, "Record the result")
    expect(somebody.told).to_contain_text("recorded “New lesion")
    assert slot.schedule.tumour.findings.get().kind == FindingKind.METASTASIS

    press(page, "suspend the follow-up")
    expect(somebody.heading).to_contain_text("Suspend the follow-up")
    review_on = clinic.today() + timedelta(days=40)
    type_in(page, {"reason": "Resection of the liver", "review_on": f"{review_on:%Y-%m-%d}"})
    press(page, "See what would change")
    expect(page.get_by_role("main")).to_contain_text("If it is taken up again on that day")
    press(page, "Suspend")
    expect(somebody.told).to_contain_text("The follow-up is suspended")
    slot.schedule.refresh_from_db()
    assert slot.schedule.state == ScheduleState.SUSPENDED

    press(page, "Results")
    expect(somebody.heading).to_have_text("Results")
    press(page, f"Reviewed: {slot.patient}")
    expect(somebody.told).to_contain_text("the result is reviewed")
    assert Result.objects.get(study=study).reviewed_by == clinician

    press(page, "Re-baselines")
    expect(somebody.heading).to_contain_text("Re-baselines proposed")
    press(page, f"See what would change for {operated.patient}")
    expect(somebody.heading).to_contain_text("What would change")
    press(page, "Do exactly this")
    expect(somebody.told).to_contain_text("The new series has started.")
    assert Schedule.objects.get(anchor=operation).state == ScheduleState.ACTIVE

    press(page, "Safety net")
    expect(somebody.heading).to_contain_text("Safety net")
    press(page, f"Act: {unfollowed.patient}, resected, with no schedule")
    expect(somebody.heading).to_have_text(str(unfollowed.patient))
    press(page, "Choose the follow-up")
    expect(somebody.heading).to_contain_text("Choose the follow-up")
    press(page, "Start follow-up")
    expect(somebody.told).to_contain_text("Follow-up has started.")
    assert unfollowed.schedules.get().state == ScheduleState.ACTIVE


def test_an_administrator_changes_the_clinic_adds_a_scanner_and_a_rule_and_exports(
    somebody: Person, clinic: Clinic, administrator: User
) -> None:
    slot = slot_due_in(-5, clinic)
    page = somebody.page
    sign_in(somebody, administrator)

    press(page, "Clinics")
    expect(somebody.heading).to_have_text("Clinics")
    press(page, str(clinic))
    expect(somebody.heading).to_have_text(str(clinic))
    press(page, "Change: The clinic")
    expect(somebody.heading).to_have_text(f"Change {clinic}")
    type_in(page, {"opens_at": "7:30", "phone": "+81 3 0000 0000"})
    press(page, "Save")
    expect(somebody.told).to_contain_text("saved.")
    clinic.refresh_from_db()
    assert (f"{clinic.opens_at:%H:%M}", clinic.phone) == ("07:30", "+81 3 0000 0000")

    tab_to(page, "Add a scanner")  # open, while the clinic has none
    type_in(page, {"name": "CT 2", "minutes": "20"})
    press(page, "Add the scanner")
    expect(somebody.told).to_contain_text("CT 2 is added.")
    assert Scanner.objects.get().minutes == 20

    press(page, "Rules")
    expect(somebody.heading).to_have_text("Rules")
    type_in(page, {"days": "10"})
    press(page, "Add the rule")
    added = page.get_by_role("cell", name="10 days after the window opens", exact=True)
    expect(added).to_be_visible()
    assert Rule.objects.get(days=10).audience == Audience.NURSES

    press(page, "Exports")
    expect(somebody.heading).to_have_text("Exports")
    with page.expect_download() as taken:
        press(page, "Export the table")
    _header, *rows = load_workbook(BytesIO(taken.value.path().read_bytes()))["schedules"].values
    assert {row[2] for row in rows} == {slot.patient.mrn}
    assert Event.objects.get(act="schedules.exported").by_name == str(administrator)
