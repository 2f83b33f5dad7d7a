"""Today's work for each role, and the proof that the sweep ran."""

from collections import OrderedDict
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from patients.models import Clinic
from reminders.alarms import raise_alarm
from reminders.models import AlarmKind
from schedules.models import Slot
from surveillance.accounts.roles import Role
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ResectionFactory,
    StudyFactory,
    UserFactory,
)
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, moment, signed_in

pytestmark = pytest.mark.django_db


def work(page: Page) -> OrderedDict[str, str]:
    """Each kind of work with its number, in the order in which it should be done."""
    counted = (text_of(item).split(" ", 1) for item in page.document.select(".work a"))
    return OrderedDict((title, count) for count, title in counted)


def test_a_nurse_is_told_how_many_to_book_without_an_outcome_and_without_a_result(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=-1), at=moment(clinic, days=-8)
    )
    StudyFactory.create(patient__clinic=clinic)

    page = Page(nurse_client.get("/"))

    assert page.link("1 Results to record") == "/worklists/results/"

    assert work(page) == OrderedDict(
        {
            "Inbox": "0",
            "To book": "2",
            "Appointments without an outcome": "1",
            "Results to record": "1",
            "Received images to decide on": "0",
            "Studies without a match": "0",
            "On the safety net": "1",
        }
    )


def test_a_clinician_is_told_how_many_are_overdue_and_how_many_new_anchors_wait(
    clinician_client: Client, clinic: Clinic, open_slot: Slot, overdue_slot: Slot
) -> None:
    ResectionFactory.create(tumour=overdue_slot.schedule.tumour, on=clinic.today())

    page = Page(clinician_client.get("/"))

    assert page.link("0 Results to review") == "/worklists/results/#unreviewed"
    assert work(page) == OrderedDict(
        {
            "Inbox": "0",
            "Overdue": "1",
            "Results to review": "0",
            "Results to record": "0",
            "Received images to decide on": "0",
            "Studies without a match": "0",
            "Re-baselines proposed": "1",
            "On the safety net": "1",
        }
    )


def test_where_nothing_is_to_be_done_the_page_says_so(clinician_client: Client) -> None:
    page = Page(clinician_client.get("/"))

    assert set(work(page).values()) == {"0"}
    assert {text_of(hint) for hint in page.document.select(".work p")} == {"Nothing to do."}


def test_an_administrator_sees_who_fell_through_what_is_wrong_and_is_led_to_exports_and_audit(
    administrator_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=-1), at=moment(clinic, days=-8)
    )
    raise_alarm(AlarmKind.SILENCE, "No sweep has run.", at=timezone.now())
    for one in (clinic, ClinicFactory.create()):
        raise_alarm(AlarmKind.HELD, "A burst.", at=timezone.now(), clinic=one)

    page = Page(administrator_client.get("/"))

    assert page.link("Export schedules") == "/exports/"
    assert page.text(".work-count") == "1 On the safety net"
    assert page.link("2 Alarms") == "/status/"  # and not the other clinic's
    assert "MRN" not in page.text("main")
    assert page.link("Audit") == "/audit/"


def test_who_works_in_two_clinics_sees_the_work_of_both(clinic: Clinic, overdue_slot: Slot) -> None:
    user = member(clinic, Role.NURSE)
    MembershipFactory.create(user=user, role=Role.CLINICIAN)

    page = Page(signed_in(user).get("/"))

    assert work(page) == OrderedDict(
        {
            "Inbox": "0",
            "To book": "1",
            "Appointments without an outcome": "0",
            "Overdue": "0",
            "Results to review": "0",
            "Results to record": "0",
            "Received images to decide on": "0",
            "Studies without a match": "0",
            "Re-baselines proposed": "0",
            "On the safety net": "0",
        }
    )


def test_who_is_in_no_clinic_is_told_whom_to_ask() -> None:
    page = Page(signed_in(UserFactory.create()).get("/"))

    assert "You are not a member of any clinic yet." in page.text()
    assert work(page) == {}


def test_the_numbers_do_not_wait_for_a_sweep(nurse_client: Client, open_slot: Slot) -> None:
    page = Page(nurse_client.get("/"))

    assert work(page)["To book"] == "1"
    assert page.text(".sweep-line").startswith("No sweep for reminders and alerts has run yet.")


def test_the_last_sweep_is_shown_with_how_many_slots_were_compared_with_it(
    nurse_client: Client, open_slot: Slot
) -> None:
    call_command("sweep", stdout=StringIO())
    call_command("reconcile", stdout=StringIO())

    page = Page(nurse_client.get("/"))

    line = page.text(".sweep-line")
    assert line.startswith("The last sweep for reminders and alerts ran ")
    assert "20 slots that still lack an exam were compared with it" in line
    assert line.endswith(": all was said.")
    assert page.find(".sweep-line a")["href"] == "/status/"
