from datetime import date

import pytest
from django.core.exceptions import ValidationError

from patients.actions import register_patient
from patients.models import Clinic, Patient, Sex
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, PatientFactory, UserFactory, morning
from tests.threads import at_once


def register(clinic: Clinic, *, mrn: str = "0042", birth_date: date = date(1960, 5, 17)) -> Patient:
    return register_patient(
        clinic=clinic,
        mrn=mrn,
        family_name="Sato",
        given_name="Hanako",
        birth_date=birth_date,
        sex=Sex.FEMALE,
        by=UserFactory.create(first_name="Naomi", last_name="Nurse"),
        at=morning(3, 20),
    )


@pytest.mark.django_db
def test_a_patient_is_known_by_the_issuer_of_the_mrn_and_the_mrn() -> None:
    clinic = ClinicFactory.create(mrn_issuer="kpum")

    patient = register(clinic, mrn="0042")

    assert Patient.objects.get(mrn_issuer="kpum", mrn="0042") == patient


@pytest.mark.django_db
def test_a_registration_is_in_the_audit() -> None:
    patient = register(ClinicFactory.create(code="kyoto"))

    event = Event.objects.get(act="patient.registered")
    assert (event.by_name, event.clinic_code, event.patient_id) == (
        "Naomi Nurse",
        "kyoto",
        patient.public_id,
    )


@pytest.mark.django_db
def test_an_mrn_that_is_taken_is_refused_by_its_field() -> None:
    clinic = ClinicFactory.create()
    already_here = PatientFactory.create(clinic=clinic)

    with pytest.raises(ValidationError) as refused:
        register(clinic, mrn=already_here.mrn)

    assert refused.value.message_dict == {
        "mrn": [f"A patient with the MRN {already_here.mrn} is already here."]
    }
    assert Patient.objects.get() == already_here
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_same_mrn_from_another_issuer_is_another_patient() -> None:
    register_at = [ClinicFactory.create(mrn_issuer="kpum"), ClinicFactory.create(mrn_issuer="ucsf")]

    patients = [register(clinic, mrn="0042") for clinic in register_at]

    assert patients[0] != patients[1]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_register_the_same_mrn_at_once_make_one_patient() -> None:
    clinic = ClinicFactory.create()

    outcomes = at_once([lambda: register(clinic, mrn="0042")] * 2)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Patient", "ValidationError"]
    assert Patient.objects.count() == 1


@pytest.mark.django_db
def test_nobody_is_born_tomorrow() -> None:
    with pytest.raises(ValidationError, match="not come yet") as refused:
        register(ClinicFactory.create(), birth_date=date(2026, 3, 21))

    assert list(refused.value.message_dict) == ["birth_date"]


@pytest.mark.django_db
def test_a_child_born_today_can_be_registered() -> None:
    patient = register(ClinicFactory.create(), birth_date=date(2026, 3, 20))

    assert patient.birth_date == date(2026, 3, 20)
