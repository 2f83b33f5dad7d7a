"""Who is told what, and how refusals are said."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.models import Protocol, ProtocolState, Schedule
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.api.models import Token
from surveillance.fhir.resources.told import checked
from surveillance.fhir.table import KINDS
from tests.factories import ClinicFactory, MembershipFactory, UserFactory
from tests.integration.fhir.asking import everything, get
from tests.integration.fhir.conftest import signed_in

pytestmark = pytest.mark.django_db

ACTS = dict.fromkeys(KINDS, Act.SEE_PATIENTS) | {
    "PlanDefinition": Act.SEE_PROTOCOLS,
    "Group": Act.EXPORT,
}


def by_token(user: User, *acts: Act, read_only: bool = True) -> Client:
    _, token = Token.objects.create(
        user, expiry=timedelta(days=1), name="Integration", acts=list(acts), read_only=read_only
    )
    return Client(headers={"authorization": f"Token {token}"})


def test_each_role_gets_as_far_as_it_may(schedule: Schedule, clinic: Clinic) -> None:
    ids = {
        kind: everything(signed_in(clinic, role), kind)[0]["id"]
        for role, kinds in (
            (Role.NURSE, [kind for kind in KINDS if kind != "Group"]),
            (Role.ADMINISTRATOR, ["Group"]),
        )
        for kind in kinds
    }
    elsewhere = ClinicFactory.create()
    wrong = []
    for role in Role:
        for place in (clinic, elsewhere):
            program = signed_in(place, role)
            for kind, act in ACTS.items():
                may = role in MAY[act]
                there = 200 if place == clinic or kind == "PlanDefinition" else 404
                asked: list[tuple[Any, str, int]] = [
                    (program.get, f"{kind}/{ids[kind]}", there if may else 403),
                    (program.post, f"{kind}/_search", 200 if may else 403),
                ]
                for ask, path, expected in asked:
                    told = {"content_type": FORM} if ask == program.post else {}
                    got = ask(f"/fhir/{path}", **told)
                    if got.status_code != expected:
                        wrong.append((role, place == clinic, ask.__name__, path, got.status_code))
                    if got.status_code >= 400:
                        checked(got.json())

    assert wrong == []


FORM = "application/x-www-form-urlencoded"


def test_nobody_gets_in_without_signing_in_but_to_ask_what_there_is(client: Client) -> None:
    for path in ("Patient", "Patient/x", "PlanDefinition", "", "a/b/c/d"):
        answer = client.get(f"/fhir/{path}")
        assert answer.status_code == 401, path
        assert answer["WWW-Authenticate"] == "Token"
        assert answer.json()["issue"][0]["code"] == "login"
    statement = get(client, "metadata")
    assert {one["type"] for one in statement["rest"][0]["resource"]} == set(KINDS)
    assert statement["fhirVersion"] == "4.0.1"


def test_what_cannot_be_done_is_no_method(nurse: Client) -> None:
    for ask, path in (
        (nurse.delete, "Patient/x"),
        (nurse.put, "Patient/x"),
        (nurse.patch, "Patient"),
        (nurse.post, "Patient"),
        (nurse.options, "Patient"),
        (nurse.get, "Patient/_search/"),
    ):
        answer = ask(f"/fhir/{path}")
        assert answer.status_code == (404 if path.endswith("/") else 405), path
        checked(answer.json())
    get(nurse, "Patient/nobody", 404)


def test_who_is_in_no_clinic_is_told_nothing() -> None:
    client = Client()
    client.force_login(UserFactory.create())

    assert get(client, "Patient", 403)["issue"][0]["code"] == "forbidden"


def test_a_token_reaches_as_far_as_its_scopes(schedule: Schedule, clinic: Clinic) -> None:
    nurse = MembershipFactory.create(clinic=clinic, role=Role.NURSE).user
    program = by_token(nurse, Act.SEE_PATIENTS)

    assert program.get("/fhir/Patient").status_code == 200
    assert program.post("/fhir/Patient/_search", "name=x", content_type=FORM).status_code == 200
    assert program.get("/fhir/PlanDefinition").status_code == 403


@pytest.mark.parametrize(
    ("accept", "query", "expected"),
    [
        ("application/fhir+json", "", "application/fhir+json"),
        ("application/fhir+json; fhirVersion=4.0", "", "application/fhir+json"),
        ("application/json", "", "application/json"),
        ("*/*", "", "application/fhir+json"),
        ("text/html,*/*;q=0.8", "", "application/fhir+json"),
        ("text/html", "?_format=json", "application/fhir+json"),
        ("text/html", "?_format=application/fhir%2Bjson", "application/fhir+json"),
        ("application/fhir+xml", "", None),
        ("*/*", "?_format=xml", None),
        ("*/*", "?_format=ttl", None),
    ],
)
def test_json_alone_is_spoken(nurse: Client, accept: str, query: str, expected: str | None) -> None:
    answer = nurse.get(f"/fhir/Patient{query}", headers={"accept": accept})

    assert answer.status_code == (200 if expected else 406)
    assert answer["Content-Type"] == (expected or "application/fhir+json")
    assert answer.json()["resourceType"] == ("Bundle" if expected else "OperationOutcome")


@pytest.fixture
def plan(nurse: Client, schedule: Schedule) -> dict[str, Any]:
    """The shipped protocol, as another installation might send it with another interval."""
    told = everything(nurse, "PlanDefinition")[0]
    told["action"][0]["timingTiming"]["repeat"]["period"] = 4
    return told


def bring(program: Client, plan: object) -> Any:
    return program.post("/fhir/PlanDefinition", plan, content_type="application/fhir+json")


def test_who_drafts_protocols_may_bring_one_as_a_draft(
    clinician: Client, plan: dict[str, Any]
) -> None:
    first = bring(clinician, plan)

    assert first.status_code == 201
    assert first["Location"] == "http://testserver/fhir/PlanDefinition/ct-chest-abdomen-3m.2"
    draft = Protocol.objects.get(version=2)
    assert draft.state == ProtocolState.DRAFT
    assert draft.definition.phases[0].every == 4
    assert draft.drafted_by is not None
    assert draft.obstacles == []
    assert draft.citation == Protocol.objects.get(version=1).citation

    again = bring(clinician, plan)
    assert (again.status_code, again.json()) == (200, first.json())
    assert bring(clinician, first.json()).status_code == 200  # what came out says the same
    assert Protocol.objects.count() == 2


def test_a_protocol_that_makes_no_sense_is_refused_with_the_place(
    clinician: Client, nurse: Client, plan: dict[str, Any]
) -> None:
    assert bring(nurse, plan).status_code == 403

    plan["action"][0]["timingTiming"]["repeat"]["boundsRange"]["high"]["value"] = 0
    refused = bring(clinician, plan)
    assert refused.status_code == 400
    assert "it must end after it begins" in refused.json()["issue"][0]["diagnostics"]

    del plan["action"][0]["timingTiming"]
    refused = bring(clinician, plan)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["diagnostics"] == "phase 1: timingTiming is missing"

    for nonsense in ("[]", "{", '{"resourceType": "Patient"}', '"x"', "null"):
        assert bring(clinician, nonsense).status_code in (400, 422), nonsense
    assert clinician.post("/fhir/Patient", plan, content_type=JSON).status_code == 405
    assert clinician.post("/fhir/PlanDefinition", b"<a/>", content_type="text/xml").status_code == (
        415
    )
    assert Protocol.objects.count() == 1


JSON = "application/fhir+json"
