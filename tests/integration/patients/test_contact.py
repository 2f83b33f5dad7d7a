"""Who may be written to, how, and which clinician hears first."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from patients.actions import agree_to_messages, name_responsible, withdraw_consent
from patients.models import ContactBy, Language, Patient
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import MembershipFactory, PatientFactory, UserFactory, morning

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse() -> User:
    return UserFactory.create()


@pytest.fixture
def patient() -> Patient:
    return PatientFactory.create()


def agree(patient: Patient, nurse: User, **told: Any) -> Patient:
    by_mail = {"contact_by": ContactBy.EMAIL, "email": "hanako@example.org"}
    return agree_to_messages(
        patient=patient, by=nurse, at=morning(3, 20), language=Language.JAPANESE, **by_mail | told
    )


def test_nobody_has_agreed_unless_it_was_recorded(patient: Patient) -> None:
    assert (patient.contact_by, patient.consented_at) == (ContactBy.NONE, None)


def test_a_consent_holds_the_channel_the_address_the_language_and_the_day(
    patient: Patient, nurse: User
) -> None:
    agree(patient, nurse)

    patient.refresh_from_db()
    assert patient.contact_by == ContactBy.EMAIL
    assert patient.email == "hanako@example.org"
    assert patient.language == Language.JAPANESE
    assert patient.consented_at == morning(3, 20)


def test_a_number_for_text_messages_is_kept_as_it_is_dialled(patient: Patient, nurse: User) -> None:
    agreed = agree(patient, nurse, contact_by=ContactBy.SMS, email="", phone="+81 (90) 1234-5678")

    assert agreed.phone == "+819012345678"


def test_an_address_that_is_not_given_stays_as_it_was(nurse: User) -> None:
    patient = PatientFactory.create(phone="075 251 5111")

    assert agree(patient, nurse).phone == "075 251 5111"


@pytest.mark.parametrize(
    ("told", "field", "error"),
    [
        ({"contact_by": ContactBy.NONE}, "contact_by", "Choose how the patient wants to hear"),
        ({"email": ""}, "email", "Messages by e-mail need an address."),
        ({"email": "hanako at example"}, "email", "Enter a valid email address."),
        ({"contact_by": ContactBy.SMS}, "phone", "a number with its country, such as"),
        ({"contact_by": ContactBy.SMS, "phone": "090 1234 5678"}, "phone", "with its country"),
        ({"contact_by": ContactBy.SMS, "phone": "+81 call me"}, "phone", "with its country"),
    ],
)
def test_a_consent_that_cannot_be_followed_is_refused_beside_its_field(
    patient: Patient, nurse: User, told: dict[str, Any], field: str, error: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        agree(patient, nurse, **told)

    [(beside, [said])] = refused.value.message_dict.items()
    assert beside == field
    assert error in said
    patient.refresh_from_db()
    assert patient.consented_at is None
    assert not Event.objects.exists()


def test_nobody_writes_to_the_dead(nurse: User) -> None:
    with pytest.raises(ValidationError, match="The patient has died"):
        agree(PatientFactory.create(died_on=morning(3, 1).date()), nurse)


def test_a_consent_is_in_the_audit_without_the_address(patient: Patient, nurse: User) -> None:
    agree(patient, nurse)

    event = Event.objects.get()
    assert (event.act, event.patient_id) == ("patient.agreed_to_messages", patient.public_id)
    assert event.detail == {"contact_by": "email", "language": "ja"}


def test_who_withdraws_is_written_to_no_more_and_the_address_is_forgotten(nurse: User) -> None:
    patient = agree(PatientFactory.create(phone="075 251 5111"), nurse)

    withdraw_consent(patient=patient, by=nurse)

    patient.refresh_from_db()
    assert (patient.contact_by, patient.consented_at) == (ContactBy.NONE, None)
    assert (patient.email, patient.phone) == ("", "075 251 5111")


def test_withdrawing_twice_is_recorded_once(patient: Patient, nurse: User) -> None:
    agree(patient, nurse)

    withdraw_consent(patient=patient, by=nurse)
    withdraw_consent(patient=patient, by=nurse)

    assert Event.objects.filter(act="patient.withdrew_consent").count() == 1


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"contact_by": "email", "email": "a@example.org"}, "messages_only_with_consent"),
        ({"consented_at": morning(3, 20)}, "messages_only_with_consent"),
        ({"contact_by": "email", "consented_at": morning(3, 20)}, "mail_needs_an_address"),
        ({"contact_by": "sms", "consented_at": morning(3, 20)}, "text_message_needs_a_phone"),
    ],
)
def test_postgresql_holds_no_consent_that_cannot_be_followed(
    patient: Patient, values: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(**values)


def member(patient: Patient, role: Role, **user: Any) -> User:
    about = {f"user__{name}": value for name, value in user.items()}
    return MembershipFactory.create(clinic=patient.clinic, role=role, **about).user


def test_a_clinician_of_the_clinic_is_named_and_then_nobody(patient: Patient, nurse: User) -> None:
    clinician = member(patient, Role.CLINICIAN, first_name="Carl", last_name="Clinician")

    assert name_responsible(patient=patient, clinician=clinician, by=nurse).responsible == clinician
    assert name_responsible(patient=patient, clinician=None, by=nurse).responsible is None

    events = Event.objects.filter(act="patient.responsible_named").order_by("pk")
    assert [event.detail for event in events] == [
        {"clinician": "Carl Clinician"},
        {"clinician": "nobody"},
    ]


def test_naming_the_same_clinician_again_changes_nothing(patient: Patient, nurse: User) -> None:
    clinician = member(patient, Role.CLINICIAN)

    for _ in range(2):
        name_responsible(patient=patient, clinician=clinician, by=nurse)

    assert Event.objects.count() == 1


def test_who_is_no_clinician_of_the_clinic_cannot_be_responsible(
    patient: Patient, nurse: User
) -> None:
    others = [
        member(patient, Role.NURSE),
        member(patient, Role.CLINICIAN, is_active=False),
        MembershipFactory.create(role=Role.CLINICIAN).user,
    ]

    for other in others:
        with pytest.raises(ValidationError, match="is no clinician of") as refused:
            name_responsible(patient=patient, clinician=other, by=nurse)
        assert list(refused.value.message_dict) == ["clinician"]
