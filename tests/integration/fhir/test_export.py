"""$export: asked for, made in the background, fetched by who asked alone."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class

from patients.models import Clinic, Membership
from schedules import job_files
from schedules.jobs import work
from schedules.models import Job, Schedule
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from surveillance.fhir import exporting
from surveillance.fhir.table import KINDS
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory
from tests.integration.fhir.asking import everything, get
from tests.integration.fhir.conftest import signed_in

pytestmark = pytest.mark.django_db

ASYNC = {"prefer": "respond-async"}


def ask(program: Client, path: str = "$export", **headers: str) -> Any:
    return program.get(f"/fhir/{path}", headers=ASYNC | headers)


def status_of(program: Client, path: str = "$export") -> Any:
    """Ask for an export, let it be made, and return what is said of it then."""
    asked = ask(program, path)
    assert asked.status_code == 202, asked.content
    waiting = program.get(asked["Content-Location"])
    assert (waiting.status_code, waiting["X-Progress"][:3]) == (202, "0 /")
    assert work()
    return program.get(asked["Content-Location"])


def lines(program: Client, url: str) -> list[dict[str, Any]]:
    answer = program.get(url, headers={"accept": "application/fhir+ndjson"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/fhir+ndjson"
    whole = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return [json.loads(line) for line in whole.splitlines()]


def test_all_of_a_clinic_and_of_no_other(
    administrator: Client, nurse: Client, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = PatientFactory.create()
    monkeypatch.setattr(exporting, "PATIENTS_AT_ONCE", 1)
    monkeypatch.setattr(job_files, "PIECE", 5000)
    done = status_of(administrator)

    assert done.status_code == 200
    manifest = done.json()
    assert manifest["request"] == "http://testserver/fhir/$export"
    assert {one["type"] for one in manifest["output"]} == set(KINDS)
    for one in manifest["output"]:
        told = lines(administrator, one["url"])
        assert len(told) == one["count"]
        for resource in told:
            get_fhir_model_class(one["type"]).model_validate(resource)
        reader = administrator if one["type"] == "Group" else nurse
        by_id = {resource["id"]: resource for resource in everything(reader, one["type"])}
        assert {resource["id"]: resource for resource in told} == by_id
    look = Look.objects.get(page="fhir export")
    assert len(look.patient_ids) == 2
    assert stranger.public_id not in look.patient_ids
    assert Event.objects.filter(act="fhir.exported").count() == 1
    assert Event.objects.filter(act="export.downloaded").count() == len(KINDS)


def test_some_types_of_one_clinic_by_its_group(
    administrator: Client, schedule: Schedule, clinic: Clinic
) -> None:
    user = Membership.objects.get(role=Role.ADMINISTRATOR, clinic=clinic).user
    other = PatientFactory.create()
    MembershipFactory.create(user=user, clinic=other.clinic, role=Role.ADMINISTRATOR)
    [here] = (one for one in everything(administrator, "Group") if one["name"] == clinic.name)

    manifest = status_of(
        administrator, f"Group/{here['id']}/$export?_type=Patient,Task&_type=Task"
    ).json()

    assert [(one["type"], one["count"]) for one in manifest["output"]] == [
        ("Patient", 2),
        ("Task", 1),
    ]
    both = status_of(administrator, "$export?_type=Patient").json()
    assert [one["count"] for one in both["output"]] == [3]
    elsewhere = ClinicFactory.create()
    assert ask(administrator, f"Group/{elsewhere.public_id}/$export").status_code == 404


def test_it_is_found_by_who_asked_alone_and_only_as_long_as_they_may(
    administrator: Client, nurse: Client, schedule: Schedule, clinic: Clinic
) -> None:
    asked = ask(administrator)
    work()
    manifest = administrator.get(asked["Content-Location"]).json()
    file = manifest["output"][0]["url"]

    assert ask(nurse).status_code == 403
    for address in (asked["Content-Location"], file):
        assert signed_in(clinic, Role.ADMINISTRATOR).get(address).status_code == 404
        assert Client().get(address).status_code == 401
    page = administrator.get(f"/jobs/{Job.objects.get().public_id}/").content.decode()
    assert "Patient.ndjson" in page
    assert f"{Job.objects.get().total} resources" in page

    Job.objects.update(ended_at=timezone.now() - timedelta(days=2))
    job_files.delete_old(timezone.now())
    for address in (asked["Content-Location"], file):
        assert administrator.get(address).status_code == 404
    Membership.objects.filter(role=Role.ADMINISTRATOR).delete()
    for address in (asked["Content-Location"], file):
        assert administrator.get(address).status_code == 403


def test_who_may_no_longer_export_gets_none(
    administrator: Client, schedule: Schedule, clinic: Clinic
) -> None:
    asked = ask(administrator)
    user = Membership.objects.get(role=Role.ADMINISTRATOR).user
    MembershipFactory.create(user=user, role=Role.ADMINISTRATOR)
    Membership.objects.get(user=user, clinic=clinic).delete()
    work()

    assert administrator.get(asked["Content-Location"]).status_code == 404
    job = Job.objects.get()
    assert job.error == "You may no longer export all that you asked for."
    assert job_files.size(job) == 0


@pytest.mark.parametrize(
    ("path", "headers", "why"),
    [
        ("$export", {"prefer": ""}, "respond-async"),
        ("$export?_since=2026-01-01T00:00:00Z", {}, "_since"),
        ("$export?_type=Observation", {}, "Observation"),
        ("$export?_outputFormat=csv", {}, "fhir+ndjson"),
    ],
)
def test_what_cannot_be_done_is_refused(
    administrator: Client, path: str, headers: dict[str, str], why: str
) -> None:
    refused = ask(administrator, path, **headers)

    assert refused.status_code == 400
    assert why in refused.json()["issue"][0]["diagnostics"]
    assert not Job.objects.exists()


def test_who_is_lenient_gets_what_there_is(administrator: Client, schedule: Schedule) -> None:
    lenient = {"prefer": "respond-async, handling=lenient"}
    asked = ask(administrator, "$export?_since=2026-01-01T00:00:00Z&_type=Task", **lenient)

    assert asked.status_code == 202
    assert Job.objects.get().parameters["types"] == ["Task"]


def test_a_fault_is_told(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(exporting, "make", fail)
    failed = status_of(administrator)

    assert failed.status_code == 500
    assert "fault of this software" in failed.json()["issue"][0]["diagnostics"]
    assert get(administrator, "metadata")
