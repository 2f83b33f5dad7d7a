"""Whom a clinic tells of its appointments: arranged, watched, and mended by people."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client

from patients.models import Clinic
from reminders.appointments.telling import tell
from reminders.models import Announcement, Message, MessageState, Receiver
from schedules.models import Booking
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from tests.factories import BookingFactory, ClinicFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in
from tests.integration.reminders.appointments.hospital import Hospital, says

pytestmark = pytest.mark.django_db

NOW = r"(now|\S+ seconds? ago)"
TYPED = {"on": "on", "host": "127.0.0.1", "charset": "UNICODE UTF-8", "our_application": "SURV"}


@pytest.fixture
def hospital() -> Iterator[Hospital]:
    with Hospital() as listening:
        yield listening


@pytest.fixture
def booking(clinic: Clinic) -> Booking:
    return BookingFactory.create(
        slot=slot_due_in(10, clinic), starts_at=moment(clinic, 5), at=moment(clinic, -1)
    )


def address(clinic: Clinic) -> str:
    return f"/hl7/{clinic.code}/"


def send(client: Client, clinic: Clinic, **typed: str) -> Page:
    """Send the form as the page shows it, with what was typed."""
    seen = Page(client.get(address(clinic))).find("input[name=seen]")["value"]
    typed = {"seen": str(seen), "arrange": "yes", **typed}
    return Page(client.post(address(clinic), typed, follow=True))


def test_an_administrator_sets_it_on_and_sees_how_it_does(
    administrator_client: Client, clinic: Clinic, booking: Booking, hospital: Hospital
) -> None:
    before = Page(administrator_client.get(address(clinic)))
    assert "How it does" not in before.text()
    assert not before.document.select_one("#id_on[checked]")

    after = send(administrator_client, clinic, **TYPED, port=str(hospital.port))

    assert "Saved." in after.text()
    assert after.text("#state").startswith("no error has not answered yet; no message waits")
    event = Event.objects.get(act="receiver.arranged")
    assert (event.detail["on"], event.detail["host"]) == (True, "127.0.0.1")
    receiver = Receiver.objects.get()
    tell(receiver)
    assert hospital.events == ["S12"]
    shown = Page(administrator_client.get(address(clinic))).text("#state")
    assert re.fullmatch(rf"no error answered {NOW}; no message waits", shown)

    receiver.port = 1
    Booking.objects.update(state="cancelled")
    tell(receiver)

    status = Page(administrator_client.get("/status/")).text("#hl7")
    assert "in trouble The receiver cannot be reached: Connection refused" in status
    assert re.search(rf"1 message waits, written {NOW}", status)
    assert booking.patient.family_name not in status
    told = Page(
        administrator_client.post(address(clinic), {"tell_anew": "yes"}, follow=True)
    ).text()
    assert "It is told of every appointment ahead within a minute." in told
    assert Event.objects.filter(act="receiver.told_anew").count() == 1
    assert Message.objects.latest("pk").state == MessageState.WITHDRAWN


def test_what_cannot_be_is_said_at_its_field(administrator_client: Client, clinic: Clinic) -> None:
    for typed, said in (
        ({"port": "2575", "host": ""}, "Without an address nobody can be told."),
        ({"port": "2575", "host": "http://his"}, "A host is a name or an IP address"),
        ({"port": "70000"}, "65535"),
        ({"port": "99", "host": "10.0.0.1"}, "This server may not connect to 10.0.0.1, port 99."),
        ({"port": "2575", "our_application": ""}, "required"),
    ):
        page = send(administrator_client, clinic, **TYPED | typed)
        assert said in page.text(), typed
    assert not Receiver.objects.filter(on=True).exists()


def test_two_administrators_do_not_overwrite_each_other(
    administrator_client: Client, clinic: Clinic
) -> None:
    other = signed_in(member(clinic, Role.ADMINISTRATOR, "Otto Other"))
    seen = str(Page(other.get(address(clinic))).find("input[name=seen]")["value"])
    send(administrator_client, clinic, **TYPED, port="2575")

    page = Page(
        other.post(
            address(clinic), {**TYPED, "port": "99", "seen": seen, "arrange": "yes"}, follow=True
        )
    )

    assert "Ada Administrator has changed this meanwhile." in page.text()
    assert Receiver.objects.get().port == 2575


def test_a_refused_message_is_seen_with_its_reason_and_sent_again(
    administrator: User,
    administrator_client: Client,
    nurse_client: Client,
    clinic: Clinic,
    booking: Booking,
    hospital: Hospital,
) -> None:
    send(administrator_client, clinic, **TYPED, port=str(hospital.port))
    hospital.manners.append(says("AR", "Unknown patient"))
    tell(receiver := Receiver.objects.get())
    patient = booking.patient

    rows = Page(nurse_client.get("/messages/?state=failed")).table()

    assert [(row["By"], row["Subject"]) for row in rows] == [("HL7", "SIU^S12 New appointment")]
    assert rows[0]["To"] == f"127.0.0.1:{hospital.port} {patient}, {patient.mrn}"
    assert "The receiver refuses it: AR Unknown patient" in rows[0]["State"]
    assert "1 failed See which" in Page(nurse_client.get("/status/")).text("#hl7")
    assert [look.patient_ids for look in Look.objects.filter(page="messages")] == [
        [patient.public_id]
    ]
    message = Message.objects.get()
    page = Page(nurse_client.get(f"/messages/{message.public_id}/"))
    assert f"PID|1||{patient.mrn}^^^{patient.mrn_issuer}^MR||" in page.text("pre.mail")
    assert "New appointment Booked" in page.text()
    assert Look.objects.filter(page="message").get().patient_ids == [patient.public_id]

    nurse_client.post(f"/messages/{message.public_id}/send-again/")
    tell(receiver)

    assert Announcement.objects.get().message.state == MessageState.SENT
    assert len(hospital.heard) == 2


def test_of_another_clinic_nothing_is_seen(
    administrator_client: Client, booking: Booking, hospital: Hospital
) -> None:
    elsewhere = ClinicFactory.create()
    stranger = signed_in(member(elsewhere, Role.ADMINISTRATOR))
    send(administrator_client, booking.patient.clinic, **TYPED, port=str(hospital.port))
    tell(Receiver.objects.get())

    assert stranger.get(address(booking.patient.clinic)).status_code == 404
    assert "HL7" not in Page(stranger.get("/messages/")).text("main")
    assert not Page(stranger.get("/status/")).document.select_one("#hl7")
