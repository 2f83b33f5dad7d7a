from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from patients.models import Clinic
from patients.queries import clinic_days, clinics_where_may, patients_of
from surveillance.accounts.roles import MAY, Act, Role
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory, UserFactory

# The 15th of June in Tokyo, still the 14th in Los Angeles.
EARLY_IN_TOKYO = datetime(2026, 6, 14, 16, 0, tzinfo=UTC)


@pytest.fixture
def tokyo() -> Clinic:
    return ClinicFactory.build(time_zone="Asia/Tokyo")


@pytest.fixture
def los_angeles() -> Clinic:
    return ClinicFactory.build(time_zone="America/Los_Angeles")


def test_at_one_moment_two_clinics_have_different_days(tokyo: Clinic, los_angeles: Clinic) -> None:
    assert tokyo.today(EARLY_IN_TOKYO) == date(2026, 6, 15)
    assert los_angeles.today(EARLY_IN_TOKYO) == date(2026, 6, 14)


def test_clinics_are_grouped_by_time_zone_each_with_its_own_day(
    tokyo: Clinic, los_angeles: Clinic
) -> None:
    kyoto = ClinicFactory.build(time_zone="Asia/Tokyo")

    days = clinic_days([tokyo, los_angeles, kyoto], at=EARLY_IN_TOKYO)

    assert [(day.clinics, day.on) for day in days] == [
        ([los_angeles], date(2026, 6, 14)),
        ([tokyo, kyoto], date(2026, 6, 15)),
    ]


def test_a_day_begins_at_the_clinics_own_midnight(tokyo: Clinic, los_angeles: Clinic) -> None:
    days = clinic_days([tokyo, los_angeles], on=date(2026, 6, 15))

    assert [day.begins_at for day in days] == [
        datetime(2026, 6, 15, 7, 0, tzinfo=UTC),
        datetime(2026, 6, 14, 15, 0, tzinfo=UTC),
    ]


def test_a_day_asked_for_is_the_same_date_everywhere(tokyo: Clinic, los_angeles: Clinic) -> None:
    days = clinic_days([tokyo, los_angeles], on=date(2026, 1, 1), at=EARLY_IN_TOKYO)

    assert {day.on for day in days} == {date(2026, 1, 1)}


def test_a_clinic_needs_a_time_zone_that_exists() -> None:
    with pytest.raises(ValidationError, match="“Japan/Kyoto” is not the name of a time zone"):
        ClinicFactory.build(time_zone="Japan/Kyoto").clean_fields()


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_a_role_opens_exactly_the_clinics_where_it_may(role: Role, act: Act) -> None:
    own = MembershipFactory.create(role=role)
    MembershipFactory.create(role=role)  # somebody else's

    clinics = clinics_where_may(own.user, act)

    assert list(clinics) == ([own.clinic] if role in MAY[act] else [])


@pytest.mark.django_db
def test_a_nurse_sees_only_the_patients_of_the_own_clinic() -> None:
    membership = MembershipFactory.create(role=Role.NURSE)
    own = PatientFactory.create(clinic=membership.clinic)
    PatientFactory.create()  # of another clinic

    patients = patients_of(clinics_where_may(membership.user, Act.SEE_PATIENTS))

    assert list(patients) == [own]


@pytest.mark.django_db
def test_who_belongs_to_no_clinic_sees_nobody() -> None:
    PatientFactory.create()

    assert not patients_of(clinics_where_may(UserFactory.create(), Act.SEE_PATIENTS)).exists()
