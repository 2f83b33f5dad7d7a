"""A newcomer, from the mail to the first page of the day's work, without a mouse."""

from re import search

from django.core import mail
from django.core.management import call_command
from playwright.sync_api import expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from patients.clinic_actions import add_member
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.browser.axe import looks_right
from tests.browser.keyboard import press, type_in
from tests.browser.person import Person

PASSWORD = "walnut harbour sixty"


def test_somebody_who_is_invited_sets_a_password_and_signs_in(
    somebody: Person,
    live_server: LiveServer,
    settings: Settings,
    clinic: Clinic,
    administrator: User,
) -> None:
    settings.SITE_URL, settings.SECOND_FACTOR_FOR = live_server.url, "administrators"
    facts = ("--email=nora@example.org", "--given-name=Nora", "--family-name=Nurse")
    call_command("invite", "nora", *facts, verbosity=0)
    add_member(clinic=clinic, username="nora", role=Role.ADMINISTRATOR, by=administrator)
    page = somebody.page
    link = search(r"http://\S+", str(mail.outbox[0].body))
    assert link

    page.goto(link[0])
    expect(somebody.heading).to_have_text("Set your password")
    assert page.url == f"{live_server.url}/sign-in/password/"
    looks_right(page)
    page.keyboard.type("sarcoma2026")  # the first field has the focus
    type_in(page, {"password2": "sarcoma2026"})
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("words of the house")
    looks_right(page)
    type_in(page, {"password1": PASSWORD, "password2": PASSWORD})
    press(page, "Set the password")

    expect(somebody.told).to_contain_text("Your password is set")
    page.keyboard.type("nora")
    type_in(page, {"password": PASSWORD})
    page.keyboard.press("Enter")
    expect(somebody.heading).to_have_text("Second factor")  # which administrators need

    page.goto(link[0])
    expect(somebody.heading).to_have_text("This link does not work")
    looks_right(page)
    assert somebody.complaints.pop().startswith("Failed to load resource")  # 404, as it is
