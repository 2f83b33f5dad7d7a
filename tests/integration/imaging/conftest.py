import pytest

from patients.models import Clinic
from tests.factories import ClinicFactory


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()
