"""What would change for all patients of a clinic, and doing exactly that."""

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import activate_protocol, draft_protocol
from schedules.jobs import work
from schedules.models import Protocol, ProtocolState, Schedule, ScheduleState, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from tests.factories import (
    PROTOCOL,
    BookingFactory,
    ClinicFactory,
    ProtocolFactory,
    ScheduleFactory,
    UserFactory,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

FIRST, SECOND = (f"/protocols/{PROTOCOL}/{version}/" for version in (1, 2))


@pytest.fixture
def booked_slot(open_slot: Slot) -> Slot:
    clinic = open_slot.patient.clinic
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=7), at=moment(clinic, days=-1)
    )
    return open_slot


def shown_by(page: Page) -> dict[str, str]:
    return {"shown": str(page.find("input[name=shown]")["value"])}


def test_what_would_change_is_shown_by_patient_and_recorded_as_seen(
    clinician_client: Client, clinic: Clinic, booked_slot: Slot, draft: Protocol
) -> None:
    other = slot_due_in(-80, clinic)
    ScheduleFactory.create()  # of another clinic
    activate_protocol(protocol=draft, by=UserFactory.create())

    page = Page(clinician_client.get(Page(clinician_client.get(SECOND)).link("What would change")))

    rows = {row["Patient"].split(" MRN")[0]: row for row in page.table()}
    assert list(rows) == sorted([str(booked_slot.patient), str(other.patient)])
    row = rows[str(booked_slot.patient)]
    assert [row[name] for name in ("On version", "Moved", "Added", "Withdrawn")] == [
        "1",
        "20",
        "0",
        "0",
    ]
    assert row["Appointments"].endswith("goes over to no. 1")
    assert rows[str(other.patient)]["Withdrawn"] == "1 1 missed, undecided"
    assert "0 added, 39 moved, 1 withdrawn" in page.text(".facts")
    assert "1 lapsed exam that nobody has decided about" in page.text(".facts")
    [look] = Look.objects.filter(page="take over")
    assert set(look.patient_ids) == {booked_slot.patient.public_id, other.patient.public_id}


def test_an_appointment_at_risk_is_shown_with_its_day_and_scanner(
    clinician_client: Client, booked_slot: Slot, administrator: User
) -> None:
    [phase] = booked_slot.schedule.protocol.phases
    draft_protocol(
        based_on=booked_slot.schedule.protocol,
        by=administrator,
        phases=[phase | {"every_months": 12}],
    )

    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    [row] = page.table()
    scanner = booked_slot.bookings.get().scanner
    assert row["Appointments"].startswith("At risk ")
    assert row["Appointments"].endswith(f", 09:00, {scanner}")
    assert "1 at risk: no new slot takes it" in page.text(".facts")
    assert "A look ahead" in page.text(".empty")
    assert not page.document.select("main form")


def test_doing_it_does_it_for_all_in_the_background_and_leaves_nothing_to_do(
    clinician_client: Client, booked_slot: Slot, active: Protocol
) -> None:
    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    answer = clinician_client.post(f"{SECOND}take-over/", shown_by(page), follow=True)

    page = Page(answer)
    [(job, _)] = answer.redirect_chain
    assert page.title.startswith(f"Patients go over to a newer version: {PROTOCOL} version 2")
    assert page.text("#so-far") == "0 of 1 follow-up"
    assert work()
    page = Page(clinician_client.get(job))
    assert f"1 follow-up now goes on by {PROTOCOL} version 2." in page.text(".job")
    page = Page(clinician_client.get(page.link("Back to the protocol")))
    assert [row["Follow-ups on it, in your clinics"] for row in page.table(under="Versions")] == [
        "1",
        "0",
    ]
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    assert "No active follow-up of your clinics is on an older version." in page.text(".empty")


def test_while_it_is_being_done_the_page_says_so_and_leads_there(
    clinician_client: Client, clinic: Clinic, open_slot: Slot, draft: Protocol
) -> None:
    elsewhere = ScheduleFactory.create().tumour.patient.clinic
    activate_protocol(protocol=draft, by=UserFactory.create())
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    shown = shown_by(page)
    answer = clinician_client.post(f"{SECOND}take-over/", shown, follow=True)
    [(job, _)] = answer.redirect_chain

    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    assert "Carl Clinician asked for it " in page.text(".proposal")
    assert page.link("See how far it is") == job
    assert not page.document.select("main form")
    again = clinician_client.post(f"{SECOND}take-over/", shown, follow=True)
    assert again.redirect_chain == answer.redirect_chain

    colleague = Page(signed_in(member(clinic, Role.CLINICIAN)).get(f"{SECOND}take-over/"))
    assert "Carl Clinician asked for it" in colleague.text(".proposal")
    assert not colleague.document.select(f".proposal a, a[href='{job}'], main form")
    other = Page(signed_in(member(elsewhere, Role.CLINICIAN)).get(f"{SECOND}take-over/"))
    assert not other.document.select(".proposal")
    assert other.document.select("main form")


def test_what_has_changed_since_is_said_and_shown_afresh(
    clinician_client: Client, clinic: Clinic, open_slot: Slot, draft: Protocol
) -> None:
    other, third = (slot_due_in(-10, clinic) for _ in range(2))
    activate_protocol(protocol=draft, by=UserFactory.create())
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    answer = clinician_client.post(f"{SECOND}take-over/", shown_by(page), follow=True)
    [(job, _)] = answer.redirect_chain
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=7), at=moment(clinic, days=-1)
    )
    Schedule.objects.filter(pk=other.schedule_id).update(state=ScheduleState.SUSPENDED)
    assert work()

    page = Page(clinician_client.get(job))
    assert page.title.startswith("Error: ")
    assert "Something has changed since this was shown" in page.text(".error-summary")
    page = Page(clinician_client.get(page.link("See what would change now")))

    assert page.title.startswith("Error: ")
    assert "Something has changed since this was shown" in page.text(".error-summary")
    assert f"No longer affected: {other.patient}" in page.text(".error-summary")
    changed = {row["Patient"].split(" MRN")[0]: row["Patient"] for row in page.table()}
    assert changed[str(open_slot.patient)].endswith("Changed since it was shown")
    assert not changed[str(third.patient)].endswith("Changed since it was shown")
    assert "1 suspended follow-up" in page.text(".facts")
    assert not Schedule.objects.filter(protocol=draft).exists()

    clinician_client.post(f"{SECOND}take-over/", shown_by(page))
    assert work()
    assert Schedule.objects.filter(protocol=draft).count() == 2


@pytest.mark.parametrize("shown", ["", "nonsense", "a=b c=d"])
def test_what_was_never_shown_is_not_done(
    clinician_client: Client, open_slot: Slot, active: Protocol, shown: str
) -> None:
    answer = clinician_client.post(f"{SECOND}take-over/", {"shown": shown}, follow=True)
    assert answer.status_code == 200
    assert work()

    page = Page(clinician_client.get(answer.redirect_chain[0][0]))

    assert "Something has changed" in page.text(".error-summary")
    assert not Schedule.objects.filter(protocol=active).exists()


@pytest.mark.parametrize("refused", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_refusal_that_there_is_not_marks_nothing(
    clinician_client: Client, open_slot: Slot, active: Protocol, refused: str
) -> None:
    page = Page(clinician_client.get(f"{SECOND}take-over/", {"refused": refused}))

    assert not page.document.select(".error-summary")


def test_a_clinician_of_another_clinic_sees_nobody(open_slot: Slot, active: Protocol) -> None:
    elsewhere = signed_in(member(ClinicFactory.create(), Role.CLINICIAN))

    page = Page(elsewhere.get(f"{SECOND}take-over/"))

    assert str(open_slot.patient) not in page.text("body")


def test_a_draft_that_no_schedule_can_follow_changes_nothing(
    clinician_client: Client, shipped: Protocol
) -> None:
    ProtocolFactory.create(version=2, state=ProtocolState.DRAFT, phases=[])

    assert "What would change" not in Page(clinician_client.get(SECOND)).text()
    assert clinician_client.get(f"{SECOND}take-over/").status_code == 404
