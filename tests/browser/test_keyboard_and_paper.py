"""Without a mouse, and on paper."""

import re

import pytest
from playwright.sync_api import expect

from patients.models import Clinic
from surveillance.accounts.models import User
from tests.browser.keyboard import focus, press, sign_in
from tests.browser.person import PHONE, Person
from tests.factories import ScannerFactory
from tests.integration.pages.scene import slot_due_in


def test_the_keyboard_signs_in_and_reaches_a_page_under_more(somebody: Person, nurse: User) -> None:
    page = somebody.page
    sign_in(somebody, nurse)

    press(page, "More")
    press(page, "Protocols")

    expect(somebody.heading).to_contain_text("Protocols")


def test_the_keyboard_books_an_exam(somebody: Person, clinic: Clinic, nurse: User) -> None:
    ScannerFactory.create(clinic=clinic)
    slot = slot_due_in(10, clinic)
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.goto("/worklists/to-book/")

    press(page, f"Book {slot.patient}, no. 1")
    best = page.get_by_role("region", name="The best times").get_by_role("button").first
    press(page, " ".join(best.inner_text().split()))

    expect(somebody.told).to_contain_text("is booked for")


def test_the_first_stop_skips_to_the_content(somebody: Person, nurse: User) -> None:
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.goto("/")

    page.keyboard.press("Tab")
    assert focus(page)[0] == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.locator("main :focus").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_and_shows_no_navigation(
    somebody: Person, clinic: Clinic, clinician: User, scheme: str
) -> None:
    slot = slot_due_in(-5, clinic)
    somebody.is_signed_in_as(clinician)
    page = somebody.page
    page.goto(f"/patients/{slot.patient.public_id}/")

    page.emulate_media(media="print", color_scheme="dark" if scheme == "dark" else "light")

    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("body")).to_have_css("color", "rgb(23, 36, 43)")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(somebody.heading).to_contain_text(slot.patient.family_name)


def test_the_dark_follows_the_system(somebody: Person, nurse: User) -> None:
    somebody.is_signed_in_as(nurse)
    page = somebody.page
    page.emulate_media(color_scheme="dark")
    page.goto("/")

    expect(page.locator("body")).to_have_css(
        "background-color", re.compile(r"rgb\(1\d, 2\d, 2\d\)")
    )


def test_on_a_phone_the_navigation_leaves_most_of_the_screen(
    somebody: Person, clinician: User
) -> None:
    somebody.is_signed_in_as(clinician)
    somebody.page.set_viewport_size(PHONE)
    somebody.page.goto("/")

    box = somebody.page.get_by_role("banner").bounding_box()

    assert box is not None
    assert box["height"] < PHONE["height"] / 4
