"""What people meet when something goes wrong, and what is folded away: in light and dark."""

from collections.abc import Callable

import pytest
from django.test import RequestFactory
from django.views.defaults import server_error
from playwright.sync_api import expect

from patients.models import Clinic
from schedules.protocol_files import load_protocols
from surveillance.accounts.models import User
from tests.browser.axe import OF_COLOUR, violations
from tests.browser.person import NARROW, Person
from tests.factories import ScannerFactory
from tests.integration.pages.scene import slot_due_in

Look = Callable[..., None]


@pytest.fixture
def look(somebody: Person) -> Look:
    """Look at what the screen shows; it must have that heading."""

    def look(heading: str, within: str = "html") -> None:
        page = somebody.page
        expect(somebody.heading).to_contain_text(heading)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        in_light = violations(page, within=within)
        page.emulate_media(color_scheme="dark")
        assert in_light + violations(page, OF_COLOUR, within=within) == [], heading
        # That a page was refused the console says by itself.
        refused = [one for one in somebody.complaints if "Failed to load resource" in one]
        assert somebody.complaints == refused
        somebody.complaints.clear()

    return look


def test_pages_that_refuse_are_for_everybody(somebody: Person, nurse: User, look: Look) -> None:
    page = somebody.page
    page.goto("/sign-in/")
    look("Sign in")
    somebody.press("Sign in")
    expect(page.get_by_role("alert")).to_be_focused()
    look("Sign in")
    page.locator("main [name=csrfmiddlewaretoken]").first.evaluate("one => one.remove()")
    somebody.press("Sign in")
    look("This was not sent")

    somebody.is_signed_in_as(nurse)
    page.goto("/worklists/overdue/")
    look("You may not open this page")
    page.goto("/nowhere/")
    look("There is no such page")
    page.goto("/worklists/to-book/?on=never")
    look("This request makes no sense")
    wrong = server_error(RequestFactory().get("/")).content
    page.route("**/status/", lambda route: route.fulfill(status=500, body=wrong))
    page.goto("/status/")
    look("Something went wrong")

    page.goto("/")
    page.get_by_role("navigation").get_by_text("More").click()
    look("Today’s work", within="header")  # the open menu covers parts of what stands below
    page.set_viewport_size(NARROW)
    look("Today’s work", within="header")


def test_forms_that_were_refused_are_for_everybody(
    somebody: Person,
    clinic: Clinic,
    nurse: User,
    clinician: User,
    administrator: User,
    look: Look,
) -> None:
    load_protocols()
    ScannerFactory.create(clinic=clinic)
    slot = slot_due_in(-30, clinic)
    page = somebody.page

    somebody.is_signed_in_as(nurse)
    for address, button in {
        "/patients/new/": "Register",
        f"/patients/{slot.patient.public_id}/studies/new/": "Record the study",
        f"/slots/{slot.public_id}/book/": "Book",
    }.items():
        page.goto(address)
        somebody.press(button)
        look("")

    somebody.is_signed_in_as(clinician)
    page.goto("/worklists/overdue/")
    somebody.press("Chase these patients")
    look("Overdue")
    page.goto("/protocols/ct-chest-abdomen-3m/1/draft/")
    page.get_by_label("Title").fill("")
    page.get_by_label("Every").first.fill("0")
    somebody.press("Save as a new draft")
    look("Draft a new version")

    somebody.is_signed_in_as(administrator)
    page.goto(f"/administration/{clinic.code}/")
    page.locator("summary").filter(has_text="Close on a day").click()
    page.get_by_role("textbox", name="Day").fill("30/2/2026")
    somebody.press("Close on this day")
    look(str(clinic))
