"""Gaps after a scan: it counts for nothing, or nobody has seen what it showed."""

from datetime import date

import pytest

from patients.models import Clinic
from patients.safety import Gap
from schedules.actions import end, keep_off_schedule, record_result, review_result
from schedules.models import EndReason, ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ResectionFactory, StudyFactory, morning, new_lesion
from tests.integration.safety_net.net import gaps, the_one, told

pytestmark = pytest.mark.django_db


# Study without a match.


def test_a_study_that_counts_for_nothing_is_listed_from_its_day(clinic: Clinic, slot: Slot) -> None:
    StudyFactory.create(patient=slot.patient, modality="MR", performed_on=date(2026, 4, 14))
    assert gaps(clinic, date(2026, 4, 13)) == []

    row = the_one(Gap.NO_MATCH, clinic, date(2026, 4, 14))

    assert (row.patient, row.detail) == (slot.patient, "MR of chest and abdomen, 14 April 2026")
    assert told(row) == (
        date(2026, 4, 14),
        [Role.NURSE, Role.CLINICIAN],
        "/worklists/unmatched/",
    )


@pytest.mark.parametrize(("day", "is_listed"), [(14, False), (15, True)])
def test_a_study_before_the_patients_first_window_opens_is_none(
    clinic: Clinic, slot: Slot, day: int, is_listed: bool
) -> None:
    StudyFactory.create(patient=slot.patient, modality="MR", performed_on=date(2026, 3, day))

    assert (Gap.NO_MATCH in gaps(clinic, date(2026, 3, 20))) is is_listed


def test_a_study_of_a_patient_without_any_slot_is_none(clinic: Clinic) -> None:
    patient = ResectionFactory.create(tumour__patient__clinic=clinic).tumour.patient
    StudyFactory.create(patient=patient)

    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_SCHEDULE]


def test_keeping_it_off_schedule_closes_that_gap(clinic: Clinic, slot: Slot, by: User) -> None:
    study = StudyFactory.create(patient=slot.patient, modality="MR")

    keep_off_schedule(study=study, reason="Of the knee", by=by)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_the_region_that_was_not_recorded_closes_that_gap(clinic: Clinic, slot: Slot) -> None:
    study = StudyFactory.create(patient=slot.patient, regions=["pelvis"])
    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_MATCH]

    StudyFactory.create(patient=slot.patient, regions=["abdomen"], study_uid=study.study_uid)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_images_reported_as_inadequate_still_belong_to_their_slot(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    study = StudyFactory.create(patient=slot.patient)
    result = record_result(study=study, outcome=ResultOutcome.INADEQUATE, by=by)
    review_result(result=result, by=by)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_a_study_after_the_follow_up_has_ended_is_listed(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    end(schedule=slot.schedule, end_reason=EndReason.DECLINED, by=by, at=morning(4, 1))

    StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 14))

    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_MATCH]


# Scan without a recorded result.


def test_a_scan_of_the_plan_is_listed_once_its_result_is_overdue(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    study = StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 14))
    StudyFactory.create(patient=slot.patient, performed_on=date(2024, 1, 8))  # of before the plan
    assert gaps(clinic, date(2026, 4, 28)) == []

    row = the_one(Gap.NOT_REPORTED, clinic, date(2026, 4, 29))

    assert (row.patient, row.detail) == (slot.patient, str(study))
    assert told(row) == (date(2026, 4, 14), [Role.NURSE, Role.CLINICIAN], "/worklists/results/")

    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=by)

    assert gaps(clinic, date(2026, 4, 29)) == [Gap.NOT_REVIEWED]


# Result without a review.


def test_a_result_is_listed_until_a_clinician_has_seen_it(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    study = StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 14))
    assert gaps(clinic, date(2026, 4, 15)) == []
    result = new_lesion(study, by=by)

    row = the_one(Gap.NOT_REVIEWED, clinic, date(2026, 4, 15))

    assert (row.patient, row.detail) == (slot.patient, "New lesion, liver S6")
    assert told(row) == (date(2026, 4, 14), [Role.CLINICIAN], "/worklists/results/")

    review_result(result=result, by=by)

    assert gaps(clinic, date(2026, 4, 15)) == []
