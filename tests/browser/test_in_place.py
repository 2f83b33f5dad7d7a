"""Booking, calling and deciding in place, under the row of the list."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, expect

from patients.models import Clinic
from schedules.models import Booking, Contact, Review, Slot
from surveillance.accounts.models import User
from tests.browser.axe import violations
from tests.browser.keyboard import focus, press, tab_to, type_in
from tests.browser.person import NARROW, Person
from tests.factories import ScannerFactory
from tests.integration.pages.scene import slot_due_in

TO_BOOK = "/worklists/to-book/"


@pytest.fixture
def best(somebody: Person) -> Locator:
    """The first of the best times, once they are shown."""
    times = somebody.page.get_by_role("region", name="The best times")
    return times.get_by_role("button").first


@pytest.fixture
def listed(somebody: Person, clinic: Clinic, nurse: User) -> Slot:
    """An exam on the list To book, which a nurse has on the screen."""
    slot = slot_due_in(10, clinic)
    somebody.is_signed_in_as(nurse)
    somebody.page.goto(TO_BOOK)
    return slot


@contextmanager
def no_answer(person: Person) -> Iterator[None]:
    """Cut the line to the server. The browser says so on its console, as it should."""
    person.page.route("**/*", lambda route: route.abort())
    yield
    person.page.unroute("**/*")
    person.complaints.clear()


def test_the_next_patient_is_booked_in_three_clicks_without_scrolling(
    somebody: Person, clinic: Clinic, nurse: User, has_javascript: bool, best: Locator
) -> None:
    ScannerFactory.create(clinic=clinic)
    slots = [slot_due_in(days, clinic) for days in range(10, 20)]
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.goto("/")

    somebody.click(page.get_by_role("link", name="To book").first)
    somebody.click(page.get_by_role("link", name=f"Book {slots[0].patient}"))
    somebody.click(best)

    expect(somebody.told).to_contain_text(f"{slots[0].patient} is booked for")
    assert somebody.clicks == 3
    assert Booking.objects.get().slot == slots[0]
    # And the one after, in two more.
    somebody.click(page.get_by_role("link", name=f"Book {slots[1].patient}"))
    somebody.click(best)
    expect(somebody.told).to_contain_text(f"{slots[1].patient} is booked for")
    somebody.click(page.get_by_role("button", name="Undo"))
    expect(somebody.told).to_contain_text("is taken back.")
    expect(page.get_by_role("link", name=f"Book {slots[1].patient}")).to_be_visible()
    expect(page.locator("#list")).to_have_count(1)  # it took the place of the one before


def test_the_keyboard_books_in_place_and_goes_on_at_the_next(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    ScannerFactory.create(clinic=clinic)
    first, second = slot_due_in(10, clinic), slot_due_in(11, clinic)
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.emulate_media(reduced_motion="reduce")  # or a colour would be looked at on its way
    page.goto(TO_BOOK)
    book, call = f"Book {first.patient}, no. 1", f"Call {first.patient}, no. 1"
    form = page.locator(".in-place").get_by_role("region").first

    press(page, book)
    expect(form).to_be_focused()
    assert form.get_attribute("aria-label") == f"Book {first.exam}"
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    assert focus(page)[0] == book

    press(page, call)
    expect(form).to_be_focused()
    assert violations(page) == []
    press(page, "outcome", "Space")
    press(page, "Save and book")
    expect(somebody.told).to_contain_text("recorded “no answer”")
    assert Contact.objects.get().slot == first

    type_in(page, {"outside_window_reason": "Asked for it"})
    press(page, "Book")
    summary = form.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Date and time: This field is required.")
    expect(page.get_by_label("Reason, if outside the window")).to_have_value("Asked for it")
    assert violations(page) == []

    form.locator(".day a").nth(2).click()
    expect(form.locator(".times")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(somebody.told).to_contain_text(f"{first.patient} is booked for")
    expect(page.get_by_role("link", name=f"Book {second.patient}")).to_be_focused()
    expect(page.get_by_role("row")).to_have_count(2)
    assert page.url.endswith(TO_BOOK)


def test_a_clinician_decides_in_place_and_what_was_ticked_stays_ticked(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    first, second, third = (slot_due_in(days, clinic) for days in (-36, -34, -32))
    somebody.is_signed_in_as(clinician)
    page = somebody.page
    page.emulate_media(reduced_motion="reduce")
    page.goto("/worklists/overdue/?order=lateness")
    form = page.locator(".in-place").get_by_role("region")
    decide = f"Decide: {first.patient}, no. 1"

    press(page, decide)
    expect(form).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    assert focus(page)[0] == decide

    tab_to(page, f"Decide: {second.patient}, no. 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label(f"Tick {third.patient}")).to_be_checked()
    page.get_by_role("link", name=f"Decide : {first.patient}").focus()
    page.keyboard.press("Enter")
    expect(form).to_be_focused()
    tab_to(page, "decision")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Defer", exact=True)).to_be_checked()
    type_in(page, {"reason": "CT elsewhere"})
    page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_be_focused()
    expect(form.get_by_role("alert")).to_contain_text("Defer until a day that is still to come.")
    expect(page.get_by_label("Reason")).to_have_value("CT elsewhere")
    tab_to(page, "decision")
    page.keyboard.press("ArrowDown")
    press(page, "Record the decision")

    expect(somebody.told).to_contain_text(f"{first.patient}: recorded “Skip this exam”.")
    expect(page.get_by_role("link", name=f"Decide : {second.patient}")).to_be_focused()
    expect(page.get_by_role("link", name=f"Decide : {first.patient}")).to_have_count(0)
    expect(page.get_by_label(f"Tick {third.patient}")).to_be_checked()
    assert Review.objects.get().slot == first


def test_on_a_narrow_screen_a_form_in_place_is_no_wider_than_the_screen(
    somebody: Person, clinic: Clinic, nurse: User, best: Locator
) -> None:
    ScannerFactory.create(clinic=clinic)
    slot = slot_due_in(10, clinic)
    somebody.is_signed_in_as(nurse)
    somebody.page.set_viewport_size(NARROW)
    somebody.page.goto(TO_BOOK)

    for act in ("Book", "Call"):
        somebody.page.get_by_role("link", name=f"{act} {slot.patient}").click()
        form = somebody.page.locator(".in-place").get_by_role("region").first
        expect(form).to_be_visible()
        box = form.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]
        somebody.page.keyboard.press("Escape")


def test_a_call_that_was_recorded_stands_in_the_row_once_the_form_is_put_away(
    somebody: Person, listed: Slot
) -> None:
    page = somebody.page
    page.get_by_role("link", name=f"Call {listed.patient}").click()
    page.get_by_label("Agreed to come").check()
    somebody.press("Save and book")
    expect(page.get_by_role("region", name="The best times")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("row", name=str(listed.patient))).to_contain_text("Agreed to come")


def test_a_filter_is_saved_under_a_name_and_back_leads_to_the_list_before_it(
    somebody: Person, clinic: Clinic, nurse: User
) -> None:
    soon, later = slot_due_in(0, clinic), slot_due_in(20, clinic)
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.goto(TO_BOOK)
    page.get_by_text("Filter and order").click()
    page.get_by_label("Due within days").fill("5")
    somebody.press("Show")
    expect(page.get_by_role("link", name=f"Book {later.patient}")).to_have_count(0)
    assert "within=5" in page.url
    page.get_by_role("link", name=f"Book {soon.patient}").click()
    expect(page.locator(".in-place")).to_be_visible()
    assert "within=5" in page.url

    somebody.press("Save this view")
    expect(page.get_by_role("alert")).to_contain_text("Name of this view: This field is required.")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Name of this view").fill("My clinic, within 5 days")
    page.keyboard.press("Enter")
    expect(somebody.told).to_contain_text("is saved.")
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link")).to_have_attribute("aria-current", "true")
    assert "within=5" in page.url
    assert "views" not in page.url
    expect(page.get_by_label("Name of this view")).to_be_hidden()  # the name says it all

    page.go_back()
    expect(page.get_by_role("link", name=f"Book {later.patient}")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("link", name=f"Book {later.patient}")).to_have_count(0)
    expect(page.get_by_role("link", name=f"Book {soon.patient}")).to_be_visible()


def test_when_the_server_does_not_answer_it_says_so_and_what_was_typed_stays(
    somebody: Person, listed: Slot
) -> None:
    page = somebody.page
    page.get_by_role("link", name=f"Call {listed.patient}").click()
    page.get_by_label("No answer").check()
    page.get_by_label("Note").fill("After six")

    with no_answer(somebody):
        somebody.press("Keep on the list")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page.get_by_label("Note")).to_have_value("After six")

    somebody.press("Keep on the list")
    expect(somebody.told).to_contain_text("recorded “no answer”")
    assert Contact.objects.get().note == "After six"


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in(somebody: Person, listed: Slot) -> None:
    page = somebody.page
    Session.objects.all().delete()

    page.get_by_role("link", name=f"Book {listed.patient}").click()

    expect(somebody.heading).to_have_text("Sign in")
    assert page.url.endswith("/worklists/to-book/")  # the page that one was on, to go on from there


def test_what_is_not_there_any_more_is_said_as_a_page_of_its_own_says_it(
    somebody: Person, listed: Slot
) -> None:
    page = somebody.page
    listed.delete()

    page.get_by_role("link", name=f"Book {listed.patient}").click()

    expect(somebody.heading).to_have_text("There is no such page")
    somebody.complaints.clear()  # the browser tells of the answer 404
