"""A clinic with some of everything, and programs that ask for it."""

import pytest
from django.test import Client
from rest_framework.throttling import UserRateThrottle

from patients.models import Clinic
from schedules.models import Schedule
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, MembershipFactory
from tests.integration.fhir.asking import give_history


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def schedule(clinic: Clinic) -> Schedule:
    return give_history(clinic)


def signed_in(clinic: Clinic, role: Role) -> Client:
    client = Client()
    client.force_login(MembershipFactory.create(clinic=clinic, role=role).user)
    return client


@pytest.fixture
def nurse(clinic: Clinic) -> Client:
    return signed_in(clinic, Role.NURSE)


@pytest.fixture
def clinician(clinic: Clinic) -> Client:
    return signed_in(clinic, Role.CLINICIAN)


@pytest.fixture
def administrator(clinic: Clinic) -> Client:
    return signed_in(clinic, Role.ADMINISTRATOR)


@pytest.fixture
def unthrottled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program ask as often as a test of chance needs."""
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": None, "anon": None})
