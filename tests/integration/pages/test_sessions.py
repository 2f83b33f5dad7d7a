"""How long one stays signed in, and what ends it."""

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.sessions import BEGAN, BY_ITSELF, USED
from surveillance.audit.models import Event
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in

pytestmark = pytest.mark.django_db

MINUTE = 60
HOUR = 60 * MINUTE
HERE = "/worklists/to-book/?on=2026-05-01"


def age(client: Client, *, unused: int = 0, old: int = 0) -> None:
    """Let so many seconds pass over a session."""
    session = client.session
    session[USED] -= unused
    session[BEGAN] -= max(old, unused)
    session.save()


@pytest.mark.parametrize(
    ("unused", "old", "why"),
    [
        (15 * MINUTE, 0, "nothing was done here"),
        (0, 12 * HOUR, "you had signed in long ago"),
    ],
)
def test_a_session_ends_says_why_and_leads_back(
    nurse: User, settings: Settings, unused: int, old: int, why: str
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    nurse.set_password("a long enough pass phrase")
    nurse.save()
    client = signed_in(nurse)
    age(client, unused=unused - 20 if unused else 0, old=old - 20 if old else 0)
    assert client.get(HERE).status_code == 200

    age(client, unused=unused + 20, old=old + 20)
    sign_in = Page(client.get(HERE, follow=True))
    again = Page(client.get("/sign-in/"))
    answer = client.post(
        "/sign-in/",
        {
            "login": nurse.username,
            "password": "a long enough pass phrase",
            "next": str(sign_in.find("[name=next]")["value"]),
        },
    )

    assert why in sign_in.text(".alert")
    assert why in again.text(".alert")
    assert answer.headers["Location"] == HERE
    client.post("/sign-out/")
    assert Page(client.get("/sign-in/")).document.select(".alert") == []


def test_only_what_people_ask_for_counts_as_use_and_is_noted_once_a_minute(
    nurse_client: Client,
) -> None:
    began = nurse_client.session[USED]
    age(nurse_client, unused=MINUTE - 10)
    nurse_client.get("/")
    noted_too_soon = nurse_client.session[USED] > began - MINUTE + 10
    age(nurse_client, unused=10 * MINUTE)
    nurse_client.get("/", headers={"By-Itself": "yes"})
    noted_by_itself = nurse_client.session[USED] >= began
    nurse_client.get("/")

    assert (noted_too_soon, noted_by_itself) == (False, False)
    assert nurse_client.session[USED] >= began


@pytest.mark.parametrize("header", ["Referer", "HX-Current-URL"])
def test_a_button_pressed_too_late_leads_back_to_its_page(
    nurse_client: Client, header: str
) -> None:
    for page, back in ((f"http://testserver{HERE}", HERE), ("https://example.org/", "/")):
        if USED in nurse_client.session:
            age(nurse_client, unused=HOUR)
        answer = nurse_client.post("/tokens/", headers={header: page})

        sign_in = Page(nurse_client.get(answer.headers["Location"]))
        assert str(sign_in.find("[name=next]")["value"]).removeprefix("http://testserver") == back


def test_the_api_refuses_a_session_that_has_ended(nurse_client: Client) -> None:
    assert nurse_client.get("/api/v1/clinics/").status_code == 200
    age(nurse_client, unused=HOUR)

    assert nurse_client.get("/api/v1/clinics/").status_code == 401


def test_a_session_of_unknown_age_is_over(nurse_client: Client) -> None:
    session = nurse_client.session
    del session[BEGAN], session[USED]
    session.save()

    assert nurse_client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_a_new_password_ends_the_sessions_begun_with_the_old_one(
    nurse: User, nurse_client: Client, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    nurse.set_password("another long pass phrase")
    nurse.save()

    assert nurse_client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_who_signs_out_everywhere_must_sign_in_again_wherever_they_were(
    clinic: Clinic, nurse: User, nurse_client: Client, clinician_client: Client
) -> None:
    elsewhere = signed_in(nurse)

    assert Page(nurse_client.get("/account/")).text("h1") == "Your account"
    sign_in = Page(nurse_client.post("/account/sign-out-everywhere/", follow=True))

    assert sign_in.text(".alert") == "You are signed out everywhere."
    assert elsewhere.get("/").headers["Location"] == "/sign-in/?next=/"
    assert [clinician_client.get("/").status_code, signed_in(nurse).get("/").status_code] == [
        200,
        200,
    ]
    event = Event.objects.get(act="sessions.ended")
    assert (event.clinic_code, event.by_name) == (clinic.code, "Naomi Nurse")


def test_what_a_page_asks_for_again_and_again_says_so() -> None:
    asking = [
        line
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for line in path.read_text(encoding="utf-8").splitlines()
        if 'hx-trigger="every' in line
    ]

    assert asking
    assert [line for line in asking if BY_ITSELF not in line] == []
