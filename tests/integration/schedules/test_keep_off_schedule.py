"""A study that counts for nothing: why it does, and that a named person leaves it so."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from patients.models import TreatmentKind
from schedules.actions import (
    end,
    enrol,
    keep_off_schedule,
    rebaseline,
    resume,
    review,
    suspend,
)
from schedules.models import Decision, EndReason, Schedule, Study
from schedules.queries import unmatched_studies
from schedules.unmatched import unmatched_rows
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import (
    HalfYearlyProtocolFactory,
    MetastasectomyFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    """Its first slot takes exams from 15 March to 14 June 2026, its second until 14 September."""
    return ScheduleFactory.create()


@pytest.fixture
def by() -> User:
    return UserFactory.create(first_name="Naomi", last_name="Nurse")


@pytest.fixture
def mr(schedule: Schedule) -> Study:
    """On 14 April 2026, when CT is what the plan asks for."""
    return StudyFactory.create(patient=schedule.tumour.patient, modality="MR")


def waiting(schedule: Schedule) -> list[Study]:
    return list(unmatched_studies([schedule.tumour.patient.clinic]))


def why(schedule: Schedule) -> str:
    """Why the one study that waits counts for nothing."""
    [row] = unmatched_rows(unmatched_studies([schedule.tumour.patient.clinic]))
    return row.why


# The decision.


def test_a_study_is_kept_off_schedule_by_a_named_person_for_a_reason(mr: Study, by: User) -> None:
    keep_off_schedule(study=mr, reason=" Of the knee ", by=by, at=morning(4, 15))

    mr.refresh_from_db()
    assert (mr.kept_because, mr.kept_by, mr.kept_at) == ("Of the knee", by, morning(4, 15))
    event = Event.objects.get(act="study.kept_off_schedule")
    assert event.by_id == by.public_id
    assert event.patient_id == mr.patient.public_id
    assert event.detail == {"study": str(mr.public_id), "reason": "Of the knee"}


def test_it_waits_no_longer(schedule: Schedule, mr: Study, by: User) -> None:
    assert waiting(schedule) == [mr]

    keep_off_schedule(study=mr, reason="Of the knee", by=by)

    assert waiting(schedule) == []


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_decision_without_a_reason_is_refused(mr: Study, by: User, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        keep_off_schedule(study=mr, reason=reason, by=by)

    assert refused.value.message_dict == {"reason": ["Give a reason why it may count for no exam."]}
    assert not Event.objects.filter(act="study.kept_off_schedule").exists()


def test_a_study_that_counts_for_a_slot_is_not_kept_off_schedule(
    schedule: Schedule, by: User
) -> None:
    study = StudyFactory.create(patient=schedule.tumour.patient)

    with pytest.raises(ValidationError, match="counts for an exam of the plan"):
        keep_off_schedule(study=study, reason="A reason", by=by)


def test_the_second_who_decides_is_told_who_was_first(mr: Study, by: User) -> None:
    keep_off_schedule(study=mr, reason="Of the knee", by=by)

    with pytest.raises(ValidationError, match="Naomi Nurse has kept this study off schedule"):
        keep_off_schedule(study=mr, reason="Another", by=UserFactory.create())


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_refused() -> None:
    study = StudyFactory.create(patient=ScheduleFactory.create().tumour.patient, modality="MR")

    outcomes = at_once(
        [
            lambda: keep_off_schedule(
                study=Study.objects.get(), reason="A reason", by=UserFactory.create()
            )
        ]
        * 2
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "ValidationError"]
    assert Event.objects.filter(act="study.kept_off_schedule").count() == 1
    study.refresh_from_db()
    assert study.kept_because == "A reason"


@pytest.mark.parametrize("told", [{"kept_because": "A reason"}, {"kept_at": timezone.now()}])
def test_half_a_decision_is_none_to_the_database(mr: Study, told: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="kept_by_somebody_for_a_reason"):
        Study.objects.filter(pk=mr.pk).update(**told)


def test_should_it_come_to_match_a_slot_it_counts(schedule: Schedule, by: User) -> None:
    patient = schedule.tumour.patient
    study = StudyFactory.create(patient=patient, regions=["pelvis"])
    keep_off_schedule(study=study, reason="Of the hip", by=by)

    StudyFactory.create(patient=patient, regions=["chest"], study_uid=study.study_uid)

    assert [slot.n for slot in study.slots.all()] == [1]


# Why it counts for nothing.


def test_a_kind_of_imaging_that_no_exam_asks_for(schedule: Schedule, mr: Study) -> None:
    assert why(schedule) == "No exam of the plan asks for MR."


def test_regions_that_no_exam_asks_for(schedule: Schedule) -> None:
    StudyFactory.create(patient=schedule.tumour.patient, regions=["pelvis", "lower_limb"])

    assert why(schedule) == "It covers pelvis and lower limb; the plan asks for chest and abdomen."


def test_a_time_between_an_old_series_and_a_new_one(schedule: Schedule, by: User) -> None:
    schedule.slots.exclude(n=1).delete()
    StudyFactory.create(patient=schedule.tumour.patient)
    end(schedule=schedule, end_reason=EndReason.COMPLETED, by=by, at=morning(4, 20))
    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 7, 3))
    enrol(tumour=schedule.tumour, protocol=schedule.protocol, anchor=operation, by=by)

    StudyFactory.create(patient=schedule.tumour.patient, performed_on=date(2026, 8, 1))

    assert why(schedule) == (
        "Between two windows: the last closed on 14 June 2026, "
        "the nearest opens on 3 September 2026."
    )


def test_a_time_after_the_last_window(schedule: Schedule) -> None:
    StudyFactory.create(patient=schedule.tumour.patient, performed_on=date(2031, 3, 15))

    assert why(schedule) == "After the last window, which closed on 14 March 2031."


def test_a_time_before_the_first_window_of_such_an_exam(schedule: Schedule, by: User) -> None:
    second = MetastasectomyFactory.create(
        tumour__patient=schedule.tumour.patient, kind=TreatmentKind.RESECTION, on=date(2026, 4, 1)
    )
    [phase] = schedule.protocol.phases
    pelvis = HalfYearlyProtocolFactory.create(
        code="mr-pelvis",
        phases=[phase | {"exams": [{"modality": "MR", "regions": ["pelvis"]}]}],
    )
    enrol(tumour=second.tumour, protocol=pelvis, anchor=second, by=by)

    StudyFactory.create(patient=schedule.tumour.patient, modality="MR", regions=["pelvis"])

    assert (
        why(schedule)
        == "Before the first window of such an exam: the nearest opens on 1 June 2026."
    )


def test_an_exam_that_was_skipped(schedule: Schedule, by: User) -> None:
    review(
        slot=schedule.slots.get(n=1),
        decision=Decision.SKIP,
        reason="On a journey",
        by=by,
        at=morning(5, 1),
    )

    StudyFactory.create(patient=schedule.tumour.patient, performed_on=date(2026, 5, 10))

    assert why(schedule) == (
        "CT chest+abdomen no. 1, due on 15 April 2026, was skipped: On a journey; "
        "the nearest opens on 15 June 2026."
    )


def test_an_exam_that_a_new_series_superseded(schedule: Schedule, by: User) -> None:
    operation = MetastasectomyFactory.create(tumour=schedule.tumour)
    rebaseline(schedule=schedule, anchor=operation, by=by, at=morning(7, 10))

    StudyFactory.create(patient=schedule.tumour.patient, performed_on=date(2026, 8, 1))

    assert why(schedule) == (
        "CT chest+abdomen no. 2, due on 15 July 2026, was superseded: "
        "Re-baseline: Partial hepatic resection on 3 July 2026; "
        "the nearest opens on 3 September 2026."
    )


def test_an_exam_that_lapsed_while_the_follow_up_was_suspended(
    schedule: Schedule, by: User
) -> None:
    suspend(
        schedule=schedule, reason="Pregnancy", review_on=date(2026, 9, 1), by=by, at=morning(4, 1)
    )
    resume(schedule=schedule, by=by, at=morning(8, 1))

    StudyFactory.create(patient=schedule.tumour.patient, performed_on=date(2026, 5, 1))

    assert why(schedule) == (
        "CT chest+abdomen no. 1, due on 15 April 2026, lapsed while the follow-up was suspended: "
        "Pregnancy; the nearest opens on 15 June 2026."
    )


def test_an_exam_of_a_follow_up_that_has_ended(schedule: Schedule, by: User) -> None:
    end(schedule=schedule, end_reason=EndReason.PALLIATIVE, by=by, at=morning(4, 1))

    StudyFactory.create(patient=schedule.tumour.patient)

    assert why(schedule) == (
        "CT chest+abdomen no. 1, due on 15 April 2026, is closed: "
        "its series ended on 1 April 2026 (Treatment is palliative now)."
    )
