"""One decision on several exams at once, each by itself."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import review
from schedules.models import Decision, Review, Slot
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory
from tests.integration.pages.deciding import OVERDUE
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, slot_due_in

pytestmark = pytest.mark.django_db


def tick(client: Client, page: Page, slots: Sequence[Slot], decision: str, note: str = "") -> Page:
    """Tick exams on the list as it was shown, and press the button for all of them."""
    form = page.find("form#together")
    ticked = [page.find(f"[id^=tick-{slot.public_id}]")["value"] for slot in slots]
    told = {"ticked": ticked, "decision": decision, "reason": note}
    return Page(client.post(str(form["action"]), told, follow=True))


@pytest.fixture
def two_slots(clinic: Clinic) -> list[Slot]:
    return [slot_due_in(-30, clinic), slot_due_in(-35, clinic)]


def test_several_patients_are_chased_at_once(
    clinician_client: Client, two_slots: list[Slot], overdue_slot: Slot
) -> None:
    page = tick(
        clinician_client, Page(clinician_client.get(OVERDUE)), two_slots, "chase", "By letter"
    )

    [message] = page.messages
    assert message.startswith("Recorded “Chase the patient” for 2: ")
    assert all(str(slot.patient) in message for slot in two_slots)
    assert {one.slot for one in Review.objects.all()} == set(two_slots)
    assert {one.reason for one in Review.objects.all()} == {"By letter"}


def test_one_that_somebody_else_decided_on_is_refused_and_stops_no_other(
    clinician_client: Client, clinic: Clinic, two_slots: list[Slot]
) -> None:
    page = Page(clinician_client.get(OVERDUE))
    colleague = member(clinic, Role.CLINICIAN, "Cora Colleague")
    review(slot=two_slots[0], decision=Decision.SKIP, reason="CT elsewhere", by=colleague)

    after = tick(clinician_client, page, two_slots, "rebook")

    assert after.messages == [
        f"Recorded “Rebook” for 1: {two_slots[1].patient}. "
        "It stays on the list until the exam is done.",
        f"{two_slots[0].patient}: not recorded. Cora Colleague has decided meanwhile: "
        "Skip this exam (CT elsewhere). Decide again if it is still needed.",
    ]
    assert [one.by for one in Review.objects.filter(slot=two_slots[0])] == [colleague]


@pytest.mark.parametrize("decision", ["defer", "skip", "terminate"])
def test_what_takes_a_patient_off_the_list_is_never_decided_of_several(
    clinician_client: Client, two_slots: list[Slot], decision: str
) -> None:
    page = tick(clinician_client, Page(clinician_client.get(OVERDUE)), two_slots, decision)

    assert page.title.startswith("Error: ")
    assert not Review.objects.exists()


def test_without_a_tick_nothing_is_recorded_and_the_note_stays(
    clinician_client: Client, two_slots: list[Slot]
) -> None:
    page = tick(clinician_client, Page(clinician_client.get(OVERDUE)), [], "chase", "By letter")

    assert page.error_summary == ["Exams: Tick the exams that this is to be recorded for."]
    assert page.find("form#together [name=reason]")["value"] == "By letter"


def test_the_ticks_stay_when_the_note_is_refused(
    clinician_client: Client, two_slots: list[Slot]
) -> None:
    listed = Page(clinician_client.get(OVERDUE))

    page = tick(clinician_client, listed, two_slots[:1], "chase", "x" * 301)

    [kept] = page.document.select("input[name=ticked][checked]")
    assert str(kept["value"]).startswith(str(two_slots[0].public_id))
    assert not Review.objects.exists()


@pytest.mark.parametrize("ticked", [["no id"], [f"{uuid4()}_"] * 51])
def test_ticks_that_are_none_are_refused(
    clinician_client: Client, two_slots: list[Slot], ticked: list[str]
) -> None:
    told = {"ticked": ticked, "decision": "chase"}

    page = Page(clinician_client.post("/worklists/overdue/decide/", told))

    assert page.status == 200
    assert page.title.startswith("Error: ")


def test_an_exam_of_another_clinic_cannot_be_ticked(
    clinician_client: Client, two_slots: list[Slot]
) -> None:
    foreign = slot_due_in(-30, ClinicFactory.create())
    told = {"ticked": [f"{slot.public_id}_" for slot in (*two_slots, foreign)], "decision": "chase"}

    answer = clinician_client.post("/worklists/overdue/decide/", told)

    assert answer.status_code == 404
    assert not Review.objects.exists()
