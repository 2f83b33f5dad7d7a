"""A result that was wrong says what it should have said, and what followed from it follows."""

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection
from django.db.models import ProtectedError

from patients.actions import add_finding, withdraw_finding
from patients.models import Finding, FindingKind, Tumour
from patients.queries import clinic_days
from schedules.actions import correct_result, record_result, record_study, review_result
from schedules.models import Correction, Result, ResultOutcome, Schedule
from schedules.queries import overdue
from schedules.ranking import rank_of, ranked
from schedules.rules.outcome import Outcome
from schedules.rules.risk import METASTASIS as METASTASIS_POINTS
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import (
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
    new_lesion,
)

pytestmark = pytest.mark.django_db

METASTASIS = "Metastasis: liver S6"


@pytest.fixture
def schedule() -> Schedule:
    return ScheduleFactory.create()


@pytest.fixture
def by() -> User:
    return UserFactory.create(first_name="Carl", last_name="Clinician")


@pytest.fixture
def lesion(schedule: Schedule, by: User) -> Result:
    """A new lesion of 14 April 2026, which opened a finding."""
    return new_lesion(
        StudyFactory.create(patient=schedule.tumour.patient),
        comment="Segment 6",
        by=by,
        at=morning(4, 20),
    )


def correct(result: Result, outcome: ResultOutcome = ResultOutcome.NO_DISEASE, **told: Any) -> None:
    usual: dict[str, Any] = {"reason": "Another patient’s report", "by": UserFactory.create()}
    correct_result(result=result, outcome=outcome, **usual | told)


def refused(result: Result, **told: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        correct(result, **told)
    assert str(Result.objects.get()) == "New lesion, liver S6"
    assert str(Finding.objects.get()) == METASTASIS
    assert not Correction.objects.exists()
    said: dict[str, list[str]] = (
        error.value.message_dict
        if hasattr(error.value, "error_dict")
        else {NON_FIELD_ERRORS: error.value.messages}
    )
    return said


def test_what_it_said_before_is_kept_with_reason_and_person(lesion: Result, by: User) -> None:
    review_result(result=lesion, by=by)

    correct(lesion, withdraws=True, by=by, at=morning(4, 22))

    result = Result.objects.get()
    assert (str(result), result.comment) == ("No evidence of disease", "")
    assert (result.reviewed_by, result.recorded_at) == (None, morning(4, 22))
    before = Correction.objects.get()
    assert (str(before), before.comment) == ("New lesion, liver S6", "Segment 6")
    assert (before.reason, before.by) == ("Another patient’s report", by)
    told = Event.objects.get(act="result.corrected").detail
    assert told["before"] == {
        "outcome": "new_lesion",
        "sites": ["liver S6"],
        "comment": "Segment 6",
        "finding": str(Finding.all_ever.get().public_id),
        "reviewed_by": by.username,
    }


def test_whether_the_exam_counts_is_worked_out_anew(schedule: Schedule, by: User) -> None:
    study = StudyFactory.create(patient=schedule.tumour.patient)
    result = record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=by)
    slot = schedule.slots.get(n=1)
    assert slot.outcome == Outcome.SATISFIED

    for outcome, then in (
        (ResultOutcome.INADEQUATE, Outcome.OPEN),
        (ResultOutcome.INDETERMINATE, Outcome.SATISFIED),
    ):
        correct(result, outcome)
        slot.refresh_from_db()
        assert slot.outcome == then


def test_a_finding_that_was_never_there_counts_no_longer_and_stays_on_record(
    schedule: Schedule, lesion: Result, by: User
) -> None:
    correct(lesion, withdraws=True, by=by)

    assert list(schedule.tumour.findings.all()) == []
    finding = Finding.all_ever.get()
    assert (finding.withdrawn_because, finding.withdrawn_by) == ("Another patient’s report", by)
    assert Event.objects.filter(act="finding.withdrawn", patient_id__isnull=False).count() == 1
    with pytest.raises(ValidationError, match="Carl Clinician has withdrawn this finding already"):
        withdraw_finding(finding=finding, reason="Again", by=by)


def test_a_finding_that_was_withdrawn_counts_for_nothing_and_is_still_known(
    schedule: Schedule, lesion: Result, by: User
) -> None:
    slot = schedule.slots.get(n=2)
    days = clinic_days([schedule.tumour.patient.clinic], on=date(2026, 8, 20))

    def score() -> int:
        [listed] = ranked(overdue(days).filter(pk=slot.pk), days)
        assert rank_of(listed, days[0].on).score == listed.score  # type: ignore[attr-defined]
        return int(listed.score)  # type: ignore[attr-defined]

    before = score()
    assert lesion.finding
    withdraw_finding(finding=lesion.finding, reason="Another patient’s report", by=by)

    assert score() == before - METASTASIS_POINTS
    [result] = Result.objects.select_related("finding")
    assert result.finding
    result.finding.refresh_from_db()
    assert (str(result.finding), result.told_of) == (METASTASIS, None)
    [tumour] = Tumour.objects.prefetch_related("findings")
    assert [*tumour.findings.all()] == []
    with pytest.raises(ProtectedError):
        result.finding.delete()


def test_a_finding_that_was_seen_by_other_means_stays(lesion: Result) -> None:
    correct(lesion, withdraws=False)

    assert str(Finding.objects.get()) == METASTASIS
    assert Result.objects.get().finding is None


def test_without_a_word_on_the_finding_nothing_is_corrected(lesion: Result) -> None:
    assert refused(lesion) == {"withdraws": [f"Say what becomes of the finding “{METASTASIS}”."]}


def test_without_a_reason_nothing_is_corrected(lesion: Result) -> None:
    assert list(refused(lesion, withdraws=True, reason=" ")) == ["reason"]


def test_what_it_says_already_is_no_correction(schedule: Schedule, lesion: Result) -> None:
    same = {"finding": FindingKind.METASTASIS, "tumour": schedule.tumour, "comment": "Segment 6"}

    assert refused(lesion, outcome=ResultOutcome.NEW_LESION, sites=["liver S6"], **same) == {
        NON_FIELD_ERRORS: ["Nothing is corrected: the result says all of this already."]
    }


def test_a_correction_of_what_was_not_seen_is_refused(lesion: Result) -> None:
    assert "has changed this result meanwhile" in str(
        refused(lesion, withdraws=True, seen="something else")
    )


def test_what_an_act_returns_has_the_mark_of_what_is_stored(schedule: Schedule, by: User) -> None:
    study = StudyFactory.create(patient=schedule.tumour.patient)
    result = record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=by)

    review_result(result=result, seen=result.mark, by=by)

    assert Result.objects.get().reviewed_by == by


def test_another_site_is_another_finding(schedule: Schedule, lesion: Result) -> None:
    correct(
        lesion,
        ResultOutcome.NEW_LESION,
        sites=["liver S5"],
        finding=FindingKind.METASTASIS,
        tumour=schedule.tumour,
        withdraws=True,
    )

    assert str(Finding.objects.get()) == "Metastasis: liver S5"
    assert Result.objects.get().finding == Finding.objects.get()


def test_another_comment_leaves_the_finding_alone(schedule: Schedule, lesion: Result) -> None:
    correct(
        lesion,
        ResultOutcome.NEW_LESION,
        sites=["liver S6"],
        finding=FindingKind.METASTASIS,
        tumour=schedule.tumour,
        comment="12 mm",
    )

    assert str(Finding.objects.get()) == METASTASIS
    assert not Event.objects.filter(act="finding.withdrawn").exists()


def test_a_finding_that_another_study_shows_too_stays_unasked(
    schedule: Schedule, lesion: Result, by: User
) -> None:
    other = record_study(
        patient=schedule.tumour.patient,
        modality="MR",
        performed_on=date(2026, 4, 14),
        regions=["abdomen"],
        by=by,
    )
    new_lesion(other, by=by)

    correct(lesion, withdraws=True)

    assert str(Finding.objects.get()) == METASTASIS


def test_results_of_before_that_was_known_are_given_their_finding(
    schedule: Schedule, lesion: Result, by: User
) -> None:
    add_finding(
        tumour=schedule.tumour,
        kind=FindingKind.METASTASIS,
        sites=["left lung"],
        found_on=date(2026, 4, 14),
        found_by="CT",
        by=by,
    )
    Result.objects.update(finding=None)
    migration = import_module("schedules.migrations.0011_results_know_their_findings")

    with connection.cursor() as cursor:
        cursor.execute(migration.FINDINGS_OF_RESULTS)

    assert str(Result.objects.get().finding) == METASTASIS
