"""When a clinic is open, and whose holidays it keeps."""

from datetime import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from patients.models import Clinic
from tests.factories import ClinicFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"country": "JP"},
        {"country": "DE", "region": "BY"},
        {"country": "GB", "region": "SCT"},
        {"opens_at": time(0), "closes_at": time(23, 59)},
    ],
)
def test_a_clinic_keeps_the_hours_and_the_holidays_that_are_known(values: dict[str, Any]) -> None:
    ClinicFactory.create(**values).full_clean()


@pytest.mark.parametrize(
    ("values", "field", "error"),
    [
        ({"country": "XX"}, "country", "The holidays of “XX” are not known"),
        ({"country": "jp"}, "country", "The holidays of “jp” are not known"),
        ({"country": "JP", "region": "BY"}, "region", "“BY” is no region of “JP”"),
        ({"region": "BY"}, "region", "“BY” is no region of “”"),
        ({"opens_at": time(19)}, "closes_at", "A clinic closes after it has opened."),
    ],
)
def test_others_are_refused_beside_their_field(
    values: dict[str, Any], field: str, error: str
) -> None:
    clinic = ClinicFactory.build(**values)

    with pytest.raises(ValidationError) as refused:
        clinic.full_clean()

    assert error in refused.value.message_dict[field][0]


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"opens_at": time(19)}, "clinic_opens_before_it_closes"),
        ({"region": "BY"}, "region_is_of_a_country"),
    ],
)
def test_postgresql_holds_no_hours_that_cannot_be(values: dict[str, Any], constraint: str) -> None:
    clinic = ClinicFactory.create()

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Clinic.objects.filter(pk=clinic.pk).update(**values)
