"""Gaps in the plan: nobody follows, nothing is ahead, or a decision on the plan is waited for."""

from datetime import date

import pytest

from patients.models import Clinic, Intent, Margin, TreatmentKind
from patients.safety import Gap
from schedules.actions import (
    change_protocol,
    decline_anchor,
    end,
    enrol,
    rebaseline,
    record_death,
    resume,
    suspend,
)
from schedules.models import EndReason, Schedule
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import (
    HalfYearlyProtocolFactory,
    MetastasectomyFactory,
    PatientFactory,
    ProtocolFactory,
    ResectionFactory,
    StudyFactory,
    morning,
)
from tests.integration.safety_net.net import gaps, listed, page_of, the_one, told

pytestmark = pytest.mark.django_db


# Resected, with no schedule.


def test_who_was_resected_and_is_not_followed_is_listed_since_the_operation(
    clinic: Clinic,
) -> None:
    operation = ResectionFactory.create(tumour__patient__clinic=clinic, on=date(2026, 1, 15))

    row = the_one(Gap.NO_SCHEDULE, clinic, date(2026, 2, 1))

    patient = operation.tumour.patient
    assert (row.patient, row.detail) == (patient, "Leiomyosarcoma, left distal femur")
    assert told(row) == (date(2026, 1, 15), [Role.CLINICIAN], page_of(patient))


def test_enrolling_closes_that_gap(clinic: Clinic, by: User) -> None:
    operation = ResectionFactory.create(tumour__patient__clinic=clinic)

    enrol(tumour=operation.tumour, protocol=ProtocolFactory.create(), anchor=operation, by=by)

    assert gaps(clinic, date(2026, 2, 1)) == []


def test_a_death_closes_that_gap(clinic: Clinic, by: User) -> None:
    patient = ResectionFactory.create(tumour__patient__clinic=clinic).tumour.patient

    record_death(patient=patient, died_on=date(2026, 2, 1), by=by, at=morning(2, 2))

    assert gaps(clinic, date(2026, 2, 2)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"margin": Margin.R2},
        {"intent": Intent.PALLIATIVE},
        {"kind": TreatmentKind.CHEMOTHERAPY},
    ],
    ids=["R2", "palliative", "no operation"],
)
def test_who_was_never_made_free_of_disease_is_not_listed(
    clinic: Clinic, fields: dict[str, str]
) -> None:
    ResectionFactory.create(tumour__patient__clinic=clinic, **fields)

    assert gaps(clinic, date(2026, 2, 1)) == []


def test_a_second_tumour_that_is_not_followed_is_listed(clinic: Clinic, schedule: Schedule) -> None:
    ResectionFactory.create(tumour__patient=schedule.tumour.patient)

    assert gaps(clinic, date(2026, 2, 1)) == [Gap.NO_SCHEDULE]


def test_who_has_no_tumour_that_was_operated_on_is_not_listed(clinic: Clinic) -> None:
    PatientFactory.create(clinic=clinic)

    assert gaps(clinic, date(2026, 6, 20)) == []


# Active schedule with nothing ahead.


@pytest.fixture
def run_out(schedule: Schedule) -> Schedule:
    """All its slots are done but the last, which lapses after 14 March 2031."""
    schedule.slots.exclude(n=20).update(outcome=Outcome.SATISFIED)
    return schedule


def test_a_schedule_whose_last_slot_is_over_is_listed_since_that_slot_was_due(
    clinic: Clinic, run_out: Schedule
) -> None:
    assert Gap.NOTHING_AHEAD not in gaps(clinic, date(2031, 3, 14))

    row = the_one(Gap.NOTHING_AHEAD, clinic, date(2031, 3, 15))

    patient = run_out.tumour.patient
    assert row.patient == patient
    assert told(row) == (date(2031, 1, 15), [Role.CLINICIAN], page_of(patient))


def test_completing_closes_that_gap(clinic: Clinic, run_out: Schedule, by: User) -> None:
    StudyFactory.create(patient=run_out.tumour.patient, performed_on=date(2031, 1, 15))
    assert gaps(clinic, date(2031, 1, 29)) == [Gap.NOTHING_AHEAD]

    end(schedule=run_out, end_reason=EndReason.COMPLETED, by=by, at=morning(1, 29, 2031))

    assert gaps(clinic, date(2031, 1, 29)) == []


# Suspension past its review date.


@pytest.fixture
def resting(schedule: Schedule, by: User) -> Schedule:
    """Suspended from 1 April, to be reviewed on 1 June 2026."""
    suspend(
        schedule=schedule, reason="Pregnancy", review_on=date(2026, 6, 1), by=by, at=morning(4, 1)
    )
    return schedule


def test_a_suspension_comes_back_on_its_day_of_review(clinic: Clinic, resting: Schedule) -> None:
    assert gaps(clinic, date(2026, 5, 31)) == []

    row = the_one(Gap.SUSPENSION_OVER, clinic, date(2026, 6, 1))

    patient = resting.tumour.patient
    assert (row.patient, row.detail) == (patient, "Pregnancy")
    assert told(row) == (date(2026, 6, 1), [Role.CLINICIAN], page_of(patient))


def test_resuming_closes_that_gap(clinic: Clinic, resting: Schedule, by: User) -> None:
    resume(schedule=resting, by=by, at=morning(6, 1))

    assert gaps(clinic, date(2026, 6, 1)) == []


def test_ending_closes_that_gap(clinic: Clinic, resting: Schedule, by: User) -> None:
    end(schedule=resting, end_reason=EndReason.DECLINED, by=by, at=morning(6, 1))

    assert gaps(clinic, date(2026, 6, 1)) == []


# Re-baseline proposed and not decided.


def test_an_operation_that_nobody_decided_about_is_listed_since_its_day(
    clinic: Clinic, schedule: Schedule
) -> None:
    MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    row = the_one(Gap.NEW_ANCHOR, clinic, date(2026, 4, 2))

    assert row.patient == schedule.tumour.patient
    assert row.detail == (
        "Metastasectomy: Partial hepatic resection on 1 April 2026, "
        "after the anchor of 15 January 2026"
    )
    assert told(row) == (date(2026, 4, 1), [Role.CLINICIAN], "/worklists/rebaselines/")


@pytest.mark.parametrize("accepted", [True, False])
def test_accepting_or_declining_closes_that_gap(
    clinic: Clinic, schedule: Schedule, by: User, accepted: bool
) -> None:
    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    if accepted:
        rebaseline(schedule=schedule, anchor=operation, by=by, at=morning(4, 2))
    else:
        decline_anchor(schedule=schedule, treatment=operation, reason="A biopsy", by=by)

    assert gaps(clinic, date(2026, 4, 2)) == []


def test_what_was_declined_stays_declined_under_another_protocol(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))
    decline_anchor(schedule=schedule, treatment=operation, reason="A biopsy", by=by)

    change_protocol(
        schedule=schedule, protocol=HalfYearlyProtocolFactory.create(), by=by, at=morning(4, 2)
    )

    assert gaps(clinic, date(2026, 4, 2)) == []


def test_declining_the_later_of_two_operations_leaves_the_earlier_to_be_decided(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    first, second = (
        MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, day))
        for day in (1, 8)
    )

    decline_anchor(schedule=schedule, treatment=second, reason="A biopsy", by=by)

    assert the_one(Gap.NEW_ANCHOR, clinic, date(2026, 4, 9)).since == first.on


def test_an_operation_after_the_follow_up_has_ended_is_listed(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    end(schedule=schedule, end_reason=EndReason.DECLINED, by=by, at=morning(3, 1))

    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    [row] = listed(clinic, date(2026, 4, 2))
    assert (row.patient, row.since) == (schedule.tumour.patient, operation.on)
