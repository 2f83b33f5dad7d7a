"""What the lists have in common: any day, nothing to show, and the same speed when they grow."""

from datetime import timedelta

import pytest
from django.test import Client

from schedules.models import Slot
from tests.factories import ScheduleFactory
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

TO_BOOK = "/worklists/to-book/"
OVERDUE = "/worklists/overdue/"


@pytest.mark.parametrize(
    ("date_of", "days", "listed"),
    [("earliest_on", -1, 0), ("earliest_on", 0, 1), ("lapses_on", 0, 1)],
)
def test_to_book_shows_any_day_that_is_asked_for(
    nurse_client: Client, open_slot: Slot, date_of: str, days: int, listed: int
) -> None:
    on = getattr(open_slot, date_of) + timedelta(days=days)

    page = Page(nurse_client.get(TO_BOOK, {"on": on.isoformat()}))

    assert len(page.table()) == listed
    assert page.find("input[name=on]")["value"] == on.isoformat()


def test_overdue_shows_how_late_a_slot_will_be(clinician_client: Client, open_slot: Slot) -> None:
    in_time = open_slot.latest_on
    page_of_the_day, page_of_the_next = (
        Page(clinician_client.get(OVERDUE, {"on": (in_time + timedelta(days)).isoformat()}))
        for days in (0, 1)
    )

    assert page_of_the_day.cases() == []
    [case] = page_of_the_next.cases()
    assert case["late"].startswith("Overdue by 1 day ")


@pytest.mark.parametrize("on", ["tomorrow", "2026-02-30", "31.12.2026"])
def test_a_day_that_is_none_is_refused_with_the_reason(
    nurse_client: Client, clinician_client: Client, on: str
) -> None:
    for client, address in ((nurse_client, TO_BOOK), (clinician_client, OVERDUE)):
        page = Page(client.get(address, {"on": on}))

        assert page.status == 400
        assert page.text("h1 + p") == f"“{on}” is not a date: write on=YYYY-MM-DD."


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31"])
def test_a_day_of_a_year_that_cannot_be_meant_is_refused_too(
    nurse_client: Client, clinician_client: Client, open_slot: Slot, on: str
) -> None:
    for client, address in (
        (nurse_client, TO_BOOK),
        (clinician_client, OVERDUE),
        (nurse_client, "/safety-net/"),
    ):
        page = Page(client.get(address, {"on": on}))

        assert page.status == 400
        assert page.text("h1 + p") == f"“{on}”: the year {int(on[:4])} cannot be meant."


def test_a_search_in_vain_says_what_was_searched_for(nurse_client: Client, open_slot: Slot) -> None:
    page = Page(nurse_client.post("/patients/", {"q": "Nobody"}))

    assert page.text(".empty") == (
        "No patient of your clinics has an MRN or a name that starts with “Nobody”."
    )
    assert page.find("input[name=q]")["value"] == "Nobody"


def test_a_search_for_what_no_name_can_hold_finds_nobody(
    nurse_client: Client, open_slot: Slot
) -> None:
    page = Page(nurse_client.post("/patients/", {"q": "\x00"}))

    assert page.table() == []


@pytest.mark.parametrize(
    ("role", "address", "meaning"),
    [
        ("nurse", TO_BOOK, "Nobody is waiting: every open window has an appointment ahead."),
        ("nurse", "/worklists/booked/", "No appointment waits for its outcome."),
        ("nurse", "/patients/", "No patient is registered yet."),
        (
            "clinician",
            OVERDUE,
            "No exam is overdue: every window that has closed has its exam, or a reason why not.",
        ),
        (
            "clinician",
            f"{OVERDUE}?show=deferred",
            "Nothing is deferred: every overdue exam stands under To decide.",
        ),
        (
            "clinician",
            "/worklists/results/",
            "Nothing waits for a report: every study that was recorded has its result.",
        ),
        ("clinician", "/worklists/rebaselines/", "No operation waits for a decision."),
        (
            "nurse",
            "/worklists/unmatched/",
            "Every study counts for an exam of its plan, came before the plan’s first window, "
            "or is kept off schedule for a reason.",
        ),
        ("administrator", "/exports/", "Nothing has been exported yet."),
    ],
)
def test_an_empty_list_says_what_that_means(
    request: pytest.FixtureRequest, role: str, address: str, meaning: str
) -> None:
    client: Client = request.getfixturevalue(f"{role}_client")

    page = Page(client.get(address))

    assert page.text(".empty") == meaning
    assert page.table() == []


def test_a_list_shows_no_patient_of_another_clinic(nurse_client: Client, open_slot: Slot) -> None:
    ScheduleFactory.create(anchor__on=open_slot.schedule.anchor_on)

    for address in (TO_BOOK, "/patients/"):
        [row] = Page(nurse_client.get(address)).table()
        assert row["Patient"].startswith(str(open_slot.patient))
