"""What holds for every request to the API."""

import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.throttling import UserRateThrottle

from patients.models import Clinic, Patient
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.api.models import Answered, Token
from surveillance.audit.models import Event, Look
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db

PATIENTS = "/api/v1/patients/"


def one_patient(clinic: Clinic) -> dict[str, Any]:
    return {
        "clinic": clinic.code,
        "mrn": "T-1",
        "family_name": "Test",
        "given_name": "Trial",
        "birth_date": "1960-02-29",
        "sex": "female",
    }


def post(program: Client, address: str, told: object, **headers: str) -> Any:
    return program.post(address, json.dumps(told), "application/json", headers=headers)


def test_without_a_token_or_a_session_one_is_asked_for(client: Client) -> None:
    answer = client.get(PATIENTS)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer["WWW-Authenticate"] == "Token"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Unauthorized"


@pytest.mark.parametrize("token", ["", "x", "é", "Token", "a b", "x" * 100_000])
def test_what_is_no_token_is_refused(client: Client, token: str) -> None:
    answer = client.get(PATIENTS, headers={"authorization": f"Token {token}"})

    assert answer.status_code == HTTPStatus.UNAUTHORIZED


def test_of_a_token_its_hash_alone_is_kept_and_its_use_is_noted(
    nurse: User, program_of: Callable[..., Client]
) -> None:
    program = program_of(nurse)
    kept = Token.kept.get()
    assert kept.last_used_at is None
    assert kept.digest not in str(program.defaults) + str(program.headers)

    program.get(PATIENTS)
    first = Token.kept.get().last_used_at
    program.get(PATIENTS)

    assert first is not None
    assert Token.kept.get().last_used_at == first  # to the minute: a write each would cost more


def test_a_token_ends_with_its_day_and_with_its_owner(
    nurse: User, program_of: Callable[..., Client]
) -> None:
    program = program_of(nurse)
    Token.kept.update(expiry=timezone.now() - timedelta(seconds=1))
    assert program.get(PATIENTS).status_code == HTTPStatus.UNAUTHORIZED

    another = program_of(nurse)
    assert another.get(PATIENTS).status_code == HTTPStatus.OK
    User.objects.filter(pk=nurse.pk).update(is_active=False)
    assert another.get(PATIENTS).status_code == HTTPStatus.UNAUTHORIZED


def test_a_token_does_what_its_scopes_and_the_role_both_allow(
    clinic: Clinic, nurse: User, program_of: Callable[..., Client]
) -> None:
    reads = program_of(nurse, Act.SEE_PATIENTS, Act.REGISTER_PATIENT, read_only=True)
    assert reads.get(PATIENTS).status_code == HTTPStatus.OK
    assert post(reads, PATIENTS, one_patient(clinic)).status_code == HTTPStatus.FORBIDDEN
    assert post(reads, f"{PATIENTS}search/", {"q": "T"}).status_code == HTTPStatus.OK

    books = program_of(nurse, Act.BOOK)
    refused = books.get(PATIENTS)
    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert "does not reach so far: see patients" in refused.json()["detail"]
    assert not Patient.objects.exists()


def test_a_session_serves_as_well_if_it_proves_where_it_comes_from(
    clinic: Clinic, nurse: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(nurse)

    assert client.get(PATIENTS).status_code == HTTPStatus.OK
    assert post(client, PATIENTS, one_patient(clinic)).status_code == HTTPStatus.FORBIDDEN


def test_what_is_in_another_clinic_is_not_there(nurses_program: Client) -> None:
    stranger = PatientFactory.create()
    elsewhere = stranger.clinic

    assert nurses_program.get(PATIENTS).json()["results"] == []
    assert nurses_program.get(f"{PATIENTS}{stranger.public_id}/").status_code == 404
    assert nurses_program.get(f"{PATIENTS}{uuid4()}/").status_code == 404
    refused = post(nurses_program, PATIENTS, one_patient(elsewhere))
    assert refused.json()["errors"] == [
        {"field": "clinic", "message": "It is none of your clinics."}
    ]
    refused = post(
        nurses_program, "/api/v1/tumours/", {"patient": str(stranger.public_id), "site": "thigh"}
    )
    assert {"field": "patient", "message": "There is none with this id."} in (
        refused.json()["errors"]
    )
    assert not Look.objects.exists()


def test_a_patient_is_registered_once_however_often_the_request_comes(
    clinic: Clinic, nurses_program: Client
) -> None:
    told = one_patient(clinic)
    first = post(nurses_program, PATIENTS, told, idempotency_key="a")
    again = post(nurses_program, PATIENTS, told, idempotency_key="a")

    assert (first.status_code, first.json()) == (HTTPStatus.CREATED, again.json())
    assert first["ETag"] == again["ETag"]
    assert Patient.objects.count() == Event.objects.filter(act="patient.registered").count() == 1
    assert Look.objects.count() == 2  # both showed the patient

    other = post(nurses_program, PATIENTS, told | {"mrn": "T-2"}, idempotency_key="a")
    assert other.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    refused = post(nurses_program, PATIENTS, told, idempotency_key="b")
    assert refused.json()["errors"][0]["field"] == "mrn"
    mended = post(nurses_program, PATIENTS, told | {"mrn": "T-2"}, idempotency_key="b")
    assert mended.status_code == HTTPStatus.CREATED  # what was refused may come again, mended

    Answered.objects.update(at=timezone.now() - timedelta(days=2))
    assert post(nurses_program, PATIENTS, told, idempotency_key="c").status_code == 400
    post(nurses_program, PATIENTS, told | {"mrn": "T-3"}, idempotency_key="d")
    assert [one.key for one in Answered.objects.all()] == ["d"]  # the others are a day old


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_one_key_one_is_done_and_both_are_answered(
    clinic: Clinic, nurse: User, program_of: Callable[..., Client]
) -> None:
    program = program_of(nurse)
    told = one_patient(clinic)

    answers = at_once([lambda: post(program, PATIENTS, told, idempotency_key="k").json()] * 2)

    assert answers[0] == answers[1]
    assert Patient.objects.count() == 1


def test_a_change_says_which_state_is_meant(clinic: Clinic, nurses_program: Client) -> None:
    patient = PatientFactory.create(clinic=clinic)
    address = f"{PATIENTS}{patient.public_id}/"
    told = {"contact_by": "email", "language": "en", "email": "a@example.org"}
    read = nurses_program.get(address)
    for had in (read["ETag"], f"W/{read['ETag']}", f'"other",{read["ETag"]}'):
        assert nurses_program.get(address, headers={"if-none-match": had}).status_code == 304

    silent = post(nurses_program, f"{address}agree-to-messages/", told)
    assert silent.status_code == HTTPStatus.PRECONDITION_REQUIRED
    either = f'"other",{read["ETag"]}'
    done = post(nurses_program, f"{address}agree-to-messages/", told, if_match=either)
    assert (done.status_code, done.json()["email"]) == (HTTPStatus.OK, "a@example.org")
    late = post(nurses_program, f"{address}withdraw-consent/", {}, if_match=read["ETag"])
    assert late.status_code == HTTPStatus.PRECONDITION_FAILED
    post(nurses_program, f"{address}withdraw-consent/", {}, if_match=done["ETag"])
    patient.refresh_from_db()
    assert patient.contact_by == ""


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"birth_date": "tomorrow"}, "birth_date"),
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"birth_date": "0001-01-01"}, "birth_date"),
        ({"sex": "yes"}, "sex"),
        ({"mrn": "a\x00b"}, "mrn"),
        ({"mrn": "x" * 65}, "mrn"),
        ({"adress": "misspelt"}, "adress"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(
    clinic: Clinic, nurses_program: Client, told: dict[str, str], field: str
) -> None:
    refused = post(nurses_program, PATIENTS, one_patient(clinic) | told)

    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"mrn": NaN}', 400),
        (b'{"\\ud800": 1}', 400),
        (b"[" * 100_000, 400),
        (b'"' + b"x" * 3_000_000 + b'"', 413),
    ],
)
def test_what_is_no_json_is_refused(nurses_program: Client, sent: bytes, status: int) -> None:
    refused = nurses_program.post(PATIENTS, sent, "application/json")

    assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=201", "after=x", "nmae=x", "has_died=perhaps"]
)
def test_what_an_address_may_not_ask_is_refused(nurses_program: Client, query: str) -> None:
    refused = nurses_program.get(f"{PATIENTS}?{query}")

    assert refused.status_code == HTTPStatus.BAD_REQUEST


def test_a_list_is_read_a_page_at_a_time_and_each_look_recorded(
    clinic: Clinic, nurses_program: Client
) -> None:
    patients = PatientFactory.create_batch(5, clinic=clinic)
    PatientFactory.create(clinic=ClinicFactory.create())
    address, seen = f"{PATIENTS}?limit=2", []
    while address:
        page = nurses_program.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    assert sorted(seen) == sorted(str(patient.public_id) for patient in patients)
    assert [len(look.patient_ids) for look in Look.objects.order_by("pk")] == [2, 2, 1]
    assert Look.objects.first().page == "API: patients"  # type: ignore[union-attr]


def test_a_list_takes_as_many_queries_however_long_it_is(
    clinic: Clinic, nurses_program: Client
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            nurses_program.get(PATIENTS)
        return len(queries)

    PatientFactory.create(clinic=clinic)
    asked()  # the first notes the use of the token
    few = asked()
    PatientFactory.create_batch(20, clinic=clinic)

    assert asked() == few


def test_too_many_requests_are_told_to_wait(
    nurses_program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    answers = [nurses_program.get(PATIENTS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_a_role_that_sees_no_patients_is_refused(
    clinic: Clinic, program_of: Callable[..., Client]
) -> None:
    administrator = MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user
    refused = program_of(administrator).get(PATIENTS)

    assert refused.status_code == HTTPStatus.FORBIDDEN
    assert refused.json()["detail"] == "Your role does not let you see patients."


@pytest.mark.parametrize("address", ["/api/nothing", "/api/v1/patients/no-id/", "/api/v1/a%0Ab/"])
def test_what_is_not_there_is_a_problem_too(client: Client, address: str) -> None:
    answer = client.get(address)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("key", [" ", "a b", "x" * 201, "é"])
def test_a_key_that_is_none_is_refused(clinic: Clinic, nurses_program: Client, key: str) -> None:
    refused = post(nurses_program, PATIENTS, one_patient(clinic), idempotency_key=key)

    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert not Patient.objects.exists()


def test_what_was_answered_is_not_told_again_to_who_has_left_that_clinic(
    clinic: Clinic, nurse: User, nurses_program: Client
) -> None:
    MembershipFactory.create(user=nurse, clinic=ClinicFactory.create(), role=Role.NURSE)
    post(nurses_program, PATIENTS, one_patient(clinic), idempotency_key="a")
    nurse.memberships.get(clinic=clinic).delete()

    again = post(nurses_program, PATIENTS, one_patient(clinic), idempotency_key="a")

    assert again.status_code == HTTPStatus.NOT_FOUND
    assert "Trial" not in again.content.decode()
