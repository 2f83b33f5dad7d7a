"""Schedules as CSV, and the record of who took them."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.models import Clinic
from schedules.actions import record_study
from schedules.exports import HEADER
from schedules.models import Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Look
from tests.factories import BookingFactory, ScheduleFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db

EXPORT = "/exports/schedules.csv"


def exported(client: Client) -> list[dict[str, str]]:
    answer = client.post(EXPORT)
    return list(csv.DictReader(StringIO(answer.getvalue().decode())))


def test_the_file_is_csv_with_a_header_and_one_line_a_slot(
    administrator_client: Client, overdue_slot: Slot
) -> None:
    answer = administrator_client.post(EXPORT)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="schedules.csv"'
    header, *lines = csv.reader(StringIO(answer.getvalue().decode()))
    assert tuple(header) == HEADER
    assert len(lines) == 20


def test_a_line_tells_the_dates_and_the_status_today(
    administrator_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    line = exported(administrator_client)[0]

    days_late = (clinic.today() - overdue_slot.latest_on).days
    told = {
        "mrn": overdue_slot.patient.mrn,
        "family_name": overdue_slot.patient.family_name,
        "protocol": "ct-chest-abdomen-3m",
        "n": "1",
        "due_on": overdue_slot.due_on.isoformat(),
        "latest_on": overdue_slot.latest_on.isoformat(),
        "outcome": "open",
        "missing_regions": "chest abdomen",
        "on": clinic.today().isoformat(),
        "window_status": "overdue",
        "days_late": str(days_late),
        "booking_state": "",
    }
    assert {name: line[name] for name in told} == told


def test_what_is_partly_done_names_what_is_missing_and_what_is_done_is_not_late(
    administrator_client: Client, administrator: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    for regions, told in (
        (["chest"], ("partially_satisfied", "abdomen", "overdue")),
        (["abdomen"], ("satisfied", "", "")),
    ):
        record_study(
            patient=overdue_slot.patient,
            modality="CT",
            performed_on=clinic.today() - timedelta(days=1),
            regions=regions,
            by=administrator,
        )

        line = exported(administrator_client)[0]

        assert (line["outcome"], line["missing_regions"], line["window_status"]) == told


def test_the_last_appointment_stands_in_the_clinics_own_time(
    administrator_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    starts_at = moment(clinic, days=2)
    BookingFactory.create(slot=overdue_slot, starts_at=starts_at, at=moment(clinic, days=-1))

    line = exported(administrator_client)[0]

    assert line["booking_state"] == "booked"
    assert line["booking_starts_at"] == starts_at.isoformat()
    assert line["booking_starts_at"].endswith("09:00:00+09:00")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_that_a_spreadsheet_would_run_is_escaped(
    administrator_client: Client, clinic: Clinic, start: str
) -> None:
    name = f"{start}cmd|'/c calc'!A1"
    ScheduleFactory.create(
        anchor__tumour__patient__clinic=clinic, anchor__tumour__patient__family_name=name
    )

    assert exported(administrator_client)[0]["family_name"] == f"'{name}"


def test_other_clinics_stay_out_of_the_file(
    administrator_client: Client, overdue_slot: Slot
) -> None:
    ScheduleFactory.create()  # of another clinic

    clinics = {line["clinic"] for line in exported(administrator_client)}

    assert clinics == {overdue_slot.patient.clinic.code}


def test_an_export_asks_the_database_as_often_for_many_as_for_one(
    administrator_client: Client, clinic: Clinic
) -> None:
    asked = []
    for patients in (1, 2):
        for _ in range(patients):
            slot_due_in(0, clinic)
        with CaptureQueriesContext(connection) as captured:
            exported(administrator_client)
        asked.append(len(captured))

    assert asked[0] == asked[1]


def test_an_export_is_seen_afterwards_on_exports_and_in_the_audit(
    administrator_client: Client, administrator: User, overdue_slot: Slot
) -> None:
    administrator_client.post(EXPORT)

    [taken] = Page(administrator_client.get("/exports/")).table(under="Taken before")
    assert (taken["Who"], taken["Slots"]) == (str(administrator), "20")
    audit = Page(administrator_client.get("/audit/"))
    assert audit.table(under="Who did what")[0]["Did"] == "Exported schedules"
    assert audit.table(under="Who saw whom")[0]["Where"] == "Export of the schedules"


def test_an_export_records_whom_it_showed(administrator_client: Client, overdue_slot: Slot) -> None:
    administrator_client.post(EXPORT)

    assert Look.objects.get(page="export").patient_ids == [overdue_slot.patient.public_id]
