from datetime import date
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from patients.models import TreatmentKind
from schedules.actions import change_protocol, enrol, record_study, suspend
from schedules.models import ProtocolState, Schedule, ScheduleState, Slot
from schedules.rules.outcome import Outcome
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import (
    HalfYearlyProtocolFactory,
    MembershipFactory,
    PatientFactory,
    ProtocolFactory,
    ResectionFactory,
    ScheduleFactory,
    UserFactory,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_five_years_of_slots_are_counted_from_the_operation() -> None:
    operation = ResectionFactory.create(on=date(2026, 1, 15))

    schedule = ScheduleFactory.create(anchor=operation)

    first = schedule.slots.get(n=1)
    assert schedule.anchor_on == date(2026, 1, 15)
    assert [slot.month for slot in schedule.slots.order_by("n")] == list(range(3, 61, 3))
    assert (first.exam, first.regions) == ("CT chest+abdomen", ["chest", "abdomen"])
    assert (first.earliest_on, first.due_on, first.latest_on, first.lapses_on) == (
        date(2026, 3, 15),
        date(2026, 4, 15),
        date(2026, 4, 29),
        date(2026, 6, 14),
    )


def test_studies_that_the_patient_already_had_count() -> None:
    operation = ResectionFactory.create(on=date(2026, 1, 15))
    record_study(
        patient=operation.tumour.patient,
        modality="CT",
        performed_on=date(2026, 4, 10),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
    )

    schedule = ScheduleFactory.create(anchor=operation)

    satisfied = schedule.slots.filter(outcome=Outcome.SATISFIED)
    assert [slot.n for slot in satisfied] == [1]


def test_an_enrolment_is_in_the_audit() -> None:
    schedule = ScheduleFactory.create(by__first_name="Claire", by__last_name="Clinician")

    event = Event.objects.get()
    assert (event.act, event.by_name) == ("schedule.enrolled", "Claire Clinician")
    assert event.patient_id == schedule.tumour.patient.public_id
    assert event.detail == {
        "schedule": str(schedule.public_id),
        "protocol": "ct-chest-abdomen-3m version 1",
        "anchor_on": "2026-01-15",
    }


def test_the_clinician_who_enrols_becomes_the_responsible_one_unless_one_is_named() -> None:
    patient = PatientFactory.create()
    first, second = (
        MembershipFactory.create(clinic=patient.clinic, role=Role.CLINICIAN).user for _ in "12"
    )

    for clinician in (first, second):
        ScheduleFactory.create(anchor__tumour__patient=patient, by=clinician)

        patient.refresh_from_db()
        assert patient.responsible == first


def test_who_enrols_and_is_no_clinician_of_the_clinic_is_not_responsible() -> None:
    patient = PatientFactory.create()
    nurse = MembershipFactory.create(clinic=patient.clinic, role=Role.NURSE).user
    elsewhere = MembershipFactory.create(role=Role.CLINICIAN).user

    for other in (nurse, elsewhere):
        ScheduleFactory.create(anchor__tumour__patient=patient, by=other)

        patient.refresh_from_db()
        assert patient.responsible is None


def test_an_enrolment_and_its_audit_are_undone_together() -> None:
    with transaction.atomic():
        ScheduleFactory.create()
        transaction.set_rollback(True)

    assert not Schedule.objects.exists()
    assert not Slot.objects.exists()
    assert not Event.objects.exists()


def test_a_tumour_that_is_already_followed_is_refused_with_who_began_it() -> None:
    schedule = ScheduleFactory.create(by__first_name="Claire", by__last_name="Clinician")
    suspend(schedule=schedule, reason="Trial", review_on=date(2999, 1, 1), by=UserFactory.create())

    with pytest.raises(ValidationError) as refused:
        ScheduleFactory.create(anchor=schedule.anchor)

    said = "This tumour already has a schedule: Claire Clinician started it."
    assert refused.value.message_dict == {"tumour": [said]}
    assert Schedule.objects.get() == schedule
    assert Event.objects.filter(act="schedule.enrolled").count() == 1


def test_who_began_a_series_anew_has_begun_what_follows_the_tumour() -> None:
    schedule = ScheduleFactory.create()
    change_protocol(
        schedule=schedule,
        protocol=HalfYearlyProtocolFactory.create(),
        by=UserFactory.create(first_name="Carl", last_name="Clinician"),
    )

    with pytest.raises(ValidationError, match="Carl Clinician started it"):
        ScheduleFactory.create(anchor=schedule.anchor)


@pytest.mark.parametrize("state", [ScheduleState.ACTIVE, ScheduleState.SUSPENDED])
def test_the_database_refuses_a_second_running_schedule(state: ScheduleState) -> None:
    first = ScheduleFactory.create()

    with pytest.raises(IntegrityError, match="one_active_schedule_per_tumour"):
        Schedule.objects.create(
            tumour=first.tumour,
            protocol=first.protocol,
            anchor=first.anchor,
            anchor_on=first.anchor_on,
            state=state,
        )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_enrol_the_same_tumour_at_once_one_is_refused() -> None:
    operation = ResectionFactory.create()
    protocol = ProtocolFactory.create()
    clinicians = UserFactory.create_batch(2)

    outcomes = at_once(
        [
            partial(enrol, tumour=operation.tumour, protocol=protocol, anchor=operation, by=by)
            for by in clinicians
        ]
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Schedule", "ValidationError"]
    assert Slot.objects.count() == 20


def test_a_second_tumour_of_the_same_patient_has_its_own_schedule() -> None:
    first = ScheduleFactory.create()

    second = ScheduleFactory.create(anchor__tumour__patient=first.tumour.patient)

    assert second.tumour != first.tumour


@pytest.mark.parametrize("state", [ProtocolState.DRAFT, ProtocolState.RETIRED])
def test_a_protocol_that_is_not_active_is_refused(state: ProtocolState) -> None:
    protocol = ProtocolFactory.create(version=2, state=state)

    with pytest.raises(ValidationError, match="Only an active protocol") as refused:
        ScheduleFactory.create(protocol=protocol)

    assert list(refused.value.message_dict) == ["protocol"]
    assert not Schedule.objects.exists()


def test_an_operation_on_another_tumour_is_no_anchor() -> None:
    operation, other = ResectionFactory.create_batch(2)

    with pytest.raises(ValidationError, match="an operation on this tumour") as refused:
        ScheduleFactory.create(tumour=operation.tumour, anchor=other)

    assert list(refused.value.message_dict) == ["anchor"]


def test_a_treatment_that_is_no_operation_is_no_anchor() -> None:
    with pytest.raises(ValidationError, match="an operation on this tumour"):
        ScheduleFactory.create(anchor__kind=TreatmentKind.RADIOTHERAPY)
