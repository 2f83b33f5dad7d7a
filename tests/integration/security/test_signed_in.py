"""Who is signed in: by which session, and until when."""

import pytest
from django.conf import settings
from django.shortcuts import resolve_url
from django.test import Client

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
    assert client.post(resolve_url(settings.LOGIN_URL), told).status_code == 302
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_a_sign_in_begins_a_session_of_another_name(nurse: User) -> None:
    """So nobody can have chosen it; and it cannot be guessed: 32 of 36 signs are 165 bits."""
    browser = Client()
    browser.get(resolve_url(settings.LOGIN_URL))
    browser.cookies[settings.SESSION_COOKIE_NAME] = "chosen" * 6
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
