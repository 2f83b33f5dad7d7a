"""What was sent, what waits, what failed; and sending again what failed."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.actions import agree_to_messages
from patients.models import Clinic, ContactBy, Language
from reminders.actions import send_again, sweep
from reminders.models import (
    Audience,
    ChannelName,
    Hold,
    Kind,
    Line,
    Message,
    MessageState,
    Notice,
    Rule,
)
from reminders.rules import give_defaults
from schedules.models import Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.audit.models import Event, Look
from tests.factories import ClinicFactory, UserFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in
from tests.threads import at_once

pytestmark = pytest.mark.django_db

MESSAGES = "/messages/"


def write(clinic: Clinic, slot: Slot | None = None, **changes: object) -> Message:
    """Write a message as it stands after a sweep, about `slot` where there is one."""
    at = moment(clinic, days=-1)
    message = Message.objects.create(
        **{
            "clinic": clinic,
            "channel": ChannelName.EMAIL,
            "recipient": "nurses@example.org",
            "queued_at": at,
            "next_try_at": at,
            **changes,
        }
    )
    if slot:
        give_defaults([clinic])
        rule = Rule.objects.filter(clinic=clinic, kind=Kind.TO_BOOK, audience=Audience.NURSES)[0]
        notice = Notice.objects.create(
            rule=rule, patient=slot.patient, slot=slot, since=at, raised_at=at
        )
        Line.objects.create(
            notice=notice,
            clinic=clinic,
            channel=message.channel,
            recipient=message.recipient,
            deliver_at=at,
            message=message,
        )
    return message


def failed(clinic: Clinic, slot: Slot | None = None) -> Message:
    return write(
        clinic,
        slot,
        state=MessageState.FAILED,
        attempts=13,
        subject="1 to book",
        body="To book.",
        last_error="The mail server answered 550: no such user",
    )


@pytest.mark.parametrize("role", sorted(MAY[Act.SEE_MESSAGES]))
def test_everybody_of_the_clinic_sees_what_was_sent(clinic: Clinic, role: Role) -> None:
    at = moment(clinic, days=-1)
    write(clinic, state=MessageState.SENT, sent_at=at, subject="2 to book", body="To book: …")
    write(ClinicFactory.create())

    [row] = Page(signed_in(member(clinic, role)).get(MESSAGES)).table()

    assert row["Written"] == f"{at.day} {at:%b} {at.year}, 09:00"
    assert (row["To"], row["By"], row["Subject"]) == ("nurses@example.org", "E-mail", "2 to book")
    assert row["State"] == f"Sent {at.day} {at:%b} {at.year}, 09:00"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (MessageState.QUEUED, "Waits since "),
        (MessageState.SENDING, "Being sent since "),
        (MessageState.FAILED, "Failed after 13 attempts The mail server answered 550"),
        (MessageState.WITHDRAWN, "Withdrawn no longer true"),
        (MessageState.HELD, "Held until an administrator decides"),
    ],
)
def test_each_state_is_said_in_words_with_the_error(
    nurse_client: Client, clinic: Clinic, state: MessageState, told: str
) -> None:
    at = moment(clinic, days=-1)
    error = "The mail server answered 550: no such user" if state == MessageState.FAILED else ""
    hold = Hold.objects.create(clinic=clinic, at=at, lines=900, usual=200)
    write(
        clinic,
        state=state,
        attempts=13,
        claimed_at=at,
        last_error=error,
        hold=hold if state == MessageState.HELD else None,
    )

    [row] = Page(nurse_client.get(MESSAGES)).table()

    assert row["State"].startswith(told)


def test_a_message_that_was_refused_for_now_says_when_it_is_tried_again(
    nurse_client: Client, clinic: Clinic
) -> None:
    write(clinic, attempts=2, last_error="The mail server cannot be used: down")

    [row] = Page(nurse_client.get(MESSAGES)).table()

    assert "2 attempts, the next at " in row["State"]
    assert row["State"].endswith("The mail server cannot be used: down")


def test_the_page_is_narrowed_to_a_state(nurse_client: Client, clinic: Clinic) -> None:
    failed(clinic)
    write(clinic)

    page = Page(nurse_client.get(MESSAGES))
    narrowed = Page(nurse_client.get(page.link("Failed")))

    assert len(page.table()) == 2
    assert [row["Subject"] for row in narrowed.table()] == ["1 to book"]
    assert Page(nurse_client.get(page.link("Sent"))).text(".empty") == (
        "No message of your clinics is in this state."
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "lost"},
        {"after": "nonsense"},
        {"after": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_what_makes_no_sense_is_refused(nurse_client: Client, asked: dict[str, str]) -> None:
    assert nurse_client.get(MESSAGES, asked).status_code == 400


def test_messages_come_fifty_a_page_the_latest_first_each_once(
    nurse_client: Client, clinic: Clinic
) -> None:
    for n in range(101):  # three of each time, so that the place among equals counts
        write(clinic, subject=f"no. {n}", queued_at=moment(clinic, 0) + timedelta(hours=n // 3))

    page = Page(nurse_client.get(MESSAGES))
    read = [[row["Subject"] for row in page.table()]]
    for _ in range(2):
        page = Page(nurse_client.get(page.link("Next 50")))
        read.append([row["Subject"] for row in page.table()])

    assert [len(subjects) for subjects in read] == [50, 50, 1]
    assert [one for subjects in read for one in subjects] == [
        f"no. {n}" for n in reversed(range(101))
    ]
    assert page.link("To the beginning") == "/messages/"


def test_what_waits_for_its_time_is_counted(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    sweep()

    page = Page(nurse_client.get(MESSAGES))

    assert page.text(".empty") == "No message has been written yet."
    waits = Line.objects.filter(message=None).count()
    assert f"{waits} more thing" in page.text()


def test_a_message_shows_its_text_and_of_whom_it_tells(
    nurse_client: Client, nurse: User, clinic: Clinic, open_slot: Slot
) -> None:
    told = write(clinic, open_slot, state=MessageState.SENT, subject="1 to book", body="To book: x")

    page = Page(nurse_client.get(f"/messages/{told.public_id}/"))

    assert page.text("h1") == "1 to book"
    assert page.text(".mail") == "To book: x"
    [row] = page.table()
    assert row["Patient"].startswith(str(open_slot.patient))
    assert (row["What"], row["Now"]) == ("Exam to be booked", "Still so")
    look = Look.objects.get(page="message")
    assert (look.by_id, look.patient_ids) == (nurse.public_id, [open_slot.patient.public_id])


def test_a_line_that_was_withdrawn_says_why(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    told = write(clinic, open_slot, state=MessageState.WITHDRAWN)
    at = moment(clinic, days=0)
    Notice.objects.update(ended_at=at, end_reason="the exam was done")
    Line.objects.update(withdrawn_at=at)

    [row] = Page(nurse_client.get(f"/messages/{told.public_id}/")).table()

    assert row["Now"].startswith("Withdrawn ")
    assert row["Now"].endswith("09:00: the exam was done")


def test_a_line_that_an_administrator_kept_back_says_so(
    nurse_client: Client, administrator: User, clinic: Clinic, open_slot: Slot
) -> None:
    at = moment(clinic, days=0)
    hold = Hold.objects.create(
        clinic=clinic, at=at, lines=900, usual=200, decided_at=at, decided_by=administrator
    )
    told = write(clinic, open_slot, state=MessageState.WITHDRAWN, hold=hold)
    Line.objects.update(withdrawn_at=at)

    page = Page(nurse_client.get(f"/messages/{told.public_id}/"))

    assert page.table()[0]["Now"].endswith("Ada Administrator kept it back")
    assert "an administrator kept it back" in page.text(".facts")


def test_a_patient_who_was_written_to_is_named_and_the_look_recorded(
    administrator_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    write(clinic, open_slot, recipient="hanako@example.org")
    Line.objects.update(to_patient=True)

    page = Page(administrator_client.get(MESSAGES))

    patient = open_slot.patient
    assert page.table()[0]["To"] == f"hanako@example.org {patient}, {patient.mrn}"
    assert Look.objects.get(page="messages").patient_ids == [patient.public_id]


def test_a_failed_message_is_sent_again_with_one_button(
    nurse_client: Client, clinic: Clinic
) -> None:
    told = failed(clinic)
    page = Page(nurse_client.get(f"/messages/{told.public_id}/"))

    page = Page(nurse_client.post(str(page.find("main form")["action"]), follow=True))

    assert page.messages == ["It waits to be sent again. What of it is no longer true is left out."]
    told.refresh_from_db()
    assert (told.state, told.attempts) == (MessageState.QUEUED, 0)
    assert Event.objects.get(act="message.sent_again").detail == {"message": str(told.public_id)}
    assert page.document.select("main form") == []


def test_a_message_that_has_not_failed_is_not_sent_again(
    nurse_client: Client, clinic: Clinic
) -> None:
    told = write(clinic, state=MessageState.SENT)

    page = Page(nurse_client.post(f"/messages/{told.public_id}/send-again/", follow=True))

    assert page.messages == ["Only a message that failed is sent again."]
    told.refresh_from_db()
    assert told.state == MessageState.SENT


def test_a_clinician_finds_no_button_to_send_again(
    clinician_client: Client, clinic: Clinic
) -> None:
    page = Page(clinician_client.get(f"/messages/{failed(clinic).public_id}/"))

    assert [text_of(button) for button in page.document.select("main button")] == []


def test_to_a_patient_it_goes_to_the_address_that_was_given_since(
    clinic: Clinic, open_slot: Slot
) -> None:
    patient, by = open_slot.patient, UserFactory.create()

    def agree(email: str) -> None:
        agree_to_messages(
            patient=patient,
            contact_by=ContactBy.EMAIL,
            email=email,
            phone="",
            language=Language.ENGLISH,
            by=by,
        )

    agree("old@example.org")
    told = failed(clinic, open_slot)
    Message.objects.update(recipient="old@example.org")
    Line.objects.update(to_patient=True, recipient="old@example.org")
    agree("new@example.org")
    sweep()

    send_again(message=told, by=by)
    sweep()

    told.refresh_from_db()
    assert told.recipient == "new@example.org"


@pytest.mark.parametrize("address", [MESSAGES, "message"])
def test_a_page_asks_the_database_as_often_for_many_as_for_one(
    nurse_client: Client, clinic: Clinic, address: str
) -> None:
    told = write(clinic, slot_due_in(0, clinic))
    ask: Callable[[], object] = lambda: nurse_client.get(  # noqa: E731
        address if address == MESSAGES else f"/messages/{told.public_id}/"
    )
    queries = []
    for more in (0, 3):
        for _ in range(more):
            write(clinic, slot_due_in(0, clinic))
        Line.objects.update(to_patient=True)
        if address != MESSAGES:
            for n, line in enumerate(Line.objects.exclude(message=told)):
                Line.objects.filter(pk=line.pk).update(message=told, recipient=f"{n}@example.org")

        with CaptureQueriesContext(connection) as captured:
            ask()

        queries.append(len(captured))

    assert queries[0] == queries[1]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_again_at_once_one_is_refused() -> None:
    clinic, people = ClinicFactory.create(), UserFactory.create_batch(2)
    told = failed(clinic)

    ended = at_once([partial(send_again, message=told, by=by) for by in people])

    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "ValidationError"]
    assert Event.objects.filter(act="message.sent_again").count() == 1
