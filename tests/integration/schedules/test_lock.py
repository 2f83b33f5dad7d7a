"""What one person's act on a patient holds up, and what it does not."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from patients.actions import add_tumour, agree_to_messages, name_responsible
from patients.locks import lock
from patients.models import ContactBy, Language, Patient, Tumour
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import MembershipFactory, PatientFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def wait_no_longer_than_a_second() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '1s'")


def test_a_second_act_on_a_locked_patient_waits() -> None:
    patient = PatientFactory.create()

    def act() -> Patient:
        wait_no_longer_than_a_second()
        with transaction.atomic():
            return lock(patient)

    with transaction.atomic():
        lock(patient)
        [outcome] = at_once([act])

    assert isinstance(outcome, OperationalError)


def agree(patient: Patient, by: User) -> None:
    agree_to_messages(
        patient=patient,
        contact_by=ContactBy.EMAIL,
        email="hanako@example.org",
        language=Language.JAPANESE,
        by=by,
    )


def name(patient: Patient, by: User) -> None:
    MembershipFactory.create(clinic=patient.clinic, user=by, role=Role.CLINICIAN)
    name_responsible(patient=patient, clinician=by, by=by)


@pytest.mark.parametrize("hold", [lambda patient, by: lock(patient), agree, name])
def test_what_only_names_a_locked_patient_is_written_meanwhile(
    hold: Callable[[Patient, User], object],
) -> None:
    """As the sweep's notices are: it has what such a change goes on to mark in hand by then."""
    patient, by = PatientFactory.create(), UserFactory.create()

    def act() -> Tumour:
        wait_no_longer_than_a_second()
        return add_tumour(
            patient=patient,
            site="left thigh",
            topography="C49.2",
            morphology="8890/3",
            morphology_name="Leiomyosarcoma",
            by=by,
        )

    with transaction.atomic():
        hold(patient, by)
        [outcome] = at_once([act])

    assert outcome == Tumour.objects.get()
