"""What one person's act on a patient holds up, and what it does not."""

import pytest
from django.db import OperationalError, connection, transaction

from patients.actions import add_tumour
from patients.models import Patient, Tumour
from schedules.actions.slots import lock
from tests.factories import PatientFactory, UserFactory
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


def test_what_only_names_a_locked_patient_is_written_meanwhile() -> None:
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
        lock(patient)
        [outcome] = at_once([act])

    assert outcome == Tumour.objects.get()
