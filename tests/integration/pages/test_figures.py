"""The follow-up figures: numbers, and nobody's name."""

from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.models import Scanner, Slot
from schedules.rules.months import add_months
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from tests.factories import ClinicFactory, MembershipFactory, ScheduleFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import slot_due_in

pytestmark = pytest.mark.django_db

FIGURES = "/figures/"


def test_an_empty_clinic_says_what_that_means(clinician_client: Client) -> None:
    page = Page(clinician_client.get(FIGURES))

    assert "No exam came due in these months" in page.text()
    assert "No CT is expected" in page.text()
    assert "no scanner in use" in page.text()
    assert len(page.table("By month")) == 13
    assert page.table("By protocol") == []


def test_adherence_stands_beside_n_of_m_and_few_is_said(
    clinician_client: Client, clinic: Clinic
) -> None:
    slot_due_in(-100, clinic)

    page = Page(clinician_client.get(FIGURES))

    assert "0 of 1 (0 %)" in page.text(".facts")
    assert "Fewer than 10 exams" in page.text(".facts")
    [row] = page.table("By protocol")
    assert row["Adherence"] == "0 of 1 (0 %) few"


def test_of_none_there_is_no_percentage(clinician_client: Client, overdue_slot: Slot) -> None:
    page = Page(clinician_client.get(FIGURES))

    assert "Of no exam have the 60 days" in page.text(".facts")
    assert page.text(".facts dd").startswith("0 of 0 Done from 30 days before")
    assert "%" not in page.text(".facts")


def test_nobody_is_named_and_no_look_is_recorded(
    administrator_client: Client, overdue_slot: Slot, scanner: Scanner
) -> None:
    page = Page(administrator_client.get(FIGURES))

    assert page.table("CTs of the next 12 weeks")[0]["Expected"] == "1"
    assert overdue_slot.patient.family_name not in page.text()
    assert overdue_slot.patient.mrn not in page.text()
    assert not Look.objects.exists()


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({"from": "2026-13"}, "from", "Write a month as year and month"),
        ({"from": "2026-05", "to": "2026-04"}, "to", "before the first one"),
        ({"from": "2016-05", "to": "2026-04"}, "to", "60 months at most"),
        ({"from": "0000-01"}, "from", "Write a year from 1950 to 2150"),
        ({"to": "9999-12"}, "to", "Write a year from 1950 to 2150"),
        ({"on": "never"}, "on", "Enter a valid date"),
        ({"on": "9999-12-31"}, "on", "Write a year from"),
        ({"protocol": "no-such"}, "protocol", "not one of the available choices"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field_and_kept(
    clinician_client: Client, asked: dict[str, str], field: str, says: str
) -> None:
    page = Page(clinician_client.get(FIGURES, asked))

    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert says in page.error_beside(field)
    assert any(says in error for error in page.error_summary)
    if field != "protocol":
        assert page.find(f"[name={field}]")["value"] == asked[field]


def test_the_period_and_the_day_are_those_asked_for(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    due = overdue_slot.due_on
    month = f"{due:%Y-%m}"

    there = Page(clinician_client.get(FIGURES, {"from": month, "to": month, "on": f"{due}"}))
    day_before = {"from": month, "to": month, "on": f"{due - timedelta(days=1)}"}
    not_yet = Page(clinician_client.get(FIGURES, day_before))
    earlier = f"{add_months(due, -1):%Y-%m}"
    before = Page(clinician_client.get(FIGURES, {"from": earlier, "to": earlier}))

    assert [row["Came due"] for row in there.table("By month")] == ["1", "1"]
    assert [row["Came due"] for row in not_yet.table("By month")] == ["0", "0"]
    assert [row["Came due"] for row in before.table("By month")] == ["0", "0"]


def test_one_of_two_clinics_can_be_chosen_and_no_other(
    clinician_client: Client, clinician: User, overdue_slot: Slot
) -> None:
    second = MembershipFactory.create(user=clinician, role=Role.CLINICIAN).clinic
    ScheduleFactory.create()  # elsewhere

    def came_due(asked: dict[str, str]) -> str:
        return Page(clinician_client.get(FIGURES, asked)).table("By month")[-1]["Came due"]

    assert came_due({}) == "1"
    assert came_due({"clinic": second.code}) == "0"
    refused = Page(clinician_client.get(FIGURES, {"clinic": ClinicFactory.create().code}))
    assert "not one of the available choices" in refused.error_beside("clinic")
