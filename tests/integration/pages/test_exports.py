"""Data as files: what stands in them, what no spreadsheet runs, and the record of who took them."""

import csv
import json
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from patients.models import Clinic, Membership
from schedules import jobs
from schedules.actions import record_study, review
from schedules.exports import workbook
from schedules.exports.tables import TABLES
from schedules.models import Decision, ExportTable, Job, JobFile, JobState, Slot
from schedules.tasks import work
from schedules.views import exports
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ScheduleFactory,
    new_lesion,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

HOSTILE = [
    *(f"{start}HYPERLINK(1)" for start in "=+-@＝＋－＠"),
    *("\t=1", "\r=1", "\n=1", "'=1", "''+1", "a\nb", 'a"b,c;d', "\u202e=1", "\x01\x1f", "'t Hooft"),
    *("=" + "x" * 1_000_000, "😀" * 40_000),
]


def taken(client: Client, table: str = "schedules", **choice: Any) -> bytes:
    usual = {"format": "csv", "columns": TABLES[ExportTable(table)].usual}
    answer = client.post(f"/exports/?table={table}", usual | choice)
    assert "filename" in answer.get("Content-Disposition", ""), Page(answer).text("main")
    return bytes(answer.content)


def lines(client: Client, table: str = "schedules", **choice: Any) -> list[dict[str, str]]:
    text = taken(client, table, **choice).decode("utf-8-sig")
    csv.field_size_limit(2_000_000)  # one cell here is that large; an import sets it lower
    return list(csv.DictReader(StringIO(text, newline="")))


def cells(file: bytes) -> list[dict[str, Any]]:
    [sheet] = load_workbook(BytesIO(file)).worksheets
    assert (sheet.freeze_panes, sheet.auto_filter.ref[:2]) == ("A2", "A1")
    header, *rows = sheet.iter_rows()
    return [dict(zip([str(c.value) for c in header], row, strict=True)) for row in rows]


def test_a_line_tells_the_dates_and_the_status_today(
    administrator_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    table = lines(administrator_client)

    assert len(table) == 20
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
        "days_late": str((clinic.today() - overdue_slot.latest_on).days),
        "booking_state": "",
    }
    assert {name: table[0][name] for name in told} == told


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

        line = lines(administrator_client)[0]

        assert (line["outcome"], line["missing_regions"], line["window_status"]) == told


def test_every_table_as_every_file_says_the_same_with_types(
    administrator_client: Client, administrator: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    """Dates are dates, moments the clinic's own, numbers numbers: no day is shifted."""
    starts_at = moment(clinic, days=2)
    BookingFactory.create(slot=overdue_slot, starts_at=starts_at, at=moment(clinic, days=-1))
    performed_on = clinic.today() - timedelta(days=1)
    study = record_study(
        patient=overdue_slot.patient,
        modality="CT",
        performed_on=performed_on,
        regions=["chest"],
        by=administrator,
    )
    new_lesion(study, sites=["liver S6", "lung"], by=administrator)
    review(slot=overdue_slot, decision=Decision.CHASE, reason="Call", by=administrator)
    local = starts_at.astimezone(clinic.zone)
    says: dict[str, dict[str, Any]] = {
        "schedules": {"due_on": overdue_slot.due_on, "booking_starts_at": local, "n": 1},
        "bookings": {"starts_at": local, "minutes": 30, "due_on": overdue_slot.due_on},
        "overdue": {"due_on": overdue_slot.due_on, "decision": "chase", "decision_reason": "Call"},
        "results": {
            "performed_on": performed_on,
            "outcome": "new_lesion",
            "sites": "liver S6; lung",
        },
        "adherence": {"due_on": overdue_slot.due_on, "standing": "open", "counts": False},
    }

    for table, told in says.items():
        as_csv = lines(administrator_client, table)[0]
        as_json = json.loads(taken(administrator_client, table, format="json").splitlines()[0])
        as_xlsx = cells(taken(administrator_client, table, format="xlsx"))[0]
        assert (
            list(as_csv) == list(as_json) == list(as_xlsx) == list(TABLES[ExportTable(table)].usual)
        )
        assert date.fromisoformat(as_json["birth_date"]) == overdue_slot.patient.birth_date
        for name, value in told.items():
            written = value.isoformat() if isinstance(value, date) else value
            assert as_csv[name] == ("false" if value is False else str(written))
            if name != "sites":
                assert as_json[name] == written
            cell = as_xlsx[name]
            if isinstance(value, datetime):
                assert cell.value == value.replace(tzinfo=None)
            elif isinstance(value, date):
                assert (cell.value.date(), cell.number_format) == (value, "yyyy-mm-dd")
            else:
                assert (cell.value, type(cell.value)) == (value, type(value))
    [result] = taken(administrator_client, "results", format="json").splitlines()
    assert json.loads(result)["sites"] == ["liver S6", "lung"]


def test_no_cell_is_run_and_what_was_typed_can_still_be_read(
    administrator_client: Client, clinic: Clinic
) -> None:
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    schedule.slots.filter(n__gt=len(HOSTILE)).delete()
    for slot, text in zip(schedule.slots.order_by("n"), HOSTILE, strict=True):
        Slot.objects.filter(pk=slot.pk).update(outcome_reason=text)

    columns = ["n", "outcome_reason"]
    as_csv = lines(administrator_client, columns=columns)
    as_json = taken(administrator_client, columns=columns, format="json").splitlines()
    as_xlsx = cells(taken(administrator_client, columns=columns, format="xlsx"))

    runs = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    for text, line, told, row in zip(HOSTILE, as_csv, as_json, as_xlsx, strict=True):
        assert json.loads(told)["outcome_reason"] == text
        written = line["outcome_reason"]
        assert not written.startswith(runs)
        unsafe = text.lstrip("'").startswith(runs)
        assert written == (f"'{text}" if unsafe else text)
        cell = row["outcome_reason"]
        assert cell.data_type == "s"
        assert cell.quotePrefix == text.startswith(runs)
        if len(text) < 20_000:
            assert unescape(cell.value) == text
        else:
            assert cell.value.startswith(text[:1000])
            assert cell.value.endswith(f"[cut: {len(text)} characters in all]")
            assert len(cell.value.encode("utf-16-le")) // 2 <= workbook.MOST_SIGNS


def test_more_rows_than_a_sheet_holds_go_on_another(
    administrator_client: Client, overdue_slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 15)

    book = load_workbook(BytesIO(taken(administrator_client, format="xlsx")))

    assert book.sheetnames == ["schedules", "schedules 2"]
    assert [sheet.max_row for sheet in book.worksheets] == [16, 6]


def test_filters_leave_out_rows_and_a_batch_ends_nowhere(
    administrator_client: Client, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.exports.reading.ROWS_AT_ONCE", 25)
    monkeypatch.setattr("schedules.exports.reading.PATIENTS_AT_ONCE", 3)
    slots = [slot_due_in(-30 - n, clinic) for n in range(5)]
    due = slots[2].due_on.isoformat()

    assert len({(line["mrn"], line["n"]) for line in lines(administrator_client)}) == 100
    narrowed = lines(administrator_client, first=due, last=due, state="active")
    assert {line["due_on"] for line in narrowed} == {due}
    assert Look.objects.latest("pk").patient_ids == [slots[2].patient.public_id]
    assert lines(administrator_client, state="suspended") == []
    assert {line["mrn"] for line in lines(administrator_client, "overdue")} == {
        slot.patient.mrn for slot in slots
    }
    assert lines(administrator_client, "overdue", state="lapsed") == []


def test_other_clinics_stay_out_of_every_file_and_one_of_two_can_be_chosen(
    administrator_client: Client, administrator: User, overdue_slot: Slot
) -> None:
    elsewhere = ClinicFactory.create()
    other = slot_due_in(-30, elsewhere)
    BookingFactory.create(slot=other, starts_at=moment(elsewhere, 1), at=moment(elsewhere, -1))
    for table in ExportTable.values:
        for file_format in ("csv", "json"):
            file = taken(administrator_client, table, format=file_format).decode()
            assert other.patient.mrn not in file
            assert elsewhere.code not in file
    refused = administrator_client.post("/exports/", {"clinic": elsewhere.code})
    assert refused.status_code == 200

    MembershipFactory.create(clinic=elsewhere, user=administrator, role=Role.ADMINISTRATOR)
    both = {line["mrn"] for line in lines(administrator_client)}
    assert both == {other.patient.mrn, overdue_slot.patient.mrn}
    one = {line["mrn"] for line in lines(administrator_client, clinic=elsewhere.code)}
    assert one == {other.patient.mrn}


def test_an_export_asks_the_database_as_often_for_many_as_for_one(
    administrator_client: Client, clinic: Clinic
) -> None:
    asked = []
    for patients in (1, 2):
        for _ in range(patients):
            slot_due_in(0, clinic)
        with CaptureQueriesContext(connection) as captured:
            lines(administrator_client)
        asked.append(len(captured))

    assert asked[0] == asked[1]


def test_an_export_is_recorded_shown_and_begun_with_the_next_time(
    administrator_client: Client, administrator: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    lines(administrator_client, columns=["mrn", "due_on"], state="active", first="2020-01-01")

    page = Page(administrator_client.get("/exports/"))
    [row] = page.table(under="Taken before")
    assert (row["Who"], row["What"], row["Rows"]) == (str(administrator), "Schedules, CSV", "20")
    assert row["Only"] == "Active, from 1 Jan 2020"
    event = Event.objects.get(act="schedules.exported")
    assert event.detail["columns"] == ["mrn", "due_on"]
    assert Look.objects.get(page="export").patient_ids == [overdue_slot.patient.public_id]
    changes, looks = (Page(administrator_client.get(f"/audit/{q}")) for q in ("", "?show=looks"))
    assert changes.table(under="Who did what")[0]["Did"] == "Exported data"
    assert "Exports" in {row["Where"] for row in looks.table(under="Who saw whom")}

    def ticked(page: Page) -> list[str]:
        return [str(box["value"]) for box in page.document.select("[name=columns][checked]")]

    assert ticked(page) == ["mrn", "due_on"]
    assert page.find("[name=state] [selected]")["value"] == "active"
    colleague = signed_in(member(clinic, Role.ADMINISTRATOR))
    assert len(ticked(Page(colleague.get("/exports/")))) == 24
    again = Page(colleague.get("/exports/")).link("Choose the same")
    assert ticked(Page(colleague.get(again))) == ["mrn", "due_on"]


def test_much_is_made_in_the_background_for_its_maker_alone_and_for_a_day(
    administrator_client: Client,
    administrator: User,
    clinic: Clinic,
    overdue_slot: Slot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 10)
    small = {"format": "xlsx", "columns": ["mrn", "due_on"]}

    answer = administrator_client.post("/exports/", small)
    address = answer["Location"]
    assert Page(administrator_client.get(address)).text("#so-far") == "0 of 20 rows"
    assert administrator_client.get(f"{address}file/").status_code == 404
    assert jobs.work()

    page = Page(administrator_client.get(address))
    assert "20 rows" in page.text(".job")
    file = administrator_client.get(page.link("Download"))
    content = file.getvalue()
    assert file["Content-Length"] == str(len(content))
    assert [row["mrn"].value for row in cells(content)] == [overdue_slot.patient.mrn] * 20
    event = Event.objects.get(act="schedules.exported")
    assert (event.by_id, event.detail["rows"]) == (administrator.public_id, 20)
    assert Event.objects.get(act="export.downloaded").clinic_code == clinic.code

    colleague = signed_in(member(clinic, Role.ADMINISTRATOR))
    assert colleague.get(f"{address}file/").status_code == 404
    own = Membership.objects.filter(user=administrator)
    own.update(role=Role.NURSE)
    assert administrator_client.get(f"{address}file/").status_code == 403
    MembershipFactory.create(user=administrator, role=Role.ADMINISTRATOR)
    assert administrator_client.get(f"{address}file/").status_code == 404
    own.update(role=Role.ADMINISTRATOR)

    Job.objects.update(ended_at=timezone.now() - timedelta(hours=23))
    work()
    assert JobFile.objects.exists()
    Job.objects.update(ended_at=timezone.now() - timedelta(hours=25))
    work()
    assert not JobFile.objects.exists()
    assert "was deleted" in Page(administrator_client.get(address)).text(".job")
    gone = administrator_client.get(f"{address}file/", follow=True)
    assert "has been deleted" in Page(gone).text()


def test_who_may_export_no_longer_when_it_is_made_gets_no_file_and_is_told(
    administrator_client: Client,
    administrator: User,
    overdue_slot: Slot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 10)
    address = administrator_client.post("/exports/", {"format": "csv", "columns": "mrn"})[
        "Location"
    ]
    Membership.objects.filter(user=administrator).update(role=Role.NURSE)

    assert jobs.work()

    page = Page(administrator_client.get(address))
    assert "You may no longer export all that you asked for." in page.text(".error-summary")
    assert Job.objects.get().state == JobState.FAILED
    assert not JobFile.objects.exists()
