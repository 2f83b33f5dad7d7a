"""Every answer is guarded by its headers: pages by the walk of test_role_matrix, all else here."""

import pytest
from django.conf import settings as of_django
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from surveillance import upload_limit, urls
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, MembershipFactory
from tests.headers import unguarded
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


urlpatterns = [*urls.urlpatterns, path("broken/", broken)]
handler400 = urls.handler400


@pytest.fixture
def nurse() -> User:
    return MembershipFactory.create(clinic=ClinicFactory.create(), role=Role.NURSE).user


@pytest.fixture
def in_production(settings: Settings) -> None:
    """As `surveillance/settings/web.py` has it without DEMO; a test there holds that it does."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-sessionid"
    settings.CSRF_COOKIE_NAME = "__Host-csrftoken"
    settings.LANGUAGE_COOKIE_NAME = "__Host-language"


@pytest.mark.urls("tests.integration.test_headers")
def test_files_errors_redirects_and_what_programs_get_are_guarded(
    nurse: User, in_production: None
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(nurse)
    asked = {
        "/static/surveillance.css": 200,
        "/static/icon.svg": 200,
        "/static/nothing.css": 404,
        "/worklists/to-book/": 200,
        "/worklists/to-book": 301,
        "/worklists/to-book/?on=no-day": 400,
        "/worklists/overdue/": 403,
        "/nowhere/": 404,
        "/broken/": 500,
        "/sign-out/": 405,
        "/api/v1/patients/": 200,
        "/api/v1/patients/nobody/": 404,
        "/fhir/Patient": 200,
        "/fhir/Nothing": 404,
        "/feeds/nothing.ics": 404,
        "/healthz": 200,
    }
    for address, status in asked.items():
        ask = client.head if address.startswith("/static/") else client.get  # or it stays open
        answer = ask(address, secure=True)
        assert (address, answer.status_code) == (address, status)
        assert unguarded(answer) == [], address
        assert answer.headers["Strict-Transport-Security"] == (
            "max-age=31536000; includeSubDomains; preload"
        ), address
        if not address.startswith("/static/") and status != 301:
            assert "no-store" in answer.headers["Cache-Control"], address
    for host in ("testserver", "elsewhere.example.org"):
        answer = client.get("/", secure=True, headers={"host": host})
        assert answer.status_code == (200 if host == "testserver" else 400)
        assert unguarded(answer) == [], host
    without_tls = client.get("/patients/")
    assert without_tls.headers["Location"] == "https://testserver/patients/"
    assert unguarded(without_tls) == []
    unknown = Client().get("/api/v1/patients/", secure=True)
    assert (unknown.status_code, unguarded(unknown)) == (401, [])
    forged = Client(enforce_csrf_checks=True).post("/sign-in/", secure=True)
    assert (forged.status_code, unguarded(forged)) == (403, [])


def test_cookies_are_of_this_host_alone_and_out_of_reach_of_scripts(
    nurse: User, in_production: None
) -> None:
    nurse.set_password("a long enough password")
    nurse.save()
    client = Client()
    client.get("/sign-in/", secure=True)
    told = {"login": nurse.username, "password": "a long enough password"}
    assert client.post("/sign-in/", told, secure=True).status_code == 302
    client.post("/language/", {"language": "ja"}, secure=True)

    assert set(client.cookies) == {"__Host-sessionid", "__Host-csrftoken", "__Host-language"}
    for cookie in client.cookies.values():
        kept = {name: cookie[name] for name in ("secure", "httponly", "path", "domain", "samesite")}
        assert kept == {
            "secure": True,
            "httponly": True,
            "path": "/",
            "domain": "",
            "samesite": "Lax",
        }, cookie.key


def test_a_page_that_asks_for_no_file_keeps_none_and_too_many_are_told_of(
    nurse: User, settings: Settings
) -> None:
    """Who sends one must not fill the disc; each upload page's own limit has its own test."""
    client, stranger = Client(), Client()
    client.force_login(nurse)
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    many = {"images": [_file(str(n)) for n in range(3)]}

    for address, sender in (("/patients/", client), ("/imaging/upload/", stranger)):
        # Whether a form comes from a page of ours is looked up in it: so it is read.
        sender.handler.enforce_csrf_checks = True
        sender.cookies["csrftoken"] = "a" * 32
        request = sender.post(address, {"q": "x", "file": _file("x")}).wsgi_request
        assert (len(request.FILES), request.left_out) == (0, ["x"])  # type: ignore[attr-defined]
    client.handler.enforce_csrf_checks = False
    refused = client.post("/imaging/upload/", many)
    assert refused.status_code == 400
    assert "These are more than 2 files, so none was taken" in Page(refused).text()
    long = client.post("/patients/", {"q": "x" * (of_django.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)})
    assert "more than a form may hold" in Page(long).text()
    assert sorted(upload_limit.MOST) == ["api-images-list", "imports", "upload"]


def _file(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"x")
