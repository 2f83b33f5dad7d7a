"""Who looked and who changed, at the end of a patient's page and in the audit."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.models import Clinic, Patient
from schedules.actions import book
from schedules.models import Scanner, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.actions import record_look
from surveillance.audit.models import Event, Look
from surveillance.audit.queries import LATEST, changes_of, looks_at
from tests.factories import ClinicFactory, PatientFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db

Rows = list[tuple[str, ...]]


def traces(page: Page) -> Mapping[str, Rows]:
    """The rows below each heading of the section: first those shown, then those folded away."""
    told = {}
    for part in page.document.select("section[aria-labelledby=traces] .groups > div"):
        rows = [tuple(map(text_of, row.select("td"))) for row in part.select("tbody tr")]
        told[text_of(part.select("h3")[0])] = rows
    return told


def page_of(client: Client, patient: Patient) -> Page:
    return Page(client.get(f"/patients/{patient.public_id}/"))


def looked(patient: Patient, by: User, page: str, at: datetime) -> None:
    record_look(page=page, by=by, patients=[patient])
    with unguarded():
        Look.objects.filter(pk=Look.objects.latest("pk").pk).update(at=at)


def test_the_page_tells_who_booked_and_who_looked_in_words_and_in_the_clinics_time(
    nurse_client: Client, nurse: User, clinician: User, scanner: Scanner
) -> None:
    clinic = scanner.clinic
    clinic.time_zone = "Asia/Tokyo"
    clinic.save()
    slot = slot_due_in(0, clinic)
    patient, other = slot.patient, PatientFactory.create(clinic=clinic)
    book(slot=slot, scanner=scanner, starts_at=moment(clinic, 1), by=nurse)
    with unguarded():
        Event.objects.update(at=moment(clinic, -3))
    yesterday = clinic.today() - timedelta(days=1)
    for hour, minute in ((8, 0), (23, 59)):
        at = datetime.combine(yesterday, time(hour, minute), clinic.zone)
        looked(patient, clinician, "overdue", at)
    looked(patient, clinician, "overdue", moment(clinic, -2))
    looked(patient, nurse, "overdue", moment(clinic, -2) - timedelta(hours=1))
    looked(other, clinician, "review", moment(clinic, -1))

    told = traces(page_of(nurse_client, patient))

    when = "{0:%-d %b %Y}, {0:%H:%M}".format
    assert told["Changed"][0] == (
        when(moment(clinic, -3)),
        "Naomi Nurse",
        "Booked an appointment",
    )
    assert [line[2] for line in told["Changed"][1:]] == ["Started the follow-up"]
    assert told["Looked"][0][1:] == ("Naomi Nurse", "The patient’s page")
    assert told["Looked"][1:] == [
        (when(at), "Carl Clinician", "Overdue 2 times"),
        (when(moment(clinic, -2)), "Carl Clinician", "Overdue"),
        (when(moment(clinic, -2) - timedelta(hours=1)), "Naomi Nurse", "Overdue"),
    ]


def test_who_opens_the_page_again_stays_one_line(nurse_client: Client, open_slot: Slot) -> None:
    for _ in range(2):
        page = page_of(nurse_client, open_slot.patient)

    [line] = traces(page)["Looked"]
    assert line[1:] == ("Naomi Nurse", "The patient’s page 2 times")


def test_a_list_of_two_clinics_shows_at_each_patient_their_own_look_alone(
    nurse: User, nurse_client: Client, open_slot: Slot
) -> None:
    """Who sees one clinic alone reads nothing of what was looked at in the other."""
    elsewhere = ClinicFactory.create()
    stranger = member(elsewhere, Role.NURSE, "Strange Nurse")
    theirs = PatientFactory.create(clinic=elsewhere)
    record_look(page="patients", by=nurse, patients=[open_slot.patient, theirs])
    record_look(page="patients", by=stranger, patients=[theirs])

    ours = traces(page_of(nurse_client, open_slot.patient))["Looked"]
    others = traces(page_of(signed_in(stranger), theirs))["Looked"]

    assert [line[1:] for line in ours] == [
        ("Naomi Nurse", "The patient’s page"),
        ("Naomi Nurse", "Patients"),
    ]
    assert [line[1:] for line in others] == [
        ("Strange Nurse", "The patient’s page"),
        ("Strange Nurse", "Patients"),
        ("Naomi Nurse", "Patients"),
    ]
    assert page_of(nurse_client, theirs).status == 404


def enter_many(patient: Patient, times: int) -> None:
    """Enter acts and looks, each look by somebody of its own."""
    told = {"clinic_code": patient.clinic_code, "by_name": "Somebody With A Rather Long Name"}
    Event.objects.bulk_create(
        Event(act="schedule.protocol_changed", patient_id=patient.public_id, **told)
        for _ in range(times)
    )
    Look.objects.bulk_create(
        Look(page="take over", patient_ids=[patient.public_id], by_id=uuid4(), **told)
        for _ in range(times)
    )


def test_ten_are_shown_and_no_more_than_thirty_at_no_more_queries(
    nurse_client: Client, open_slot: Slot
) -> None:
    queries = []
    for times in (2, LATEST + 1):
        enter_many(open_slot.patient, times)
        with CaptureQueriesContext(connection) as captured:
            answer = nurse_client.get(f"/patients/{open_slot.patient.public_id}/")
        queries.append(len(captured))

    page = Page(answer)
    folded = page.document.select("section[aria-labelledby=traces] details tbody")
    assert [len(rows) for rows in traces(page).values()] == [LATEST, LATEST]
    assert [len(rows.select("tr")) for rows in folded] == [LATEST - 10, LATEST - 10]
    assert queries[0] == queries[1]
    assert len(answer.content) < 100_000


def test_both_lists_are_found_by_the_patient(open_slot: Slot) -> None:
    patient = open_slot.patient
    enter_many(patient, 2)
    for _ in range(20):
        enter_many(PatientFactory.create(clinic=patient.clinic), 40)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE audit_event, audit_look")  # or the plan is one for empty tables
        with CaptureQueriesContext(connection) as captured:
            told = [changes_of(patient), looks_at(patient, patient.clinic.zone)]
        plans = []
        for query in list(captured):
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append(str(cursor.fetchall()))

    assert [len(lines) for lines in told] == [3, 2]
    assert "event_by_patient" in plans[0]
    assert "look_by_patient" in plans[1]


def test_the_audit_speaks_in_the_same_words(
    administrator_client: Client, nurse: User, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    book(slot=open_slot, scanner=scanner, starts_at=moment(clinic, 1), by=nurse)
    record_look(page="to book", by=nurse, patients=[open_slot.patient])

    changes = Page(administrator_client.get("/audit/"))
    looks = Page(administrator_client.get("/audit/?show=looks"))

    assert changes.table("Who did what")[0]["Did"] == "Booked an appointment"
    assert [row["Where"] for row in looks.table("Who saw whom")] == ["Audit", "To book"]
