"""The safety net as a whole: its order, its command and its page."""

import json
from datetime import date, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from patients.models import Clinic
from patients.queries import clinic_days
from patients.safety import Gap
from schedules.models import Schedule, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from surveillance.safety_net import fallen_through
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MetastasectomyFactory,
    ResectionFactory,
    ScheduleFactory,
    morning,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in
from tests.integration.safety_net.net import gaps, listed

pytestmark = pytest.mark.django_db

NET = "/safety-net/"


def test_whoever_has_an_open_slot_ahead_is_in_good_hands(clinic: Clinic, slot: Slot) -> None:
    assert [gaps(clinic, day) for day in (date(2026, 2, 1), slot.lapses_on)] == [[], []]


@pytest.fixture
def many(clinic: Clinic, slot: Slot, by: User) -> Clinic:
    """On 20 June 2026: one lapsed, one newly operated on, three never followed."""
    MetastasectomyFactory.create(tumour=slot.schedule.tumour, on=date(2026, 6, 1))
    for day in (3, 1, 2):
        ResectionFactory.create(tumour__patient__clinic=clinic, on=date(2026, 5, day))
    return clinic


def test_the_gaps_stand_in_their_order_and_in_each_the_oldest_first(many: Clinic) -> None:
    assert [(row.gap, row.since) for row in listed(many, date(2026, 6, 20))] == [
        (Gap.NO_SCHEDULE, date(2026, 5, 1)),
        (Gap.NO_SCHEDULE, date(2026, 5, 2)),
        (Gap.NO_SCHEDULE, date(2026, 5, 3)),
        (Gap.LAPSED, date(2026, 6, 14)),
        (Gap.NEW_ANCHOR, date(2026, 6, 1)),
    ]


def test_each_clinic_goes_by_its_own_day() -> None:
    """At 20:00 UTC of 14 June it is the 15th in Tokyo, and still the 14th in New York."""
    in_tokyo = ClinicFactory.create()
    in_new_york = ClinicFactory.create(time_zone="America/New_York")
    for clinic in (in_tokyo, in_new_york):
        ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    evening = datetime.fromisoformat("2026-06-14T20:00:00+00:00")

    found = fallen_through(clinic_days([in_tokyo, in_new_york], at=evening))

    assert [row.clinic for rows in found.values() for row in rows] == [in_tokyo]


def command(*arguments: str) -> tuple[object, str]:
    """Return its exit code and what it said."""
    said = StringIO()
    code: object = 0
    try:
        call_command("safety_net", *arguments, stdout=said)
    except SystemExit as stop:
        code = stop.code
    return code, said.getvalue()


def test_the_command_lists_them_by_reason_and_fails(many: Clinic) -> None:
    code, said = command("--on=2026-06-20")

    assert code == 1
    first, second, *_ = said.splitlines()
    assert first == "Resected, with no schedule: 3"
    assert second.startswith(f"  {many.code} MRN-")
    assert second.endswith("since 2026-05-01: Leiomyosarcoma, left distal femur (clinician)")


def test_the_command_says_that_nobody_has_and_succeeds(schedule: Schedule) -> None:
    assert command("--on=2026-02-01") == (0, "Nobody has fallen through.\n")


def test_the_command_as_json_holds_each_row(clinic: Clinic, slot: Slot) -> None:
    code, said = command("--on=2026-06-15", "--json")

    assert code == 1
    assert json.loads(said) == {
        "fallen_through": 1,
        "rows": [
            {
                "reason": "lapsed",
                "patient": str(slot.patient.public_id),
                "clinic": clinic.code,
                "since": "2026-06-14",
                "detail": "CT chest+abdomen no. 1, due 15 April 2026",
                "who": ["clinician"],
            }
        ],
    }


def test_the_command_as_json_succeeds_with_nobody(schedule: Schedule) -> None:
    code, said = command("--on=2026-02-01", "--json")

    assert (code, json.loads(said)) == (0, {"fallen_through": 0, "rows": []})


def net(clinic: Clinic, role: Role, on: str) -> Page:
    return Page(signed_in(member(clinic, role)).get(NET, {"on": on}))


def test_the_page_says_so_when_nobody_has_fallen_through(
    clinic: Clinic, schedule: Schedule
) -> None:
    page = net(clinic, Role.NURSE, on="2026-02-01")

    assert page.text("h1") == "Safety net 0"
    assert page.text(".empty").startswith("Nobody has fallen through: each of the 1 patients")
    assert page.table() == []


def test_the_page_lists_them_by_reason_and_links_to_where_to_act(many: Clinic, slot: Slot) -> None:
    page = net(many, Role.CLINICIAN, on="2026-06-20")

    assert page.text("h1") == "Safety net 5"
    assert [row["Since"] for row in page.table(under="Resected, with no schedule")] == [
        "1 May 2026",
        "2 May 2026",
        "3 May 2026",
    ]
    [row] = page.table(under="Slot lapsed without a review")
    assert row["Patient"].startswith(str(slot.patient))
    assert row["Who must act"] == f"Clinician at {many}"
    assert page.link("slot lapsed without a review") == "/worklists/overdue/"


def test_the_page_shows_a_nurse_all_and_lets_her_act_on_her_own(many: Clinic, slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(6, 10))

    page = net(many, Role.NURSE, on="2026-06-20")

    assert page.text("h1") == "Safety net 6"
    links = [str(link["href"]) for link in page.document.select("td.act a")]
    assert links == ["/worklists/booked/"]


def test_a_patient_of_another_clinic_stays_out(many: Clinic, schedule: Schedule) -> None:
    page = net(ClinicFactory.create(), Role.CLINICIAN, on="2026-06-20")

    assert page.table() == []
    assert page.text(".empty").startswith("Nobody has fallen through: each of the 0 patients")


def test_whom_the_page_shows_is_recorded_as_seen(many: Clinic, slot: Slot) -> None:
    net(many, Role.CLINICIAN, on="2026-06-20")

    look = Look.objects.get()
    assert (look.page, look.clinic_code) == ("safety net", many.code)
    assert slot.patient.public_id in look.patient_ids
    assert len(look.patient_ids) == 4
