"""Messages, notices and the safety net over the API, beside what the pages show of them."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from imaging.filing import settle
from patients.models import Clinic
from reminders.models import Kind, MessageState, Notice
from schedules.actions import record_result
from schedules.models import ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Look
from tests.factories import ClinicFactory, StudyFactory
from tests.integration.api.described import Program
from tests.integration.api.test_ground import post
from tests.integration.imaging.scene import ct, identity_of, received
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in, slot_due_in, tell_of_all
from tests.integration.pages.test_messages import failed, write

pytestmark = pytest.mark.django_db

MESSAGES, NOTICES, NET = "/api/v1/messages/", "/api/v1/notices/", "/api/v1/safety-net/"


@pytest.fixture
def slot(clinic: Clinic) -> Slot:
    return slot_due_in(-5, clinic)


def listed(program: Client, address: str, **asked: str) -> list[dict[str, Any]]:
    answer = program.get(address, asked)
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_a_failed_message_is_read_and_sent_again(
    clinic: Clinic, nurses_program: Client, clinicians_program: Client
) -> None:
    slot = slot_due_in(-5, clinic)
    message = failed(clinic, slot)
    write(slot_due_in(0, ClinicFactory.create()).patient.clinic)
    address = f"{MESSAGES}{message.public_id}/"

    [row] = listed(nurses_program, MESSAGES, state="failed")
    assert (row["id"], row["patients"]) == (str(message.public_id), [])
    assert not Look.objects.exists()  # the list names nobody, as on the page
    whole = nurses_program.get(address)
    assert whole.json()["body"] == "To book."
    [line] = whole.json()["lines"]
    assert line["patient"]["id"] == str(slot.patient.public_id)
    assert line["what"] in Page(signed_in_of(nurses_program).get(f"/messages/{row['id']}/")).text()
    assert Look.objects.filter(page="API: messages").count() == 1

    again = f"{address}send-again/"
    assert post(clinicians_program, again, {}, if_match="*").status_code == 403
    sent = post(nurses_program, again, {}, if_match=whole["ETag"])
    assert (sent.status_code, sent.json()["state"]) == (200, MessageState.QUEUED)
    assert post(nurses_program, again, {}, if_match=whole["ETag"]).status_code == 412
    assert post(nurses_program, again, {}, if_match="*").status_code == 409
    assert listed(nurses_program, MESSAGES, state="failed") == []


def signed_in_of(program: Client) -> Client:
    """Return a browser of the person to whom a program belongs."""
    answer: Any = program.get(MESSAGES)
    return signed_in(answer.wsgi_request.user)


def test_the_inbox_is_the_pages_and_an_alert_is_taken_in_hand(
    clinic: Clinic, clinician: User, clinicians_program: Client, nurses_program: Client
) -> None:
    slot = slot_due_in(-60, clinic)
    tell_of_all(clinic)
    tell_of_all(slot_due_in(-60, ClinicFactory.create()).patient.clinic)

    inbox = listed(clinicians_program, f"{NOTICES}inbox/")

    page = Page(signed_in(clinician).get("/inbox/"))
    assert {row["what"] for row in inbox} == {row["Of"] for row in page.table()}
    assert {row["patient"] for row in inbox} == {str(slot.patient.public_id)}
    alert = next(row for row in inbox if row["kind"] == Kind.OVERDUE)
    address = f"{NOTICES}{alert['id']}/"
    etag = clinicians_program.get(address)["ETag"]
    assert post(nurses_program, f"{address}acknowledge/", {}, if_match=etag).status_code == 403
    taken = post(clinicians_program, f"{address}acknowledge/", {}, if_match=etag)
    assert taken.json()["acknowledged_by"] == str(clinician)
    assert post(clinicians_program, f"{address}acknowledge/", {}, if_match="*").status_code == 409
    assert listed(clinicians_program, NOTICES, kind="overdue", is_open="true") == []
    theirs = Notice.objects.exclude(patient=slot.patient).first()
    assert theirs
    assert clinicians_program.get(f"{NOTICES}{theirs.public_id}/").status_code == 404


def test_the_safety_net_is_the_commands_a_page_at_a_time(
    clinic: Clinic, slot: Slot, nurses_program: Client
) -> None:
    slot_due_in(-100, clinic)
    slot_due_in(-200, clinic)
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("safety_net", "--json", stdout=said)
    whole = json.loads(said.getvalue())["rows"]
    slot_due_in(-100, ClinicFactory.create())

    address, found = f"{NET}?limit=1", []
    while address:
        page = nurses_program.get(address).json()
        assert (page["fallen_through"], page["followed"]) == (len(whole), 3)
        found += page["results"]
        address = page["next"]

    assert len(whole) > 1
    assert found == whole
    for query in ("on=0001-01-01", "on=9999-12-31", "on=x", "after=x", "after=a~b~c~d", "nmae=1"):
        assert nurses_program.get(f"{NET}?{query}").status_code == 400, query
    assert Look.objects.filter(page="API: safety net").count() == len(whole)


def test_lists_take_as_many_queries_however_long_they_are(
    clinic: Clinic, nurse: User, clinicians_program: Program
) -> None:
    addresses = [
        "/api/v1/studies/",
        "/api/v1/results/",
        "/api/v1/images/",
        MESSAGES,
        NOTICES,
        f"{NOTICES}inbox/",
        NET,
    ]

    def enter(number: int) -> None:
        for _ in range(number):
            slot = slot_due_in(-60, clinic)
            study = StudyFactory.create(patient=slot.patient, modality="MR", regions=["head"])
            record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=nurse)
            header = ct(identity_of(slot.patient), uid=study.study_uid)
            settle(received=received(clinic, header))
            write(clinic, slot)

    def asked() -> list[int]:
        counted = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert len(listed(clinicians_program, address)) >= 1, address
            counted.append(len(queries))
        return counted

    enter(1)
    tell_of_all(clinic)
    asked()
    few = asked()
    enter(19)
    tell_of_all(clinic)
    assert dict(zip(addresses, asked(), strict=True)) == dict(zip(addresses, few, strict=True))
