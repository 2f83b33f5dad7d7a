"""What a browser makes of the pictures: its type is as wide as the layout took it to be."""

import pytest
from playwright.sync_api import Page, expect

from patients.models import Clinic, Patient
from schedules.protocol_files import load_protocols
from schedules.rules.months import add_months
from surveillance.accounts.models import User
from surveillance.demo.cases import PROTOCOL, enter_case, published_cases
from tests.browser.person import NARROW, Person
from tests.integration.pages.scene import slot_due_in

OVERLAPS = """() => {
  const svg = document.querySelector('.pic-box svg')
  const whole = svg.viewBox.baseVal
  const words = [...svg.querySelectorAll('text')].map(text => [text.getBBox(), text.textContent])
  const beyond = words.filter(([a]) => a.x < 0 || a.x + a.width > whole.width)
  const over = words.filter(([a, said], at) => words.slice(at + 1).some(([b]) =>
    a.x < b.x + b.width && b.x < a.x + a.width
    && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height))  // boxes hold room for accents
  return [...beyond, ...over].map(([, said]) => said)
}"""


@pytest.fixture
def published(clinic: Clinic, clinician: User) -> Patient:
    load_protocols()
    return enter_case(
        published_cases()[1],
        clinic=clinic,
        resected_on=add_months(clinic.today(), -49),
        by=clinician,
    )


def opened(somebody: Person, user: User, address: str) -> Page:
    somebody.is_signed_in_as(user)
    somebody.page.goto(address)
    return somebody.page


def test_no_words_lie_over_others_or_outside(
    somebody: Person, published: Patient, clinician: User
) -> None:
    for address in (
        f"/patients/{published.public_id}/",
        "/protocols/",
        f"/protocols/compare/?a={PROTOCOL}-1&b=gist-high-2015-1",
    ):
        page = opened(somebody, clinician, address)
        assert page.evaluate(OVERLAPS) == [], address


def test_on_a_narrow_screen_the_picture_moves_in_its_own_box_by_keys_and_to_today(
    somebody: Person, published: Patient, clinician: User
) -> None:
    somebody.page.set_viewport_size(NARROW)
    page = opened(somebody, clinician, f"/patients/{published.public_id}/")
    box = page.locator(".pic-box")

    box.focus()
    page.keyboard.press("ArrowRight")
    expect(box).not_to_have_js_property("scrollLeft", 0)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]

    somebody.follow("Move the picture to today")
    label = page.locator("#follow-up-now text").bounding_box()
    frame = box.bounding_box()
    assert label
    assert frame
    assert frame["x"] <= label["x"]
    assert label["x"] + label["width"] <= frame["x"] + frame["width"] + 1


def test_heading_and_picture_stand_on_one_sheet_of_paper(
    somebody: Person, clinic: Clinic, clinician: User
) -> None:
    """An A4 sheet on its side, 10 mm kept free: 190 mm are 718 pixels."""
    slot = slot_due_in(-30, clinic)
    page = opened(somebody, clinician, f"/patients/{slot.patient.public_id}/")

    page.set_viewport_size({"width": 1047, "height": 718})
    page.emulate_media(media="print")

    end = page.locator(".pic-section").evaluate("one => one.getBoundingClientRect().bottom")
    assert end <= 718
    pdf = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841.9" in pdf
