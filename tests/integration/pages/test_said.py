"""What was said of a patient, on the patient's page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.actions import agree_to_messages
from patients.models import Clinic, ContactBy, Language
from reminders.actions import decide_hold, sweep
from reminders.models import Hold, Kind, Line, Message, MessageState, Notice, Rule
from reminders.rules import give_defaults
from schedules.models import Slot
from surveillance.accounts.models import User
from tests.factories import BookingFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alerts_alone(clinic: Clinic) -> None:
    """One notice for each overdue exam keeps the tables short."""
    give_defaults([clinic])
    Rule.objects.exclude(kind=Kind.OVERDUE).exclude(audience="patient").update(active=False)


def page_of(client: Client, slot: Slot) -> Page:
    return Page(client.get(f"/patients/{slot.patient.public_id}/"))


def said(client: Client, slot: Slot) -> list[dict[str, str]]:
    return page_of(client, slot).table("What was said")


def day(at: timedelta, clinic: Clinic) -> str:
    on = clinic.today() + at
    return f"{on.day} {on:%B %Y}"


def test_where_nothing_was_said_the_page_holds_nothing_of_it(
    nurse_client: Client, open_slot: Slot
) -> None:
    assert "What was said" not in page_of(nurse_client, open_slot).text()


def test_what_waits_is_told_with_when_and_to_whom(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    sweep(at=moment(clinic, days=-1))
    deliver_at = Line.objects.get().deliver_at.astimezone(clinic.zone)

    [row] = said(nurse_client, overdue_slot)

    assert row["What"].startswith("Exam overdue CT chest+abdomen no. 1, due ")
    assert (row["To"], row["Since then"]) == ("The responsible clinician", "Still so")
    assert row["Message"] == (
        f"Waits until {deliver_at.day} {deliver_at:%B %Y}, {deliver_at:%H:%M}"
    )


def test_what_was_sent_is_told_with_when_and_why_it_is_over(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    for days in (-9, -2):
        sweep(at=moment(clinic, days))
    BookingFactory.create(slot=overdue_slot, starts_at=moment(clinic, 2), at=moment(clinic, -1))
    sweep(at=moment(clinic, days=0))

    [row] = said(nurse_client, overdue_slot)

    assert row["Message"] == f"Sent {day(timedelta(days=-2), clinic)}, 09:00"
    assert row["Since then"] == (
        f"Over since {day(timedelta(), clinic)}: booked for {day(timedelta(days=2), clinic)}"
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MessageState.QUEUED, "Waits to be sent"),
        (MessageState.FAILED, "Failed: The mail server answered 550: no such user"),
        (MessageState.HELD, "Held until an administrator decides"),
    ],
)
def test_what_became_of_the_message_is_told(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot, state: MessageState, words: str
) -> None:
    at = moment(clinic, days=-1)
    sweep(at=at)
    message = Message.objects.create(
        clinic=clinic,
        channel="email",
        recipient="x@example.org",
        state=state,
        hold=Hold.objects.create(clinic=clinic, at=at, lines=900, usual=200),
        queued_at=at,
        next_try_at=at,
        last_error="The mail server answered 550: no such user",
    )
    Line.objects.update(message=message)

    [row] = said(nurse_client, overdue_slot)

    assert row["Message"] == words


def test_what_an_administrator_kept_back_names_them(
    nurse_client: Client, administrator: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    at = moment(clinic, days=-1)
    sweep(at=at)
    hold = Hold.objects.create(clinic=clinic, at=at, lines=900, usual=200)
    message = Message.objects.create(
        clinic=clinic, state=MessageState.HELD, hold=hold, queued_at=at, next_try_at=at
    )
    Line.objects.update(message=message)
    decide_hold(hold=hold, release=False, by=administrator)

    [row] = said(nurse_client, overdue_slot)

    assert row["Message"] == "Kept back by Ada Administrator"


def test_an_alert_is_taken_in_hand_on_the_patients_page(
    clinician_client: Client, nurse_client: Client, overdue_slot: Slot
) -> None:
    sweep()
    assert page_of(nurse_client, overdue_slot).document.select("td form") == []
    page = page_of(clinician_client, overdue_slot)
    form = page.find("td form")

    page = Page(clinician_client.post(str(form["action"]), {"from_patient": "yes"}, follow=True))

    assert page.messages[0].startswith(f"{overdue_slot.patient}: you have it in hand.")
    [row] = page.table("What was said")
    today = day(timedelta(), overdue_slot.patient.clinic)
    assert row["Since then"] == f"Taken in hand by Carl Clinician, {today}"
    assert row["Message"] == "Not sent"


def test_an_alert_that_went_on_to_the_lead_has_one_button(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    sweep(at=moment(clinic, days=-15))
    sweep(at=moment(clinic, days=0))

    page = page_of(clinician_client, overdue_slot)

    assert [row["To"] for row in page.table("What was said")] == [
        "The clinic's lead",
        "The responsible clinician",
    ]
    assert len(page.document.select("td form")) == 1


def test_what_the_patient_was_told_is_there_too(
    nurse_client: Client, nurse: User, clinic: Clinic, open_slot: Slot
) -> None:
    agree_to_messages(
        patient=open_slot.patient,
        contact_by=ContactBy.EMAIL,
        email="hanako@example.org",
        phone="",
        language=Language.ENGLISH,
        by=nurse,
    )
    BookingFactory.create(slot=open_slot, starts_at=moment(clinic, days=5))
    sweep(at=moment(clinic, days=0))

    [row] = said(nurse_client, open_slot)

    assert row["What"].startswith("Appointment ahead CT chest+abdomen no. 1, appointment of ")
    assert row["To"] == "The patient, who agreed to it"
    assert row["Message"] == f"Sent {day(timedelta(), clinic)}, 09:00"


def test_beyond_the_last_five_it_is_folded_away(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    at = moment(clinic, days=-2)
    for n in range(7):
        Notice.objects.create(
            rule=Rule.objects.filter(clinic=clinic, kind=Kind.OVERDUE)[0],
            patient=overdue_slot.patient,
            slot=overdue_slot,
            round=n,
            since=at,
            raised_at=at,
        )

    page = page_of(nurse_client, overdue_slot)

    folded = page.find("section[aria-labelledby=said] details")
    assert len(page.table("What was said")) == 5
    assert len(folded.select("tbody tr")) == 2
    assert page.table("What was said")[0]["Message"] == "In the inbox alone"


def test_the_page_asks_the_database_as_often_for_much_said_as_for_little(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    queries = []
    for days in (-15, 0):
        sweep(at=moment(clinic, days))
        with CaptureQueriesContext(connection) as captured:
            said(clinician_client, overdue_slot)
        queries.append(len(captured))
        sweep(at=moment(clinic, days + 1))

    assert Notice.objects.count() > 1
    assert queries[0] == queries[1]
