"""Signing in and out."""

import pytest
from django.test import Client
from pytest_django import Settings

from surveillance.accounts.models import User
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

SIGN_IN = "/sign-in/"
PASSWORD = "a long enough pass phrase"


@pytest.fixture
def naomi(nurse: User, settings: Settings) -> dict[str, str]:
    """What the nurse types."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a fast one
    nurse.set_password(PASSWORD)
    nurse.save()
    return {"login": nurse.username, "password": PASSWORD}


def test_who_signs_in_comes_to_todays_work(client: Client, naomi: dict[str, str]) -> None:
    page = Page(client.post(SIGN_IN, naomi, follow=True))

    assert page.text("h1") == "Today’s work"
    assert page.text(".site-user") == "Naomi Nurse"


def test_who_was_sent_to_sign_in_comes_back_to_the_page_that_was_asked_for(
    client: Client, naomi: dict[str, str]
) -> None:
    asked_for = client.get("/worklists/to-book/?on=2026-05-01").headers["Location"]
    hidden = Page(client.get(asked_for)).find("[name=next]")["value"]

    answer = client.post(SIGN_IN, naomi | {"next": str(hidden)})

    assert answer.headers["Location"] == "/worklists/to-book/?on=2026-05-01"


def test_signing_in_leads_to_no_other_site(client: Client, naomi: dict[str, str]) -> None:
    answer = client.post(SIGN_IN, naomi | {"next": "https://example.org/"})

    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_refused_without_saying_what_was_wrong(
    client: Client, naomi: dict[str, str]
) -> None:
    wrong_password, unknown_name = (
        Page(client.post(SIGN_IN, naomi | wrong))
        for wrong in ({"password": "a guess"}, {"login": "nobody"})
    )

    assert wrong_password.title.startswith("Error: ")
    assert wrong_password.error_summary == unknown_name.error_summary
    assert len(wrong_password.error_summary) == 1


@pytest.mark.parametrize(
    ("language", "title", "home"),
    [("en-gb", "This was not sent", "Go to today’s work"), ("ja", "送信", "今日の業務")],
)
def test_a_page_that_is_too_old_to_be_sent_says_what_to_do(
    naomi: dict[str, str], language: str, title: str, home: str
) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": language})

    answer = client.post(SIGN_IN, naomi)

    page = Page(answer)
    assert answer.status_code == 403
    assert title in page.text("h1")
    assert page.link(home) == "/"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_who_signs_out_must_sign_in_again(nurse_client: Client) -> None:
    nurse_client.post("/sign-out/")

    assert nurse_client.get("/").headers["Location"] == f"{SIGN_IN}?next=/"
