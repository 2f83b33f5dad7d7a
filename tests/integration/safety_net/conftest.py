"""Somebody who is followed from 15 January 2026, and somebody to act."""

import pytest

from patients.models import Clinic
from schedules.models import Schedule, Slot
from surveillance.accounts.models import User
from tests.factories import ClinicFactory, ScheduleFactory, UserFactory


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def by() -> User:
    return UserFactory.create()


@pytest.fixture
def schedule(clinic: Clinic) -> Schedule:
    """From 15 January 2026: its first slot is open from 15 March to 14 June."""
    return ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)


@pytest.fixture
def slot(schedule: Schedule) -> Slot:
    return schedule.slots.get(n=1)
