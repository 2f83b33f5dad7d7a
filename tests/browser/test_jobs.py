"""Work in the background, watched to its end, left in the middle, and found again."""

from playwright.sync_api import expect

from patients.models import Clinic
from schedules.models import Job, JobState, Schedule
from surveillance.accounts.models import User
from tests.browser.axe import violations
from tests.browser.person import Person
from tests.factories import ProtocolFactory
from tests.integration.pages.scene import slot_due_in
from tests.integration.schedules.asking import held_up_at_the_last, newer_version

PATIENTS = 3


def test_a_clinician_takes_patients_over_and_watches_leaves_and_finds_it_again(
    somebody: Person, clinic: Clinic, clinician: User, has_javascript: bool
) -> None:
    for _ in range(PATIENTS):
        slot_due_in(0, clinic)
    newer = newer_version(ProtocolFactory.create())
    page = somebody.page
    somebody.is_signed_in_as(clinician)
    page.goto(f"/protocols/{newer.code}/{newer.version}/take-over/")

    somebody.press(f"Do exactly this for {PATIENTS} follow-ups")

    expect(somebody.heading).to_contain_text("Patients go over to a newer version")
    bar = page.get_by_role("progressbar", name=f"of {PATIENTS} follow-ups")
    expect(bar).to_have_attribute("value", "0")
    elsewhere = page.get_by_role("navigation").get_by_role("link", name="Overdue")
    elsewhere.focus()
    with held_up_at_the_last(newer) as working:
        expect(bar).to_have_attribute("value", "1")
        if has_javascript:
            expect(elsewhere).to_be_focused()  # nobody's focus is taken by what goes on by itself
            assert violations(page) == []
        page.goto("/")
        page.get_by_role("main").get_by_role("link", name="Patients go over").click()
        expect(bar).to_have_attribute("value", "1")
        assert not Schedule.objects.filter(protocol=newer).exists()
    assert working.result()

    expect(page.get_by_role("main")).to_contain_text(f"{PATIENTS} follow-ups now go on by")
    expect(bar).to_have_count(0)
    assert Job.objects.get().state == JobState.DONE
    assert Schedule.objects.filter(protocol=newer).count() == PATIENTS
    somebody.follow("Background work")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Done")
