"""An account without a password, the link by which its owner sets one, and the account's end."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from patients.api.tokens import make_token
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.audit.models import Event
from tests.headers import unguarded
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db

SIGN_IN = "/sign-in/"
SET = "/sign-in/password/"
PASSWORD = "walnut harbour sixty"
TYPED = {"password1": PASSWORD, "password2": PASSWORD}
FACTS = ("--email=nora@example.org", "--given-name=Nora", "--family-name=Nurse")


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def naomi(nurse: User) -> User:
    """Somebody with a password, which she forgot."""
    nurse.set_password("the one until now")
    nurse.email = "naomi@example.org"
    nurse.save()
    return nurse


def run(*words: str) -> str:
    said = StringIO()
    call_command(*words, stdout=said)
    return said.getvalue().strip()


def link_of(user: User, settings: Settings, *options: str) -> str:
    return run("invite", user.username, "--print", *options).removeprefix(settings.SITE_URL)


def opened(link: str) -> Client:
    """Return the browser of somebody who followed a link, and stands on its page."""
    client = Client()
    assert client.get(link).headers["Location"] == SET
    return client


def counts(link: str) -> bool:
    answer = opened(link).get(SET)
    assert answer.status_code in (200, 404)
    return answer.status_code == 200


def acts() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("act", flat=True))


def test_whoever_is_new_sets_a_password_by_the_link_of_a_mail_and_signs_in(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert run("invite", "nora", *FACTS) == "Invited nora by mail."
    nora = User.objects.get(username="nora")
    assert (str(nora), nora.has_usable_password()) == ("Nora Nurse", False)
    (sent,) = mail.outbox
    assert sent.to == ["nora@example.org"]
    assert "within 3 days" in sent.body
    (address,) = re.findall(r"\S+://\S+", str(sent.body))
    link = address.removeprefix(settings.SITE_URL)

    for _ in range(2):  # a mail server may look at it first
        client = opened(link)
    answer = client.get(SET)
    secret = link.partition("=")[2]
    assert secret not in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert unguarded(answer) == []
    assert Client(enforce_csrf_checks=True).post(SET, TYPED).status_code == 403
    assert "nora" in Page(answer).text("main")
    for typed, why in (
        (TYPED | {"password2": "another"}, "same password"),
        (dict.fromkeys(TYPED, "sarcoma2026"), "words of the house"),
        (dict.fromkeys(TYPED, "nora@example"), "too similar"),
    ):
        assert why in " ".join(Page(client.post(SET, typed)).error_summary)
    other_window = opened(link)
    done = client.post(SET, TYPED, follow=True)
    assert done.redirect_chain == [(SIGN_IN, 302)]
    assert "Your password is set" in Page(done).text("#said")

    assert other_window.post(SET, TYPED).status_code == 404
    assert client.get(SET).status_code == 404
    assert not counts(link)
    assert client.post(SIGN_IN, {"login": "nora", "password": PASSWORD}).headers["Location"] == "/"
    assert acts() == ["account.entered", "account.invited", "password.set", "sign_in.done"]
    entered, invited, *_ = Event.objects.order_by("pk")
    assert (entered.by_name, invited.detail["mailed_to"]) == ("Command line", "nora@example.org")


def test_who_forgot_the_password_sets_another_which_ends_sessions_and_no_second_factor(
    naomi: User, clinic: Clinic, settings: Settings
) -> None:
    Authenticator.objects.create(user=naomi, type=Authenticator.Type.TOTP, data={"secret": ""})
    elsewhere, ward = signed_in(naomi), signed_in(member(clinic, Role.NURSE))
    link = link_of(naomi, settings)
    assert elsewhere.get("/").status_code == 200
    assert naomi.check_password("the one until now")

    ward.get(link)
    assert ward.get("/").headers["Location"] == "/sign-in/?next=/"  # of whoever sat there before
    ward.post(SET, TYPED)

    assert elsewhere.get("/").headers["Location"] == "/sign-in/?next=/"
    typed = {"login": naomi.username, "password": PASSWORD}
    assert ward.post(SIGN_IN, typed).headers["Location"] == "/sign-in/code/"
    assert acts() == ["account.invited", "password.set"]
    assert {event.clinic_code for event in Event.objects.all()} == {clinic.code}


def test_a_link_ends_and_none_that_does_not_count_tells_of_whom_it_is(
    naomi: User, settings: Settings
) -> None:
    first = link_of(naomi, settings)
    assert counts(first)
    second = link_of(naomi, settings)
    assert not counts(first)

    def ends_by(**change: object) -> bool:
        link = link_of(naomi, settings)
        assert counts(link)
        before = User.objects.filter(pk=naomi.pk).values(*change).get()
        User.objects.filter(pk=naomi.pk).update(**change)
        ended = not counts(link)
        User.objects.filter(pk=naomi.pk).update(**before)
        return ended

    assert ends_by(last_login=timezone.now())
    assert ends_by(email="new@example.org")
    assert ends_by(password="!another")
    assert ends_by(is_active=False)
    assert ends_by(invited_at=None)
    last = link_of(naomi, settings)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert not counts(last)

    _, _, token = second.rpartition(".")
    said = set()
    for link in (
        second,  # of her, and over
        f"{SET}?link={User().public_id}.{token}",  # of nobody
        f"{SET}?link={naomi.public_id}.{token}x",
        f"{SET}?link={naomi.public_id}",
        f"{SET}?link=%00",
        f"{SET}?link=",
    ):
        answer = opened(link).get(SET)
        assert answer.status_code == 404
        said.add(Page(answer).text("main"))
    assert Client().get(SET).status_code == 404
    (words,) = said
    assert words.startswith("This link does not work")
    assert "ask those who run the server to invite you again" in words


def test_one_address_may_not_try_links_without_end(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"set_password": "2/m/ip"}

    assert [Client().get(SET).status_code for _ in range(3)] == [404, 404, 429]


def test_mail_and_pages_speak_the_language_of_their_reader(
    settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run("invite", "hana", *FACTS, "--language=ja")
    (sent,) = mail.outbox
    hana = User.objects.get(username="hana")
    client = opened(link_of(hana, settings))
    japanese = {"accept-language": "ja"}

    assert "アカウント" in sent.subject
    assert "Nurse Nora" in sent.body
    assert "3 日" in sent.body
    assert Page(client.get(SET, headers=japanese)).text("h1") == "パスワードの設定"
    assert "このリンクは無効です" in Page(Client().get(SET, headers=japanese)).text("main")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nora",), "“nora” has no account yet"),
        (("nora", "--email=nora@example.org", "--given-name=Nora"), "has no account yet"),
        (("nora", *FACTS[1:], "--email=nora"), "valid email address"),
        (("no ra", *FACTS), "valid username"),
        (("nora", *FACTS, "--language=xx"), "invalid choice"),
        (("NAOMI", *FACTS), "“naomi” is the username of Given Family"),
        (("closed",), "The account of Given Family is closed"),
        (("mute",), "Given Family has no e-mail address"),
    ],
    ids=lambda told: " ".join(told) if isinstance(told, tuple) else "",
)
def test_what_cannot_be_is_refused_with_the_reason(words: tuple[str, ...], why: str) -> None:
    names = {"first_name": "Given", "last_name": "Family"}
    for username, told in (
        ("naomi", {"email": "naomi@example.org"}),
        ("closed", {"email": "closed@example.org", "is_active": False}),
        ("mute", {}),
    ):
        User.objects.create(username=username, **names, **told)

    with pytest.raises(CommandError, match=re.escape(why)):
        run("invite", *words)

    assert User.objects.count() == 3
    assert not User.objects.exclude(invited_at=None)
    assert acts() == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_does_not_leave_is_said_and_can_be_sent_later(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises(CommandError, match=r"The mail did not leave.*invite nora again"):
        run("invite", "nora", *FACTS)
    assert counts(link_of(User.objects.get(username="nora"), settings))


def test_where_people_come_by_single_sign_on_no_link_opens_a_way_around(
    naomi: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = link_of(naomi, settings)
    settings.OIDC_URL, settings.OIDC_NAME = "https://login.example.org", "Hospital login"
    with django_capture_on_commit_callbacks(execute=True):
        run("invite", "nora", *FACTS)
    (sent,) = mail.outbox
    assert "with Hospital login" in sent.body
    assert f"{settings.SITE_URL}/sign-in/\n" in sent.body
    assert "link=" not in sent.body
    assert link_of(naomi, settings) == SIGN_IN
    assert counts(before)

    assert counts(link_of(naomi, settings, "--password"))  # for who has no login there
    SocialAccount.objects.create(user=naomi, provider="hospital", uid="n-1")
    with pytest.raises(CommandError, match="signs in with Hospital login"):
        link_of(naomi, settings, "--password")
    settings.OIDC_URL = ""
    assert counts(link_of(naomi, settings))  # the house has given it up


def test_a_closed_account_lets_nobody_in_and_opened_again_only_by_a_new_invitation(
    naomi: User, clinic: Clinic, settings: Settings
) -> None:
    ada = member(clinic, Role.ADMINISTRATOR, "Ada Admin")
    _, token = make_token(name="Script", acts=[Act.BOOK], days=3, by=naomi)
    browser, link = signed_in(naomi), link_of(naomi, settings)
    program = Client(headers={"authorization": f"Token {token}"})
    assert program.get("/api/v1/clinics/").status_code == 200

    def inside() -> list[int]:
        naomi.refresh_from_db()
        typed = {"login": naomi.username, "password": "the one until now"}
        return [
            browser.get("/").status_code,
            program.get("/api/v1/clinics/").status_code,
            200 if counts(link) else 404,
            Client().post(SIGN_IN, typed).status_code,
        ]

    nobody = [302, 401, 404, 200]  # led to the sign-in, refused, ended, asked again
    assert "is closed" in run("close_account", naomi.username, "--reason=Left")
    assert inside() == nobody
    assert not naomi.is_active
    run("close_account", naomi.username, "--reason=Came back", "--open")
    assert inside() == nobody
    assert naomi.is_active
    assert counts(link_of(naomi, settings))

    done = ["account.invited", "token.revoked", "account.closed", "account.opened"]
    events = Event.objects.filter(clinic_code=clinic.code).exclude(act="sign_in.failed")
    assert list(events.order_by("pk").values_list("act", flat=True)[1:5]) == done
    assert events.get(act="account.closed").detail["reason"] == "Left"
    for words in ((naomi.username, "--reason=x", "--open"), ("nobody", "--reason=x")):
        with pytest.raises(CommandError):
            run("close_account", *words)
    with pytest.raises(CommandError, match="Say why"):
        run("close_account", naomi.username, "--reason= ")
    assert "has no administrator any more" in run("close_account", ada.username, "--reason=Left")
    with pytest.raises(CommandError, match="is closed"):
        run("close_account", ada.username, "--reason=Left")
