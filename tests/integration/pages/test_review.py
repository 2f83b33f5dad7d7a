"""A clinician's day: who is late, how late, and what is decided."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import uuid4

import pytest
from bs4 import Tag
from django.test import Client
from django.utils.formats import date_format

from patients.actions import add_finding
from patients.models import Clinic, FindingKind, Treatment, Tumour
from schedules.actions import review
from schedules.models import Decision, Review, ScheduleState, Slot
from schedules.rules.months import add_months, long_date
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, ClinicFactory, UserFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, moment, slot_due_in

pytestmark = pytest.mark.django_db

OVERDUE = "/worklists/overdue/"
DEFERRED = "/worklists/overdue/?show=deferred"


FORM = "form.decision"


def form_of(client: Client, slot: Slot, address: str = OVERDUE) -> Tag:
    """The form to which “Decide” leads at an exam on the list."""
    link = Page(client.get(address)).find(f"#slot-{slot.public_id} [data-opens]")
    return Page(client.get(str(link["href"]))).find(FORM)


def sent_by(form: Tag) -> dict[str, str]:
    """What a form sends as it stands."""
    told = {
        str(field["name"]): str(field.get("value", ""))
        for field in form.select("input:not([type=radio])")
    }
    chosen = form.select_one("input[type=radio][checked]")
    return told | ({str(chosen["name"]): str(chosen["value"])} if chosen else {})


def decide(
    client: Client, slot: Slot, decision: str, reason: str = "", until: date | None = None
) -> Page:
    """Fill in the form of the exam, and send it."""
    return send(client, form_of(client, slot), decision, reason, until)


def send(
    client: Client, form: Tag, decision: str, reason: str = "", until: date | None = None
) -> Page:
    told = sent_by(form) | {"decision": decision, "reason": reason}
    told["until"] = until.isoformat() if until else ""
    return Page(client.post(str(form["action"]), told, follow=True))


def days_late(slot: Slot) -> int:
    return (slot.patient.clinic.today() - slot.latest_on).days


def names(page: Page) -> list[str]:
    return [case["who"].split(" MRN")[0] for case in page.cases()]


def test_an_overdue_slot_says_how_late_it_is(clinician_client: Client, overdue_slot: Slot) -> None:
    [case] = Page(clinician_client.get(OVERDUE)).cases()

    assert case["late"].startswith(f"Overdue by {days_late(overdue_slot)} days due ")
    assert case["who"].startswith(str(overdue_slot.patient))
    assert case["done"] == "Never booked No decision yet"


def test_the_higher_rank_comes_first_and_says_what_it_is_made_of(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)
    Tumour.objects.filter(pk=overdue_slot.schedule.tumour_id).update(grade=3, size_mm=120)
    add_finding(
        tumour=overdue_slot.schedule.tumour,
        kind=FindingKind.METASTASIS,
        sites=["lung"],
        found_on=overdue_slot.schedule.anchor_on,
        found_by="CT",
        by=UserFactory.create(),
    )

    page = Page(clinician_client.get(OVERDUE))

    assert names(page) == [str(overdue_slot.patient), str(lapsed.patient)]
    late = days_late(overdue_slot)
    months = 3 + (add_months(overdue_slot.schedule.anchor_on, 4) <= clinic.today())
    points = f" +{late // 14}" if late >= 14 else ""
    assert page.cases()[0]["why"] == (
        f"Rank: {9 + late // 14} points previous metastasis +3 , grade 3 +2 , 120 mm +2 , "
        f"{months} months after the resection +2 , {late} days late{points} , "
        "depth, margin not stated"
    )


def test_the_list_says_that_its_order_predicts_nothing(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    said = Page(clinician_client.get(OVERDUE)).text(".list-head details")

    assert "It predicts nothing about a patient" in said
    assert "Previous metastasis +3" in said


def test_the_list_can_be_ordered_by_lateness_alone(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)
    Tumour.objects.filter(pk=overdue_slot.schedule.tumour_id).update(grade=3, size_mm=120)
    Treatment.objects.filter(tumour=overdue_slot.schedule.tumour_id).update(margin="R2")
    ranked = Page(clinician_client.get(OVERDUE))

    by_lateness = Page(clinician_client.get(ranked.link("Order by lateness alone")))

    assert names(ranked) == [str(overdue_slot.patient), str(lapsed.patient)]
    assert names(by_lateness) == [str(lapsed.patient), str(overdue_slot.patient)]
    assert by_lateness.cases()[0]["late"].startswith(f"Lapsed, {days_late(lapsed)} days late")
    assert by_lateness.link("Order by rank") == OVERDUE


def test_the_last_appointment_stands_beside_the_slot(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )

    [case] = Page(clinician_client.get(OVERDUE)).cases()

    when = date_format(moment(clinic, days=2), "j M Y, H:i")
    assert case["done"].startswith(f"Booked {when}")


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


def test_of_the_deferred_the_next_to_come_back_stands_first(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    later = slot_due_in(-70, clinic)
    today = clinic.today()
    decide(clinician_client, later, "defer", until=today + timedelta(days=20))
    decide(clinician_client, overdue_slot, "defer", until=today + timedelta(days=10))

    page = Page(clinician_client.get(DEFERRED))

    assert names(page) == [str(overdue_slot.patient), str(later.patient)]


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


def walked(client: Client, address: str) -> list[list[str]]:
    """The exams of each page of the list, from `address` to its end."""
    pages = []
    while address:
        page = Page(client.get(address))
        pages.append([str(case["id"]) for case in page.document.select(".case")])
        onward = [link for link in page.document.select(".pages a") if "Next" in text_of(link)]
        address = str(onward[0]["href"]) if onward else ""
    return pages


@pytest.mark.parametrize("order", ["", "?order=lateness"])
def test_the_list_comes_fifty_a_page_in_one_order(
    clinician_client: Client, overdue_slot: Slot, order: str
) -> None:
    one = overdue_slot
    for n in range(2, 121):  # many of one day, so that pages end among equals
        day = one.latest_on - timedelta(days=n % 7)
        Slot.objects.filter(schedule=one.schedule, n=n).delete()
        Slot.objects.create(
            schedule=one.schedule,
            exam=one.exam,
            modality=one.modality,
            regions=one.regions,
            n=n,
            month=n,
            earliest_on=day - timedelta(days=40),
            due_on=day - timedelta(days=14),
            latest_on=day,
            lapses_on=day + timedelta(days=40),
        )

    pages = walked(clinician_client, OVERDUE + order)

    assert [len(page) for page in pages] == [50, 50, 20]
    overdue = Slot.objects.filter(latest_on__lt=one.patient.clinic.today())
    assert [row for page in pages for row in page] == [
        f"slot-{slot.public_id}" for slot in overdue.order_by("latest_on", "id")
    ]
    last = Page(clinician_client.get(OVERDUE + order)).find(f"[id='{pages[0][-1]}'] [data-opens]")
    answer = clinician_client.post(str(last["href"]), {"decision": "chase"})
    page = Page(clinician_client.get(answer.headers["Location"]))
    assert str(page.find(".case")["id"]) == pages[1][0]


@pytest.mark.parametrize("after", ["x", "1_2026-01-01", "x_2026-01-01_{}", "1_no-day_{}", "1_{}"])
def test_a_place_that_is_none_is_refused(
    clinician_client: Client, overdue_slot: Slot, after: str
) -> None:
    page = Page(clinician_client.get(OVERDUE, {"after": after.format(overdue_slot.public_id)}))

    assert page.status == 400
    assert page.text("h1 + p") == "after is no place in this list."


def test_a_page_behind_the_end_leads_back_to_the_beginning(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    last = f"0_{overdue_slot.latest_on}_{overdue_slot.public_id}"

    page = Page(clinician_client.get(OVERDUE, {"after": last}))

    assert page.text(".empty").startswith("Nothing follows here any more.")
    assert page.link("To the beginning of the list") == OVERDUE
