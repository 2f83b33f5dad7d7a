"""People and programs while the database is away: each is told so, and goes on once it is back."""

from datetime import timedelta

from django.db import connection
from django.test import Client

from surveillance.accounts.roles import Act, Role
from surveillance.api.models import Token
from tests.factories import MembershipFactory
from tests.integration.faults.servers import Servers

MEMBER = "/worklists/to-book/"
PROGRAM = "/api/v1/worklists/to-book/"


def test_pages_and_programs_are_told_that_the_database_is_away(servers: Servers) -> None:
    nurse = MembershipFactory.create(role=Role.NURSE).user
    person = Client(raise_request_exception=False)
    person.force_login(nurse)
    _, token = Token.objects.create(nurse, expiry=timedelta(days=1), name="P", acts=list(Act))
    program = Client(raise_request_exception=False, headers={"authorization": f"Token {token}"})
    assert person.get(MEMBER).status_code == program.get(PROGRAM).status_code == 200

    servers.stop_postgres()
    try:
        page, answer, outcome = (
            person.get(MEMBER),
            program.get(PROGRAM),
            program.get("/fhir/Patient"),
        )
    finally:
        servers.start_postgres()
    connection.close()

    for one in (page, answer, outcome):
        assert (one.status_code, one["Retry-After"]) == (503, "5")
    assert "The program does not reach its data" in page.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    assert "does not reach its data" in answer.json()["detail"]
    assert outcome.json()["issue"][0]["code"] == "transient"
    assert person.get(MEMBER).status_code == program.get(PROGRAM).status_code == 200
