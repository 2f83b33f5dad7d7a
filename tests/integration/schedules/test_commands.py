import csv
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Model
from django.test import Client
from openpyxl import load_workbook
from pytest_django import DjangoDbBlocker

from patients.models import Clinic, Patient
from patients.queries import clinic_days
from schedules.anchors import proposals
from schedules.models import Booking, BookingState, Protocol, ProtocolState, Review, Slot, Study
from schedules.queries import booked, deferred, overdue, to_book, unmatched_studies
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.audit.models import Event, Look
from tests.factories import ScheduleFactory

pytestmark = pytest.mark.django_db

PREVIEW = ("preview_schedule", "--protocol=ct-chest-abdomen-3m", "--anchor=2026-01-15")


def run(*command: str) -> str:
    said = StringIO()
    call_command(*command, stdout=said)
    return said.getvalue()


def test_a_preview_shows_each_slot_on_a_line_with_the_reason_below() -> None:
    first, why, *rest = run(*PREVIEW, "--on=2026-05-01").splitlines()

    assert first.split() == [
        *("1", "CT", "chest+abdomen"),
        *("2026-03-15", "2026-04-15", "2026-04-29", "2026-06-14", "overdue"),
    ]
    assert why.strip().startswith("CT chest+abdomen, number 1 of its series under ")
    assert len(rest) == 2 * 19


def test_a_preview_as_json_holds_the_dates_the_status_and_the_reason_of_each_slot() -> None:
    preview = json.loads(run(*PREVIEW, "--on=2026-05-01", "--json"))

    assert (preview["protocol"], preview["anchor_on"]) == ("ct-chest-abdomen-3m", "2026-01-15")
    assert [slot["n"] for slot in preview["slots"]] == list(range(1, 21))
    first = preview["slots"][0]
    assert "15 January 2026 + 3 months = 15 April 2026" in first.pop("why")
    assert first == {
        "n": 1,
        "exam": "CT chest+abdomen",
        "earliest_on": "2026-03-15",
        "due_on": "2026-04-15",
        "latest_on": "2026-04-29",
        "lapses_on": "2026-06-14",
        "status": "overdue",
    }


@pytest.mark.parametrize(
    ("on", "status"),
    [
        ("2026-03-14", "upcoming"),
        ("2026-03-15", "due"),
        ("2026-04-29", "due"),
        ("2026-04-30", "overdue"),
        ("2026-06-15", "lapsed"),
    ],
)
def test_a_preview_is_of_the_day_asked_for(on: str, status: str) -> None:
    preview = json.loads(run(*PREVIEW, f"--on={on}", "--json"))

    assert preview["slots"][0]["status"] == status


def test_a_preview_of_an_unknown_protocol_names_the_known_ones() -> None:
    with pytest.raises(CommandError, match=r"no protocol ct-weekly\. Known: .*ct-chest-abdomen-3m"):
        run("preview_schedule", "--protocol=ct-weekly", "--anchor=2026-01-15")


def test_loading_protocols_twice_adds_them_once() -> None:
    first, second = run("load_protocols"), run("load_protocols")

    assert "added ct-chest-abdomen-3m version 1\n" in first
    assert second == ""
    assert [str(one) for one in Protocol.objects.filter(state=ProtocolState.ACTIVE)] == [
        "ct-chest-abdomen-3m version 1"
    ]


def test_an_export_writes_one_line_a_slot_and_is_recorded(tmp_path: Path) -> None:
    patient = ScheduleFactory.create().tumour.patient
    path = tmp_path / "schedules.csv"

    said = run("export_schedules", "--format=csv", f"--output={path}")

    assert said == f"20 rows of schedules written to {path}\n"
    with path.open(encoding="utf-8", newline="") as file:
        assert [line["mrn"] for line in csv.DictReader(file)] == [patient.mrn] * 20
    event = Event.objects.get(act="schedules.exported")
    assert (event.by_name, event.clinic_code) == ("manage.py export_schedules", patient.clinic_code)
    assert Look.objects.get(page="export").patient_ids == [patient.public_id]


def test_each_form_of_file_is_written(tmp_path: Path) -> None:
    patient = ScheduleFactory.create().tumour.patient

    path = tmp_path / "adherence.jsonl"
    run("export_schedules", "--format=json", "--table=adherence", f"--output={path}")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["mrn"] for line in lines} == {patient.mrn}

    path = tmp_path / "schedules.xlsx"
    run("export_schedules", "--format=xlsx", f"--output={path}")
    assert len(list(load_workbook(path)["schedules"].rows)) == 21


def test_an_export_of_one_clinic_holds_no_other(tmp_path: Path) -> None:
    asked_for, other = (ScheduleFactory.create().tumour.patient for _ in range(2))
    path = tmp_path / "schedules.csv"

    run("export_schedules", f"--output={path}", f"--clinic={asked_for.clinic_code}")

    text = path.read_text(encoding="utf-8")
    assert asked_for.mrn in text
    assert other.mrn not in text


def test_an_export_of_an_unknown_clinic_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schedules.csv"

    with pytest.raises(CommandError, match="There is no clinic with the code nowhere"):
        run("export_schedules", f"--output={path}", "--clinic=nowhere")

    assert not path.exists()


def test_an_export_to_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "no-such-folder" / "schedules.csv"

    with pytest.raises(CommandError, match=r"schedules\.csv cannot be written: No such file"):
        run("export_schedules", f"--output={path}")


TODAY = date(2025, 8, 31)
SEED = ("seed_demo", "--patients=12", "--seed=7", f"--today={TODAY}")


@dataclass(frozen=True)
class Demo:
    """What `seed_demo` entered, and what the lists of that day hold of it."""

    said: str
    rows: dict[str, list[Any]]
    situations: dict[str, int]
    may_sign_in: dict[str, bool]
    said_again: str
    rows_after_that: dict[str, list[Any]]


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Demo:
    with django_db_blocker.unblock(), transaction.atomic():
        run("load_protocols")
        entered = Demo(
            said=run(*SEED),
            rows=rows(),
            situations=situations(),
            may_sign_in={
                name: Client().login(username=name, password="demo-only-password")
                for name in ("nurse", "clinician", "admin")
            },
            said_again=run(*SEED),
            rows_after_that=rows(),
        )
        transaction.set_rollback(True)
    return entered


CONTACT = ("contact_by", "language", "email", "consented_at", "responsible__username")


def rows() -> dict[str, list[Any]]:
    """The people, and the dates of what was done, without what the database makes up."""
    tables: list[tuple[type[Model], tuple[str, ...]]] = [
        (User, ("username",)),
        (Patient, ("mrn", "family_name", "given_name", "birth_date", "sex", "phone", *CONTACT)),
        (Slot, ("schedule__tumour__patient__mrn", "due_on", "outcome")),
        (Study, ("patient__mrn", "performed_on", "regions", "result__outcome")),
        (Booking, ("slot__schedule__tumour__patient__mrn", "starts_at", "scanner__name", "state")),
        (Review, ("slot__schedule__tumour__patient__mrn", "decision", "until")),
    ]
    return {
        table.__name__: list(table._default_manager.order_by(*fields).values_list(*fields))
        for table, fields in tables
    }


def situations() -> dict[str, int]:
    clinics = Clinic.objects.all()
    days = clinic_days(clinics, on=TODAY)
    midnight = days[0].begins_at
    return {
        "to book": to_book(days).count(),
        "overdue": overdue(days).count(),
        "deferred": deferred(days).count(),
        "booked ahead": booked(clinics).filter(starts_at__gte=midnight).count(),
        "passed without an outcome": booked(clinics).filter(starts_at__lt=midnight).count(),
        "did not attend": Booking.objects.filter(state=BookingState.NO_SHOW).count(),
        "partly done": Slot.objects.filter(outcome=Outcome.PARTIALLY_SATISFIED).count(),
        "new anchor proposed": len(proposals(clinics)),
        "study without a match": unmatched_studies(clinics).count(),
    }


def test_the_demo_holds_both_published_cases_and_the_cohort(demo: Demo) -> None:
    assert demo.said == "Entered the two published cases and 12 invented patients.\n"
    assert [mrn for mrn, *_ in demo.rows["Patient"]] == [
        *("CASE-1", "CASE-2"),
        *(f"DEMO-{n:04}" for n in range(1, 13)),
    ]


def test_the_demo_holds_every_situation(demo: Demo) -> None:
    assert [name for name, patients in demo.situations.items() if patients == 0] == []


def test_half_of_the_demos_cohort_agreed_to_messages_some_in_japanese(demo: Demo) -> None:
    contacts = [row[-len(CONTACT) :] for row in demo.rows["Patient"]]

    assert Counter((contact_by, language) for contact_by, language, *_ in contacts) == {
        ("", "en"): 8,
        ("email", "en"): 2,
        ("email", "ja"): 2,
        ("sms", "en"): 1,
        ("sms", "ja"): 1,
    }
    assert {email.partition("@")[2] for *_, email, _, _ in contacts} == {"", "example.org"}
    assert {responsible for *_, responsible in contacts} == {"clinician"}


def test_each_demo_login_works(demo: Demo) -> None:
    assert demo.may_sign_in == {"nurse": True, "clinician": True, "admin": True}


def test_seeding_the_demo_again_changes_nothing(demo: Demo) -> None:
    assert demo.said_again == "There are clinics here already: nothing is entered.\n"
    assert demo.rows_after_that == demo.rows


def test_the_demo_is_the_same_for_the_same_arguments(demo: Demo) -> None:
    run("load_protocols")

    run(*SEED)

    assert rows() == demo.rows


def test_the_demo_asks_for_the_protocols_first() -> None:
    with pytest.raises(CommandError, match="run load_protocols first"):
        run("seed_demo")
