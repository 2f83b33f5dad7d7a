"""Sign-in by a real OpenID Connect provider that runs on this machine."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from oidc_provider_mock import run_server_in_thread
from pytest_django import Settings

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member

pytestmark = [
    pytest.mark.django_db,
    # The provider's own, of the libraries that it stands on.
    pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning"),
]

BEGIN = "/sign-in/with/hospital/"


class Provider:
    """The hospital's provider, and whoever types there who they are."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, sub: str, **claims: Any) -> None:
        requests.put(f"{self.url}/users/{sub}", json=claims, timeout=10).raise_for_status()

    def asks(self, address: str, sub: str) -> str:
        """Let somebody say there who they are; return the way back to us."""
        answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"].removeprefix("http://testserver")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def provider(address: str, settings: Settings) -> Provider:
    settings.OIDC_URL, settings.OIDC_NAME = address, "Hospital login"
    app = {
        "provider_id": "hospital",
        "name": "Hospital login",
        "client_id": "surveillance",
        "secret": "s",
        "settings": {"server_url": address},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": settings.SOCIALACCOUNT_PROVIDERS["openid_connect"] | {"APPS": [app]}
    }
    return Provider(address)


@pytest.fixture
def nora(clinic: Clinic) -> User:
    user = member(clinic, Role.NURSE, "Nora Nurse")
    user.email = "Nora@example.org"
    user.save()
    return user


def came(provider: Provider, sub: str, client: Client | None = None, begin: str = BEGIN) -> Any:
    client = client or Client()
    return client.get(provider.asks(client.get(begin).headers["Location"], sub))


def test_a_member_comes_in_and_is_known_by_the_identity_from_then_on(
    provider: Provider, nora: User, clinic: Clinic
) -> None:
    provider.knows("n-1", email="nora@example.org", email_verified=True)
    client = Client()
    sign_in = Page(client.get("/sign-in/?next=/tokens/"))

    begin = sign_in.link("Sign in with Hospital login")
    asked = parse_qs(urlsplit(client.get(begin).headers["Location"]).query)
    answer = came(provider, "n-1", client, begin)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"][0]
    assert answer.headers["Location"] == "/tokens/"
    assert Page(client.get("/account/")).text(".site-user") == "Nora Nurse"
    events = Event.objects.filter(clinic_code=clinic.code).order_by("pk")
    assert [event.act for event in events] == ["single_sign_on.linked", "sign_in.done"]
    assert events[1].detail["by_way_of"] == ["socialaccount"]

    provider.knows("n-1", email="married@example.org", email_verified=False)
    assert came(provider, "n-1").headers["Location"] == "/"
    # The address now belongs to somebody else at the provider: that does not make them her.
    provider.knows("n-2", email="nora@example.org", email_verified=True)
    assert came(provider, "n-2").status_code == 403
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "unknown@example.org", "email_verified": True},
        {"email": "nora@example.org", "email_verified": False},
        {"email": "nora@example.org"},
        {"preferred_username": "nora"},
        {},
    ],
    ids=str,
)
def test_whoever_is_not_surely_a_member_is_refused_and_made_no_account(
    provider: Provider, nora: User, claims: dict[str, Any]
) -> None:
    people = User.objects.count()
    provider.knows("stranger", **claims)
    client = Client()
    answer = came(provider, "stranger", client)

    assert answer.status_code == 403
    assert Page(answer).text("h1") == "No account fits"
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"
    assert (User.objects.count(), SocialAccount.objects.count()) == (people, 0)


def test_two_members_of_one_address_and_a_closed_account_are_refused(
    provider: Provider, nora: User, clinic: Clinic
) -> None:
    twin = member(clinic, Role.NURSE)
    User.objects.filter(pk=twin.pk).update(email="nora@example.org")
    provider.knows("n-3", email="nora@example.org", email_verified=True)
    assert came(provider, "n-3").status_code == 403

    twin.delete()
    assert came(provider, "n-3").status_code == 302
    User.objects.filter(pk=nora.pk).update(is_active=False)
    assert came(provider, "n-3").headers["Location"] == "/sign-in/closed/"


def test_a_hospital_may_say_that_the_usernames_are_the_same(
    provider: Provider, nora: User, settings: Settings
) -> None:
    settings.OIDC_USERNAME_CLAIM = "preferred_username"
    provider.knows("n-4", preferred_username=nora.username)

    assert came(provider, "n-4").headers["Location"] == "/"


def test_an_answer_that_was_not_asked_for_or_comes_too_late_is_refused(
    provider: Provider, nora: User
) -> None:
    provider.knows("n-5", email="nora@example.org", email_verified=True)
    client = Client()
    back = provider.asks(client.get(BEGIN).headers["Location"], "n-5")

    assert Client().get(back).status_code == 401  # in another browser
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    session = client.session
    states = session["socialaccount_states"]
    session["socialaccount_states"] = {
        key: (state, at - 601, *rest) for key, (state, at, *rest) in states.items()
    }
    session.save()
    late = client.get(back)
    assert late.status_code == 401
    assert Page(late).text("h1") == "Signing in did not work"

    again = provider.asks(client.get(BEGIN).headers["Location"], "n-5")
    forged = client.get(again.replace("code=", "code=x"))
    assert forged.status_code == 401
    connect = came(provider, "n-5", begin=BEGIN + "?process=connect")
    assert connect.status_code == 403
    elsewhere = came(provider, "n-5", begin=BEGIN + "?next=https://example.org/")
    assert elsewhere.headers["Location"] == "/"


def test_the_second_factor_is_asked_for_unless_the_provider_says_that_it_was(
    provider: Provider, clinic: Clinic, settings: Settings
) -> None:
    settings.SECOND_FACTOR_FOR = "administrators"
    ada = member(clinic, Role.ADMINISTRATOR)
    User.objects.filter(pk=ada.pk).update(email="ada@example.org")
    told = {"email": "ada@example.org", "email_verified": True}

    def lands(**more: Any) -> list[str]:
        provider.knows("a-1", **told, **more)
        client = Client()
        first = came(provider, "a-1", client).headers["Location"]
        return [first, client.get("/").headers.get("Location", "in")]

    assert lands() == ["/", "/account/second-factor/"]
    assert lands(amr=["pwd"]) == ["/", "/account/second-factor/"]
    assert lands(amr=["pwd", "mfa"]) == ["/", "in"]
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": ""})
    assert lands() == ["/sign-in/code/", "/sign-in/?next=/"]
    assert lands(amr=["mfa"]) == ["/", "in"]
    settings.OIDC_SECOND_FACTOR = []
    assert lands(amr=["mfa"]) == ["/sign-in/code/", "/sign-in/?next=/"]


def test_without_a_provider_there_is_no_such_way_in() -> None:
    assert Client().get(BEGIN).status_code == 404
    assert "Sign in with" not in Client().get("/sign-in/").content.decode()
