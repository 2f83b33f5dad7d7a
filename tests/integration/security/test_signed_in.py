"""Who is signed in: by which session, and until when."""

import pytest
from django.conf import settings as of_django
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.fixture
def nurse() -> User:
    nurse = member(ClinicFactory.create(), Role.NURSE, "Naomi Nurse")
    nurse.set_password(PASSWORD)
    nurse.save()
    return nurse


def sign_in(client: Client, nurse: User) -> str:
    """Return the name of the session that begins."""
    told = dict.fromkeys(("username", "login"), nurse.username) | {"password": PASSWORD}
    assert client.post(resolve_url(of_django.LOGIN_URL), told).status_code == 302
    return client.cookies[of_django.SESSION_COOKIE_NAME].value


def test_a_sign_in_begins_a_session_of_another_name(nurse: User) -> None:
    """So nobody can have chosen it; and it cannot be guessed: 32 of 36 signs are 165 bits."""
    browser = Client()
    browser.get(resolve_url(of_django.LOGIN_URL))
    browser.cookies[of_django.SESSION_COOKIE_NAME] = "chosen" * 6
    first = sign_in(browser, nurse)
    again = sign_in(Client(), nurse)
    assert len({first, again, "chosen" * 6}) == 3
    assert all(len(name) >= 32 and name.isalnum() for name in (first, again))


def test_who_has_no_account_any_more_has_no_session(nurse: User) -> None:
    browser = Client()
    sign_in(browser, nurse)
    assert browser.get("/patients/").status_code == 200
    User.objects.filter(pk=nurse.pk).update(is_active=False)
    assert browser.get("/patients/").status_code == 302
    assert browser.get("/api/v1/patients/").status_code in (401, 403)


def test_every_page_lets_one_sign_out(nurse: User) -> None:
    browser = Client()
    sign_in(browser, nurse)
    for address in ("/", "/worklists/to-book/", "/patients/", "/nowhere/", "/worklists/overdue/"):
        assert Page(browser.get(address)).find("form[action*=sign-out] button"), address


def test_a_new_password_takes_the_old_one_and_is_none_that_is_tried_first(
    nurse: User, settings: Settings
) -> None:
    """Any signs will do, in any number, and all of them count."""
    settings.SITE_URL = "https://followup.kinderspital.example.org"
    settings.ACCOUNT_RATE_LIMITS = {"change_password": "100/m/user"}
    browser = Client()
    sign_in(browser, nurse)

    def change(new: str, old: str = PASSWORD) -> bool:
        told = {"oldpassword": old, "password1": new, "password2": new}
        return browser.post(reverse("account_change_password"), told).status_code == 302

    page = Page(browser.get(reverse("account_change_password")))
    assert len(page.document.select("main input[type=password]")) == 3
    for poor in ("7 signs", "iloveyou1", "1234567890"):
        assert not change(poor), poor
    for of_the_house in ("Sarcoma2026!", "Kinderspital-Nurse-1", "PasswordPassword"):
        assert not change(of_the_house), of_the_house
    assert not change("quite another one", old="a guess")

    long = " 長い pepper tree, all in small letters " * 3
    assert change(long)
    nurse.refresh_from_db()
    assert nurse.check_password(long)
    assert not nurse.check_password(long.strip())
    assert not nurse.check_password(long.upper())
