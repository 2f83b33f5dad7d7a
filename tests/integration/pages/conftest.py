"""A clinic, a person of each role signed in, and slots to act on."""

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import make_feed
from schedules.models import Scanner, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, ScannerFactory
from tests.integration.pages.scene import member, signed_in, slot_due_in


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def nurse(clinic: Clinic) -> User:
    return member(clinic, Role.NURSE, "Naomi Nurse")


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return member(clinic, Role.CLINICIAN, "Carl Clinician")


@pytest.fixture
def administrator(clinic: Clinic) -> User:
    return member(clinic, Role.ADMINISTRATOR, "Ada Administrator")


@pytest.fixture
def nurse_client(nurse: User) -> Client:
    return signed_in(nurse)


@pytest.fixture
def clinician_client(clinician: User) -> Client:
    return signed_in(clinician)


@pytest.fixture
def administrator_client(administrator: User) -> Client:
    return signed_in(administrator)


@pytest.fixture
def scanner(clinic: Clinic) -> Scanner:
    return ScannerFactory.create(clinic=clinic)


@pytest.fixture
def open_slot(clinic: Clinic) -> Slot:
    """Its window has been open for a month and it is due about today."""
    return slot_due_in(0, clinic)


@pytest.fixture
def overdue_slot(clinic: Clinic) -> Slot:
    """Due about thirty days ago: overdue, and not lapsed yet."""
    return slot_due_in(-30, clinic)


@pytest.fixture
def secret(clinic: Clinic, administrator: User) -> str:
    """Of the address of a calendar feed of all the clinic's scanners."""
    return make_feed(clinic=clinic, name="Radiology desk", by=administrator)[1]
