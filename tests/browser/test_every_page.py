"""What is true of every page in a browser, for each role: in light and dark, wide and narrow."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.urls import resolve
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from patients.emergency import open_in_emergency
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.browser.axe import OF_COLOUR, violations
from tests.browser.person import DESK, NARROW, Person
from tests.browser.scene import busy_clinic
from tests.factories import ClinicFactory, PatientFactory
from tests.integration.test_role_matrix import RULES

# Forms, messages and their like; but each patient is another story.
ENOUGH_OF_A_KIND = 2 if "CI" in os.environ else 1


@dataclass(frozen=True)
class Visit:
    """What one person met at one address."""

    role: Role
    address: str
    violations: list[str]
    violations_in_the_dark: list[str]
    beyond_a_narrow_screen: int  # CSS pixels that one must scroll sideways at a width of 320
    complaints: list[str]  # what the browser's console said

    @property
    def name(self) -> str:
        return name_of(self.address)


def name_of(address: str) -> str:
    return resolve(address.split("?")[0]).url_name or ""


@pytest.fixture(scope="module")
def visits(
    browser: Browser,
    live_server: LiveServer,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> list[Visit]:
    """Every page of a busy clinic, as a person of each role reaches it by links."""
    with django_db_blocker.unblock():
        _, users = busy_clinic()
        elsewhere = PatientFactory.create(clinic=ClinicFactory.create())
        open_in_emergency(
            mrn=elsewhere.mrn,
            birth_date=elsewhere.birth_date,
            reason="Unconscious in our emergency room",
            by=users[Role.CLINICIAN],
        )
        try:
            return [
                visit for role in Role for visit in walk(browser, live_server, role, users[role])
            ]
        finally:
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)


def walk(browser: Browser, live_server: LiveServer, role: Role, user: User) -> Iterator[Visit]:
    """Follow every link from the home page, each once, but leave out what is more of the same."""
    # Without motion, or a colour would be looked at on its way from the light to the dark.
    with browser.new_context(
        base_url=live_server.url, viewport=DESK, reduced_motion="reduce"
    ) as context:
        person = Person(context.new_page())
        person.is_signed_in_as(user)
        ahead = ["/"]
        seen = set[str]()
        kinds = Counter[str]()
        while ahead:
            address = ahead.pop()
            kind = name_of(address)
            if kind.startswith("api-"):
                continue  # Swagger UI's own page: test_api_docs looks at it
            if address in seen or (kind != "patient" and kinds[kind] == ENOUGH_OF_A_KIND):
                continue
            seen.add(address)
            kinds[kind] += 1
            yield visit(person, role, address)
            ahead += person.page.eval_on_selector_all(
                "a[href^='/']:not([download])",
                "links => links.map(link => link.getAttribute('href').split('#')[0])",
            )


def visit(person: Person, role: Role, address: str) -> Visit:
    page = person.page
    person.complaints.clear()
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light")
    page.goto(address)
    open_all(page, "main details")
    in_light = violations(page)
    page.emulate_media(color_scheme="dark")
    in_dark = violations(page, OF_COLOUR)
    page.set_viewport_size(NARROW)
    open_all(page, "details")
    beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return Visit(role, address, in_light, in_dark, beyond, list(person.complaints))


def open_all(page: Page, selector: str) -> None:
    """Bring to light what is folded away."""
    page.eval_on_selector_all(selector, "all => all.forEach(one => { one.open = true })")


def test_the_walk_reaches_every_page_that_can_be_asked_for(visits: list[Visit]) -> None:
    pages = {
        name
        for name, rule in RULES.items()
        if "GET" in rule.verbs and not rule.is_a_file and not rule.led_to
    }

    assert {visit.name for visit in visits} == pages


def test_no_page_breaks_wcag_22_at_level_aa(visits: list[Visit]) -> None:
    assert {f"{v.role} {v.address}": v.violations for v in visits if v.violations} == {}


def test_no_page_is_hard_to_read_in_the_dark(visits: list[Visit]) -> None:
    """By the rules of colour alone: what the style sheet says for the dark sets colours and no
    more, so that by all others a page is as it was in the light.
    """
    assert {
        f"{v.role} {v.address}": v.violations_in_the_dark
        for v in visits
        if v.violations_in_the_dark
    } == {}


def test_no_page_must_be_scrolled_sideways_on_a_narrow_screen(visits: list[Visit]) -> None:
    assert {
        f"{v.role} {v.address}": v.beyond_a_narrow_screen
        for v in visits
        if v.beyond_a_narrow_screen > 0
    } == {}


def test_the_browser_has_nothing_to_complain_of(visits: list[Visit]) -> None:
    """Neither the content security policy nor a missing file."""
    assert {f"{v.role} {v.address}": v.complaints for v in visits if v.complaints} == {}
