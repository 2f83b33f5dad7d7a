"""The log as production writes it: found by an id, and of no patient.

That no test's log names one of the patients is looked at in tests/conftest.py, after each test.
"""

import json
import logging
from typing import Any

import pytest
from celery import shared_task
from django.db import DatabaseError, transaction
from django.test import Client

from patients.models import Patient
from tests.factories import PatientFactory
from tests.logs import Kept

pytestmark = pytest.mark.django_db
ID = "0af76519-16cd-43dd-8448-eb211c80319c"
logger = logging.getLogger("somewhere")


def lines(kept: Kept) -> list[dict[str, Any]]:
    return [json.loads(line) for line in kept.taken().splitlines()]


@shared_task
def fails_for(pk: int) -> None:
    enter_again(Patient.objects.get(pk=pk))


def enter_again(patient: Patient) -> None:
    """PostgreSQL says which number is there already."""
    with transaction.atomic():
        PatientFactory.create(clinic=patient.clinic, mrn=patient.mrn)


def test_each_line_of_a_request_has_its_id(kept_log: Kept) -> None:
    kept_log.taken()
    answer = Client().get("/patients/MRN-000001/", headers={"x-request-id": ID})
    assert answer.headers["X-Request-ID"] == ID
    did, why = lines(kept_log)
    assert {why["request_id"], did["request_id"]} == {ID}
    assert why["message"] == "Not Found: (no page)"
    assert (did["method"], did["route"], did["status"]) == ("GET", "(no page)", 404)
    assert did["ms"] >= 0
    assert did["at"].endswith("+00:00")


@pytest.mark.parametrize("given", ["", "MRN-000001", "Family1 Given1", f"{ID}\nx", "0" * 65])
def test_what_is_no_id_is_not_believed(kept_log: Kept, given: str) -> None:
    kept_log.taken()
    answer = Client().get("/healthz", headers={"x-request-id": given})
    [did] = lines(kept_log)
    assert answer.headers["X-Request-ID"] == did["request_id"] != given
    assert len(did["request_id"]) == 32


def test_a_line_break_makes_no_second_line(kept_log: Kept) -> None:
    kept_log.taken()
    logger.warning("The PACS said: %s", 'x\n{"level": "INFO", "message": "all is well"}\r\n\x1b[2J')
    [line] = lines(kept_log)
    assert (line["level"], line["message"].count("\n")) == ("WARNING", 2)


def test_what_is_looked_for_and_whose_page_it_is_stay_out(kept_log: Kept) -> None:
    patient = PatientFactory.create()
    kept_log.taken()
    Client().get(f"/patients/{patient.public_id}/?q={patient.family_name}")
    [did] = lines(kept_log)
    assert did["message"].startswith("GET /patients/<uuid:public_id>/: 302 in ")
    logger.warning("Error handling request %s", f"/fhir/Patient?name={patient.family_name}&x=1")
    logger.warning("Asked https://pacs.example.org/studies?PatientID=%s for more", patient.mrn)
    assert [line["message"] for line in lines(kept_log)] == [
        "Error handling request /fhir/Patient?…",
        "Asked https://pacs.example.org/studies?… for more",
    ]


def test_of_an_exception_its_kind_and_place_are_kept(kept_log: Kept) -> None:
    patient = PatientFactory.create()
    kept_log.taken()
    try:
        try:
            enter_again(patient)
        except DatabaseError as error:
            raise ValueError(patient.family_name) from error
    except ValueError as error:
        logger.exception("this broke: %s", error)
        logger.exception("this broke by %s", error.__cause__)
    [line, by] = lines(kept_log)
    assert line["message"] == "this broke: ValueError"
    assert by["message"] == "this broke by IntegrityError 23505"
    assert [one["kind"] for one in line["exception"]] == [
        "ValueError",
        "IntegrityError 23505",
        "UniqueViolation 23505",
    ]
    assert "test_logs.py" in line["exception"][1]["where"][0]
    assert line["exception"][1]["where"][1].endswith(" enter_again")


def test_a_task_that_fails_says_so_by_its_id(kept_log: Kept) -> None:
    patient = PatientFactory.create()
    kept_log.taken()
    done = fails_for.apply(args=(patient.pk,))
    [line] = lines(kept_log)
    assert line["level"] == "ERROR"
    assert line["task_id"] == done.id
    assert line["message"].startswith(f"Task {fails_for.name}[{done.id}] raised unexpected: …")
    assert line["exception"][0]["kind"] == "IntegrityError 23505"
