"""A clinician decides on an overdue exam, in its place on the list or on a page of its own."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.actions import review
from schedules.models import Decision, Review, ScheduleState, Slot
from schedules.rules.months import long_date
from surveillance.accounts.roles import Role
from tests.integration.pages.deciding import FORM, OVERDUE, decide, form_of, send, sent_by
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, slot_due_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("decision", "label"), [("chase", "Chase the patient"), ("rebook", "Rebook")]
)
def test_a_decision_stands_beside_the_slot_with_who_made_it_and_why(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot, decision: str, label: str
) -> None:
    page = decide(clinician_client, overdue_slot, decision, reason="Call on Monday")

    assert page.messages == [
        f"{overdue_slot.patient}: recorded “{label}”. It stays on the list until the exam is done."
    ]
    [case] = page.cases()
    today = date_format(clinic.today(), "j M")
    assert case["decision"] == f"{label} Carl Clinician, {today}: Call on Monday"


def test_a_deferred_slot_moves_to_a_tab_of_its_own_with_its_day(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    until = clinic.today() + timedelta(days=10)

    page = decide(clinician_client, overdue_slot, "defer", until=until)

    assert page.messages == [
        f"{overdue_slot.patient}: recorded “Defer” until {long_date(until)}. "
        "It stands under Deferred, and comes back on that day."
    ]
    assert page.cases() == []
    assert page.text(".empty").startswith("Nothing is left to decide: every exam that is overdue")
    deferred = Page(clinician_client.get(page.link("Deferred 1")))
    [case] = deferred.cases()
    assert f"Back on {date_format(until, 'j M Y')}" in case["late"]
    assert deferred.text("h1") == "Deferred"


def test_a_deferred_slot_is_overdue_again_on_its_day(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    until = clinic.today() + timedelta(days=10)
    decide(clinician_client, overdue_slot, "defer", until=until)

    on = {"on": until.isoformat()}
    page = Page(clinician_client.get(OVERDUE, on))

    assert len(page.cases()) == 1
    assert Page(clinician_client.get(page.link("Deferred 0"))).cases() == []


def test_a_skipped_slot_leaves_the_list(clinician_client: Client, overdue_slot: Slot) -> None:
    page = decide(clinician_client, overdue_slot, "skip", reason="CT elsewhere")

    assert page.messages == [
        f"{overdue_slot.patient}: recorded “Skip this exam”. "
        "Nobody is reminded of this exam any more."
    ]
    assert page.cases() == []
    overdue_slot.refresh_from_db()
    assert (overdue_slot.get_outcome_display(), overdue_slot.outcome_reason) == (
        "Skipped",
        "CT elsewhere",
    )


def test_the_follow_up_ends_for_a_reason(clinician_client: Client, overdue_slot: Slot) -> None:
    page = decide(clinician_client, overdue_slot, "terminate", reason="Palliative care")

    assert page.cases() == []
    overdue_slot.schedule.refresh_from_db()
    assert overdue_slot.schedule.state == ScheduleState.TERMINATED


def test_after_a_decision_one_lands_at_the_next_exam_of_the_same_list(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)
    ordered = f"{OVERDUE}?order=lateness"
    first = form_of(clinician_client, lapsed, ordered)
    last = form_of(clinician_client, overdue_slot, ordered)

    after = [
        clinician_client.post(str(form["action"]), sent_by(form) | {"decision": "chase"})
        for form in (first, last)
    ]

    assert [answer.headers["Location"] for answer in after] == [
        f"{ordered}#slot-{overdue_slot.public_id}",
        ordered,
    ]


def test_an_address_that_was_tampered_with_leads_nowhere_else(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    address = f"/slots/{overdue_slot.public_id}/review/?next=https://elsewhere.example"

    answer = clinician_client.post(address, {"decision": "chase"})

    assert answer.headers["Location"] == OVERDUE


def test_what_is_lacking_is_said_beside_the_form_and_what_was_typed_stays(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    page = decide(clinician_client, overdue_slot, "defer", reason="Recovers from surgery")

    assert page.title.startswith("Error: ")
    error = "Defer until a day that is still to come."
    assert page.error_summary == [f"Defer until: {error}"]
    assert page.error_beside("until") == error
    kept = sent_by(page.find(FORM))
    assert (kept["decision"], kept["reason"]) == ("defer", "Recovers from surgery")
    link = page.find(".error-summary a")["href"]
    assert page.find(f"[id='{str(link)[1:]}']")


@pytest.mark.parametrize("decision", ["chase", "skip"])
def test_a_decision_over_somebody_elses_is_refused_with_who_and_what(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot, decision: str
) -> None:
    form = form_of(clinician_client, overdue_slot)
    colleague = member(clinic, Role.CLINICIAN, "Cora Colleague")
    review(slot=overdue_slot, decision=Decision(decision), reason="CT elsewhere", by=colleague)

    page = send(clinician_client, form, "terminate", reason="Palliative care")

    label = Decision(decision).label
    assert page.error_summary == [
        f"Cora Colleague has decided meanwhile: {label} (CT elsewhere). "
        "Decide again if it is still needed."
    ]
    assert Review.objects.get().by == colleague
    assert sent_by(page.find(FORM))["reason"] == "Palliative care"
    assert f"Last decision: {label} , by Cora Colleague: CT elsewhere." in page.text()


def test_who_has_seen_the_other_decision_may_decide_again(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    form = form_of(clinician_client, overdue_slot)
    review(slot=overdue_slot, decision=Decision.CHASE, by=member(clinic, Role.CLINICIAN))
    refused = send(clinician_client, form, "rebook")

    page = send(clinician_client, refused.find(FORM), "rebook")

    assert page.cases()[0]["decision"].startswith("Rebook Carl Clinician")


def test_an_exam_has_a_page_of_its_own_to_decide_on(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    address = f"/slots/{overdue_slot.public_id}/review/"
    form = Page(clinician_client.get(address)).find("main form")

    page = Page(clinician_client.post(address, sent_by(form) | {"decision": "chase"}, follow=True))

    assert page.text("h1") == "Overdue"
    assert Review.objects.get().decision == Decision.CHASE


@pytest.mark.parametrize(
    ("decision", "field", "error"),
    [
        ("skip", "reason", "Give a reason to “skip this exam”."),
        ("terminate", "reason", "Give a reason to “end the follow-up”."),
        ("defer", "until", "Defer until a day that is still to come."),
        ("", "decision", "This field is required."),
    ],
)
def test_what_is_lacking_is_said_beside_its_field(
    clinician_client: Client, overdue_slot: Slot, decision: str, field: str, error: str
) -> None:
    page = decide(clinician_client, overdue_slot, decision)

    assert page.error_beside(field) == error
    assert page.title.startswith("Error: ")
    assert not Review.objects.exists()


def test_a_slot_that_is_not_overdue_cannot_be_decided_on(
    clinician_client: Client, open_slot: Slot
) -> None:
    address = f"/slots/{open_slot.public_id}/review/"
    page = Page(clinician_client.post(address, {"decision": "chase"}))

    assert page.error_summary == [
        f"This exam is not overdue before {date_format(open_slot.latest_on, 'j F Y')} is past."
    ]
    assert not Review.objects.exists()
