"""The second factor: who needs one, how it is set up, and what it lets in."""

import time
from collections.abc import Iterator
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db

SIGN_IN = "/sign-in/"
SET_UP = "/account/second-factor/"
PASSWORD = "a long enough pass phrase"


@pytest.fixture(autouse=True)
def as_in_production(settings: Settings) -> Iterator[None]:
    settings.SECOND_FACTOR_FOR = "administrators"
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada(clinic: Clinic) -> User:
    """An administrator who has set up nothing yet."""
    user = member(clinic, Role.ADMINISTRATOR, "Ada Admin")
    user.set_password(PASSWORD)
    user.email = "ada@example.org"
    user.save()
    return user


def code_of(key: str) -> str:
    """Return the code that an app shows now."""
    return str(format_hotp_value(hotp_value(key, int(time.time()) // 30)))


def give_app(client: Client, captured: DjangoCaptureOnCommitCallbacks) -> tuple[str, list[str]]:
    """Set up an app as its owner does; return its key and the recovery codes."""
    key = Page(client.get(SET_UP + "app/")).text(".key")
    with captured(execute=True):
        page = Page(client.post(SET_UP + "app/", {"code": code_of(key)}, follow=True))
    return key, [code.get_text() for code in page.document.select(".codes code")]


def password_given(user: User) -> Client:
    client = Client()
    answer = client.post(SIGN_IN, {"login": user.username, "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/code/"
    return client


def acts() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("act", flat=True))


def test_an_administrator_without_one_is_held_until_it_is_set_up(
    ada: User,
    nurse_client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = signed_in(ada)
    for address in ("/", "/tokens/", "/administration/", "/account/", "/protocols/"):
        assert client.get(address).headers["Location"] == SET_UP
    assert client.get("/api/v1/clinics/").status_code == 403
    assert "A password alone" in Page(client.get(SET_UP)).text(".alert")
    assert nurse_client.get("/").status_code == 200

    give_app(client, django_capture_on_commit_callbacks)

    assert client.get("/").status_code == 200
    assert client.get("/api/v1/clinics/").status_code == 200
    assert acts() == ["second_factor.added", "recovery_codes.made"]


def test_everyone_is_asked_where_the_hospital_says_so(
    nurse_client: Client, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = "everyone"

    assert nurse_client.get("/").headers["Location"] == SET_UP


def test_a_code_lets_in_once_and_a_recovery_code_once(
    ada: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    key, codes = give_app(signed_in(ada), django_capture_on_commit_callbacks)
    shown_again = signed_in(ada).get(SET_UP + "codes/").content.decode()

    client = password_given(ada)
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"  # not in yet
    wrong = Page(client.post("/sign-in/code/", {"code": "000000"}))
    code = code_of(key)
    right = client.post("/sign-in/code/", {"code": code})
    twice = Page(password_given(ada).post("/sign-in/code/", {"code": code}))
    recovered = password_given(ada).post("/sign-in/code/", {"code": codes[0]})
    spent = Page(password_given(ada).post("/sign-in/code/", {"code": codes[0]}))

    assert len(codes) == 10
    assert not [code for code in codes if code in shown_again]
    assert "does not fit" in wrong.error_summary[0]
    assert (right.headers["Location"], recovered.headers["Location"]) == ("/", "/")
    assert "used already" in twice.error_summary[0]
    assert "used already" in spent.error_summary[0]
    assert acts()[2:] == [
        "second_factor.failed",
        "sign_in.done",
        "second_factor.failed",
        "recovery_code.used",
        "sign_in.done",
        "second_factor.failed",
    ]
    ways = Event.objects.filter(act="sign_in.done").order_by("pk")
    assert [event.detail["by_way_of"] for event in ways] == [
        ["password", "totp"],
        ["password", "recovery_codes"],
    ]


def test_codes_cannot_be_guessed_one_after_the_other(
    ada: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    key, _ = give_app(signed_in(ada), django_capture_on_commit_callbacks)
    client = password_given(ada)
    for _ in range(10):
        client.post("/sign-in/code/", {"code": "000000"})

    held = Page(client.post("/sign-in/code/", {"code": code_of(key)}))

    assert "Wait ten minutes" in held.error_summary[0]


def test_no_key_stands_in_the_database_as_it_is(
    ada: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    key, codes = give_app(signed_in(ada), django_capture_on_commit_callbacks)

    kept = " ".join(str(row.data) for row in Authenticator.objects.all())

    assert [secret for secret in (key, *codes) if secret in kept] == []


def test_what_changes_the_sign_in_asks_again_who_one_is(
    ada: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = signed_in(ada)
    give_app(client, django_capture_on_commit_callbacks)
    session = client.session
    session["began_at"] -= 301
    session.save()

    asked = client.get(SET_UP + "app/remove/")
    assert asked.headers["Location"].startswith("/account/again/?next=")
    wrong = Page(client.post(asked.headers["Location"], {"password": "a guess"}))
    right = client.post(
        asked.headers["Location"], {"password": PASSWORD, "next": "https://example.org/"}
    )
    with django_capture_on_commit_callbacks(execute=True):
        gone = client.post(SET_UP + "app/remove/")

    assert wrong.error_summary
    assert "example.org" not in right.headers["Location"]
    assert gone.headers["Location"] == SET_UP
    assert client.get("/").headers["Location"] == SET_UP  # held again
    assert acts()[-2:] == ["second_factor.removed", "second_factor.removed"]  # the codes, too


def test_whoever_runs_the_server_lets_in_who_lost_everything(
    ada: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    client = signed_in(ada)
    give_app(client, django_capture_on_commit_callbacks)

    with django_capture_on_commit_callbacks(execute=True):
        call_command(
            "reset_second_factor", ada.username, "--reason", "Phone lost", stdout=StringIO()
        )

    assert client.get("/").headers["Location"] == "/sign-in/?next=/"
    answer = Client().post(SIGN_IN, {"login": ada.username, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == SET_UP
    assert [sent.to for sent in mail.outbox] == [["ada@example.org"]]
    event = Event.objects.get(act="second_factor.reset")
    assert (event.by_name, event.detail["reason"]) == ("Command line", "Phone lost")
    for told in ((ada.username, "Once more"), ("nobody", "A reason")):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", told[0], "--reason", told[1])
