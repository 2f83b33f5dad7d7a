"""Which studies await a result: kept by PostgreSQL whatever is written, and found at once."""

from collections.abc import Callable
from datetime import date
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.models import Patient
from schedules.models import Result, ResultOutcome, Study
from schedules.queries import unreported_studies
from tests.factories import PatientFactory, UserFactory
from tests.integration.reminders.test_cost import nodes, plan_of


def studies_of(patient: Patient, number: int) -> list[Study]:
    return Study.objects.bulk_create(
        Study(patient=patient, modality="CT", performed_on=date(2026, 4, 14), regions=["chest"])
        for _ in range(number)
    )


def report(study: Study) -> None:
    if not Result.all_ever.filter(study=study).exists():
        Result.all_ever.create(study=study, outcome=ResultOutcome.INADEQUATE)


def move_result(study: Study, to: Study) -> None:
    if not Result.all_ever.filter(study=to).exists():
        Result.all_ever.filter(study=study).update(study=to)


def withdraw(study: Study) -> None:
    Study.all_ever.filter(pk=study.pk).update(
        withdrawn_because="Not theirs",
        withdrawn_by=UserFactory.create(),
        withdrawn_at=timezone.now(),
    )


WRITES: dict[str, Callable[[Study, Study], object]] = {
    "a result": lambda one, other: report(one),
    "a result put to another study": move_result,
    "a result removed": lambda one, other: Result.all_ever.filter(study=one).delete(),
    "all results, unchanged": lambda one, other: Result.all_ever.update(study_id=F("study_id")),
    "withdrawn": lambda one, other: withdraw(one),
    "as it was read at first": lambda one, other: one.save(force_update=True),
    "all await one": lambda one, other: Study.all_ever.update(awaits_result=True),
    "none awaits one": lambda one, other: Study.all_ever.update(awaits_result=False),
}


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(WRITES)), st.permutations(range(3))), max_size=6))
def test_a_study_awaits_a_result_if_it_stands_and_has_none_whatever_is_written(
    writes: list[tuple[str, list[int]]],
) -> None:
    with transaction.atomic():
        studies = studies_of(PatientFactory.create(), 3)
        assert all(study.awaits_result for study in studies)  # as PostgreSQL told
        for name, (one, other, _) in writes:
            WRITES[name](studies[one], studies[other])
            awaited = {study.pk for study in Study.all_ever.filter(awaits_result=True)}
            assert awaited == {study.pk for study in Study.objects.filter(result=None)}, name
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_who_writes_a_study_back_while_its_result_is_recorded_does_not_call_it_unreported() -> None:
    [study] = studies_of(PatientFactory.create(), 1)

    def write_back() -> None:
        study.save()
        connection.close()

    waiting = Thread(target=write_back)
    with transaction.atomic():
        report(study)
        waiting.start()
        with connection.cursor() as cursor:
            for _ in range(200):
                cursor.execute("SELECT pg_sleep(0.02), count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[1]:
                    break
    waiting.join(timeout=30)

    assert not Study.objects.get().awaits_result


@pytest.mark.django_db
def test_to_count_what_awaits_a_result_no_study_is_read_that_has_one() -> None:
    patient = PatientFactory.create()
    Result.objects.bulk_create(
        Result(study=study, outcome=ResultOutcome.NO_DISEASE)
        for study in studies_of(patient, 1_000)
    )
    studies_of(patient, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on")
        cursor.execute("ANALYZE schedules_study, schedules_result, patients_patient")

    with CaptureQueriesContext(connection) as asked:
        assert unreported_studies([patient.clinic]).count() == 2
        assert len(unreported_studies([patient.clinic])) == 2
    for query in asked:
        nodes_read = [node for node in nodes(plan_of(query["sql"])) if _is_ours(node)]
        assert [(node.get("Index Name"), node["Actual Rows"]) for node in nodes_read] == [
            ("study_awaits_result", 2)
        ]


def _is_ours(node: dict[str, Any]) -> bool:
    return str(node.get("Relation Name", "")).startswith("schedules_")
