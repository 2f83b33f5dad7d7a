"""Away from the screen in the middle of a form: asked, signed out, and back where one was."""

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.sessions import BEGAN, USED
from tests.browser.axe import violations
from tests.browser.person import PASSWORD, Person
from tests.factories import PatientFactory


def minutes_pass(somebody: Person, minutes: int) -> None:
    """Let time pass on the server and, with a second look at its clock, in the browser."""
    session = Session.objects.get()
    kept = session.get_decoded()
    kept[USED] -= minutes * 60
    kept[BEGAN] -= minutes * 60
    session.session_data = SessionStore().encode(kept)
    session.save()
    somebody.page.clock.fast_forward(minutes * 60_000)


def test_who_is_away_is_asked_then_signed_out_and_finds_what_they_typed(
    somebody: Person, clinic: Clinic, nurse: User, clinician: User
) -> None:
    page = somebody.page
    page.clock.install()
    somebody.sign_in(nurse)
    expect(somebody.heading).to_have_text("Today’s work")
    address = f"/patients/{PatientFactory.create(clinic=clinic).public_id}/contact/"
    page.goto(address)
    phone = page.get_by_label("Phone").first
    phone.fill("+81 3 5555 0123")
    phone.focus()

    minutes_pass(somebody, 14)
    dialog = page.get_by_role("alertdialog", name="You will soon be signed out")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    assert violations(page) == []
    with page.expect_response("**/session/"):
        page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(phone).to_be_focused()

    minutes_pass(somebody, 14)
    expect(dialog).to_be_visible()
    minutes_pass(somebody, 2)
    expect(somebody.heading).to_have_text("Sign in")
    expect(page.locator(".alert")).to_contain_text("nothing was done here for a while")
    page.get_by_label("Username").fill(nurse.username)
    page.get_by_label("Password").fill(PASSWORD)
    somebody.press("Sign in")

    expect(somebody.told).to_contain_text("What you had typed is here again.")
    expect(phone).to_have_value("+81 3 5555 0123")
    assert page.url.endswith(address)

    phone.fill("+81 3 5555 0999")
    minutes_pass(somebody, 16)
    expect(somebody.heading).to_have_text("Sign in")
    assert "0999" in page.evaluate("JSON.stringify(sessionStorage)")
    somebody.is_signed_in_as(clinician)
    page.goto("/")
    expect(somebody.heading).to_have_text("Today’s work")
    kept = page.evaluate("Object.keys(sessionStorage).concat(Object.keys(localStorage))")
    assert [key for key in kept if not key.startswith("htmx-")] == []
