"""The inbox: what a person was told and is still true, and the answer to an alert."""

from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic
from reminders.actions import sweep
from reminders.models import Audience, Kind, Notice, Rule
from schedules.actions import move_booking, review, review_result
from schedules.models import BookingState, Decision, Result, ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from tests.factories import BookingFactory, ClinicFactory, StudyFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

INBOX = "/inbox/"


def told(client: Client) -> list[str]:
    """What the inbox tells, in its order."""
    return [row["What"].split(" by ")[0] for row in Page(client.get(INBOX)).table()]


def acknowledge(client: Client) -> Page:
    """Press the first button that takes an alert in hand."""
    form = Page(client.get(INBOX)).find("main form")
    also = [str(field["value"]) for field in form.select("[name=also]")]
    return Page(client.post(str(form["action"]), {"also": also}, follow=True))


def alerts_go_to(audience: Audience, clinic: Clinic) -> None:
    """Leave the clinic one rule on overdue exams."""
    sweep()
    rule = Rule.objects.filter(clinic=clinic, kind=Kind.OVERDUE).order_by("days")[0]
    Rule.objects.filter(clinic=clinic, kind=Kind.OVERDUE).exclude(pk=rule.pk).update(active=False)
    Rule.objects.filter(pk=rule.pk).update(audience=audience)


def test_an_empty_inbox_says_what_that_means(nurse_client: Client) -> None:
    page = Page(nurse_client.get(INBOX))

    assert page.text(".empty").startswith("Nothing waits for you")
    assert page.table() == []
    assert page.link("Inbox") == INBOX


def test_the_nurses_are_told_of_what_is_to_be_booked_with_the_link_to_do_it(
    nurse_client: Client, open_slot: Slot
) -> None:
    sweep()

    page = Page(nurse_client.get(INBOX))

    [row] = page.table()
    assert row["What"] == "Exam to be booked"
    assert row["Patient"].startswith(str(open_slot.patient))
    due = open_slot.due_on
    assert row["Of"] == f"CT chest+abdomen no. 1, due {due.day} {due:%B %Y}"
    assert page.link("Book :") == f"/slots/{open_slot.public_id}/book/"


def test_the_number_stands_on_the_home_page_and_in_the_navigation(
    nurse_client: Client, open_slot: Slot
) -> None:
    sweep()

    page = Page(nurse_client.get("/"))

    assert "Inbox (1)" in page.text("nav")
    assert page.text(".work li:first-child a") == "1 Inbox"


def test_what_was_booked_a_moment_ago_is_told_no_more(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    sweep()
    BookingFactory.create(slot=open_slot, starts_at=moment(clinic, days=2))

    assert told(nurse_client) == []
    assert "(" not in Page(nurse_client.get("/")).text("nav")


@pytest.mark.parametrize("decision", [Decision.CHASE, Decision.DEFER])
def test_what_was_decided_on_a_moment_ago_is_told_no_more(
    clinician_client: Client,
    clinician: User,
    clinic: Clinic,
    overdue_slot: Slot,
    decision: Decision,
) -> None:
    sweep()
    until = clinic.today() + timedelta(days=9) if decision == Decision.DEFER else None
    review(slot=overdue_slot, decision=decision, until=until, by=clinician)

    assert told(clinician_client) == []


def test_a_result_that_was_reviewed_a_moment_ago_and_a_missed_appointment_that_was_made_up_for(
    nurse_client: Client,
    clinician_client: Client,
    clinician: User,
    clinic: Clinic,
    open_slot: Slot,
    overdue_slot: Slot,
) -> None:
    missed = BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=-2), at=moment(clinic, days=-9)
    )
    move_booking(booking=missed, to=BookingState.NO_SHOW, by=clinician)
    study = StudyFactory.create(patient=overdue_slot.patient, performed_on=clinic.today())
    result = Result.objects.create(
        study=study, outcome=ResultOutcome.NO_DISEASE, recorded_at=moment(clinic, days=-2)
    )
    sweep()
    assert "Did not attend" in told(nurse_client)
    assert told(clinician_client) == ["Result not reviewed"]

    BookingFactory.create(slot=open_slot, starts_at=moment(clinic, days=2))
    review_result(result=result, by=clinician)

    assert told(nurse_client) == told(clinician_client) == []


def test_an_alert_comes_to_every_clinician_where_nobody_is_responsible(
    clinician_client: Client, nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    another = signed_in(member(clinic, Role.CLINICIAN))
    sweep()

    assert told(clinician_client) == told(another) == ["Exam overdue"]
    assert told(nurse_client) == ["Exam to be booked"]


def test_an_alert_comes_to_the_responsible_clinician_alone(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    responsible = member(clinic, Role.CLINICIAN)
    overdue_slot.patient.responsible = responsible
    overdue_slot.patient.save()
    sweep()

    assert told(signed_in(responsible)) == ["Exam overdue"]
    assert told(clinician_client) == []


@pytest.mark.parametrize("gone", ["has left the clinic", "can sign in no more"])
def test_a_responsible_clinician_who_is_gone_leaves_nobody_untold(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot, gone: str
) -> None:
    responsible = member(clinic, Role.CLINICIAN)
    overdue_slot.patient.responsible = responsible
    overdue_slot.patient.save()
    if gone == "has left the clinic":
        responsible.memberships.all().delete()
    else:
        responsible.is_active = False
        responsible.save()
    sweep()

    assert told(clinician_client) == ["Exam overdue"]


def test_what_is_for_the_lead_comes_to_the_lead_and_without_one_to_all_clinicians(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    alerts_go_to(Audience.LEAD, clinic)
    sweep()
    assert told(clinician_client) == ["Exam overdue"]

    lead = member(clinic, Role.CLINICIAN)
    clinic.lead = lead
    clinic.save()

    assert told(clinician_client) == []
    assert told(signed_in(lead)) == ["Exam overdue"]


def test_what_is_for_the_whole_clinic_comes_to_nurses_too_who_cannot_take_it_in_hand(
    nurse_client: Client, clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    alerts_go_to(Audience.CLINIC, clinic)
    sweep()

    assert told(nurse_client) == ["Exam overdue", "Exam to be booked"]
    assert told(clinician_client) == ["Exam overdue"]
    assert Page(nurse_client.get(INBOX)).document.select("main form") == []


def test_of_another_clinic_nobody_is_told(overdue_slot: Slot) -> None:
    sweep()

    for role in (Role.NURSE, Role.CLINICIAN):
        assert told(signed_in(member(ClinicFactory.create(), role))) == []


def test_alerts_come_first_and_among_them_the_oldest(
    clinician_client: Client, clinic: Clinic
) -> None:
    alerts_go_to(Audience.CLINIC, clinic)
    first = slot_due_in(-40, clinic)
    sweep(at=moment(clinic, days=-9))
    second = slot_due_in(-30, clinic)
    study = StudyFactory.create(patient=second.patient, performed_on=clinic.today())
    Result.objects.create(
        study=study,
        outcome=ResultOutcome.NEW_LESION,
        sites=["liver"],
        recorded_at=moment(clinic, days=-9),
    )
    third = slot_due_in(-30, clinic)
    Rule.objects.filter(kind=Kind.TO_BOOK, audience=Audience.NURSES).update(audience="clinic")
    sweep()

    rows = Page(clinician_client.get(INBOX)).table()

    assert [(row["What"].split(" by ")[0], row["Patient"].split(" MRN")[0]) for row in rows] == [
        ("Exam overdue", str(first.patient)),
        ("Exam overdue", str(third.patient)),
        ("Result not reviewed", str(second.patient)),
        ("Exam to be booked", str(first.patient)),
        ("Exam to be booked", str(third.patient)),
    ]


def test_several_exams_of_one_patient_are_one_row_and_one_answer(
    clinician_client: Client, clinic: Clinic
) -> None:
    slot = slot_due_in(-130, clinic)
    assert slot.schedule.slots.filter(latest_on__lt=clinic.today()).count() == 2
    sweep()

    [row] = Page(clinician_client.get(INBOX)).table()
    assert row["Of"].endswith("and 1 more of this patient")
    assert "Inbox (1)" in Page(clinician_client.get("/")).text("nav")
    acknowledge(clinician_client)

    assert told(clinician_client) == []
    assert Event.objects.filter(act="alert.acknowledged").count() == 2


def test_who_takes_an_alert_in_hand_is_told_what_follows(
    clinician_client: Client, clinician: User, overdue_slot: Slot
) -> None:
    sweep()

    page = acknowledge(clinician_client)

    assert page.messages == [
        f"{overdue_slot.patient}: you have it in hand. Nothing more is sent of it for 14 days; if "
        "nothing has come of it by then, it is raised again."
    ]
    assert page.table() == []
    assert Notice.objects.get(rule__kind=Kind.OVERDUE).acknowledged_by == clinician
    sweep()
    assert told(clinician_client) == []
    sweep(at=moment(overdue_slot.patient.clinic, days=15))
    assert told(clinician_client) == ["Exam overdue"]


def test_an_alert_that_somebody_else_has_taken_is_not_taken_twice(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    another = signed_in(member(clinic, Role.CLINICIAN, "Clara Clinician"))
    sweep()
    address = f"/notices/{Notice.objects.get(rule__kind=Kind.OVERDUE).public_id}/acknowledge/"
    another.post(address)

    page = Page(clinician_client.post(address, follow=True))

    assert page.messages == ["This alert has ended already: Clara Clinician has it in hand."]


@pytest.mark.parametrize("also", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_alert_is_refused_or_passed_over(
    clinician_client: Client, overdue_slot: Slot, also: str
) -> None:
    sweep()
    address = f"/notices/{Notice.objects.get(rule__kind=Kind.OVERDUE).public_id}/acknowledge/"

    page = Page(clinician_client.post(address, {"also": also}, follow=True))

    assert len(page.messages) == 1
    assert told(clinician_client) == (["Exam overdue"] if also == "nonsense" else [])


def test_a_reminder_is_not_acknowledged(clinician_client: Client, overdue_slot: Slot) -> None:
    sweep()
    reminder = Notice.objects.filter(rule__kind=Kind.TO_BOOK)[0]

    page = Page(clinician_client.post(f"/notices/{reminder.public_id}/acknowledge/", follow=True))

    assert page.messages == ["Only an alert is acknowledged."]


def test_a_look_at_the_inbox_is_recorded(
    nurse_client: Client, open_slot: Slot, nurse: User
) -> None:
    sweep()

    nurse_client.get(INBOX)

    look = Look.objects.get(page="inbox")
    assert (look.by_id, look.patient_ids) == (nurse.public_id, [open_slot.patient.public_id])


def test_every_button_says_of_whom(clinician_client: Client, overdue_slot: Slot) -> None:
    sweep()

    buttons = Page(clinician_client.get(INBOX)).document.select("main .act button")

    assert [text_of(button) for button in buttons] == [
        f"I have it in hand : {overdue_slot.patient}, exam overdue"
    ]
