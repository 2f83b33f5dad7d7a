"""What answers hold and what they do not, whatever was typed or asked for."""

import pytest
from django.test import Client

from patients.models import Clinic
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, PatientFactory, ResectionFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }}"


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def nurse(clinic: Clinic) -> Client:
    return signed_in(member(clinic, Role.NURSE, f"Naomi {HOSTILE}"))


def test_what_was_typed_is_shown_as_it_was_typed(clinic: Clinic, nurse: Client) -> None:
    patient = PatientFactory.create(clinic=clinic, family_name=HOSTILE)
    ResectionFactory.create(tumour__patient=patient)

    for address in (f"/patients/{patient.public_id}/", "/safety-net/"):
        shown = nurse.get(address)
        assert HOSTILE in Page(shown).text(), address
        assert b"<script>alert" not in shown.content, address


def test_what_is_answered_says_what_it_is(clinic: Clinic, nurse: Client) -> None:
    administrator = signed_in(member(clinic, Role.ADMINISTRATOR, "Ada"))
    asked = {
        (nurse, "/worklists/to-book/"): "text/html; charset=utf-8",
        (nurse, "/nowhere/"): "text/html; charset=utf-8",
        (nurse, "/api/v1/patients/"): "application/json",
        (nurse, "/api/v1/patients/nobody/"): "application/problem+json",
        (nurse, "/fhir/Patient"): "application/fhir+json",
        (administrator, "/imports/list.csv"): "text/csv; charset=utf-8",
        (nurse, "/healthz"): "text/plain; charset=utf-8",
        (nurse, "/metrics"): "text/plain; version=1.0.0; charset=utf-8",
    }
    for (client, address), kind in asked.items():
        assert client.get(address).headers["Content-Type"] == kind, address


def test_what_is_no_page_is_not_there(nurse: Client) -> None:
    for address in (
        "/.git/config",
        "/.env",
        "/static/",
        "/static/../manage.py",
        "/static/%2e%2e/surveillance/settings/environment.py",
        "/static//etc/passwd",
        "/admin/",
        "/__debug__/",
    ):
        assert nurse.get(address).status_code == 404, address
    for address in ("/", "/sign-in/", "/patients/", "/api/v1/patients/", "/fhir/Patient"):
        answer = nurse.trace(address, headers={"x-secret": "of the browser"})
        assert b"of the browser" not in answer.content, address


def test_what_comes_twice_is_taken_once(nurse: Client) -> None:
    """By its last value, everywhere, or refused."""
    once = nurse.get("/worklists/to-book/?on=2026-03-01")
    twice = nurse.get("/worklists/to-book/?on=no-day&on=2026-03-01")
    assert (once.status_code, Page(once).text()) == (twice.status_code, Page(twice).text())
    assert nurse.get("/worklists/to-book/?on=2026-03-01&on=no-day").status_code == 400
    assert nurse.get("/api/v1/patients/?limit=1&limit=no-number").status_code == 400
