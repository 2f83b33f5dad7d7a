"""A clinic, and the system of its hospital, which is told of its appointments."""

from collections.abc import Iterator

import pytest

from patients.models import Clinic
from reminders.models import Receiver
from tests.factories import ClinicFactory
from tests.integration.reminders.appointments.hospital import Hospital
from tests.integration.reminders.appointments.scene import arranged


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    with Hospital() as listening:
        yield listening


@pytest.fixture
def receiver(clinic: Clinic, hospital: Hospital) -> Receiver:
    return arranged(clinic, hospital.port)
