"""How often somebody may fail at the door."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member

pytestmark = pytest.mark.django_db

SIGN_IN = "/sign-in/"
PASSWORD = "a long enough pass phrase"


@pytest.fixture(autouse=True)
def nobody_has_failed_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def typed(user: User, password: str = PASSWORD) -> dict[str, str]:
    return {"login": user.username, "password": password}


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def test_who_fails_ten_times_waits_and_only_they(clinic: Clinic, nurse: User) -> None:
    with_password(nurse)
    other = with_password(member(clinic, Role.NURSE))
    for _ in range(10):
        assert Client().post(SIGN_IN, typed(nurse, "a guess")).status_code == 200

    held = Page(Client().post(SIGN_IN, typed(nurse)))
    assert "Wait ten minutes" in held.error_summary[0]
    assert Client().post(SIGN_IN, typed(other)).headers["Location"] == "/"
    events = Event.objects.filter(clinic_code=clinic.code)
    failed = events.filter(act="sign_in.failed")
    assert {(event.by_name, event.detail["username"]) for event in failed} == {
        ("Somebody", nurse.username)
    }
    assert failed.count() == 10
    done = events.get(act="sign_in.done")
    assert (done.by_id, done.detail["by_way_of"]) == (other.public_id, ["password"])
    assert done.origin.startswith("127.0.0.1")


def test_one_address_may_not_ask_without_end(nurse: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip", "login_failed": "2/m/ip"}
    proxy = {"x-forwarded-for": "made up by the client, 203.0.113.7"}
    answers = [Client().post(SIGN_IN, typed(nurse), headers=proxy) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert Page(answers[-1]).text("h1") == "Too many at once"
    assert Client().post(SIGN_IN, typed(nurse)).status_code == 200  # from elsewhere


def test_people_come_in_while_redis_is_away(nurse: User, settings: Settings) -> None:
    with_password(nurse)
    settings.CACHES = {
        name: {**cache, "LOCATION": "redis://127.0.0.1:1/0"}
        for name, cache in settings.CACHES.items()
    }

    assert Client().post(SIGN_IN, typed(nurse)).headers["Location"] == "/"
    assert Client().get("/readyz").json()["redis"] == "unreachable"
