"""What a receiver hears of appointments: all that holds, as it holds, and nothing else."""

import ssl
from pathlib import Path

import pytest
from pytest_django import Settings

from patients.models import Clinic
from reminders.appointments.arranging import arrange_receiver, tell_anew
from reminders.appointments.telling import tell
from reminders.models import Announcement, Message, MessageState, Receiver
from reminders.tasks import tell_receivers
from schedules.actions import move_booking, record_study, reschedule
from schedules.actions.undo import undo_booking, undo_outcome
from schedules.models import Booking, BookingState
from tests.certificates import certificate
from tests.factories import ClinicFactory, UserFactory, morning
from tests.integration.reminders.appointments.hospital import Hospital
from tests.integration.reminders.appointments.scene import (
    A_MINUTE,
    AT,
    arranged,
    booked,
    states,
    told_of,
)

pytestmark = pytest.mark.django_db

SENT = MessageState.SENT
WITHDRAWN = MessageState.WITHDRAWN


def test_an_appointment_is_told_from_its_booking_to_its_end(
    receiver: Receiver, clinic: Clinic, hospital: Hospital
) -> None:
    first = booked(clinic)
    tell(receiver, at=AT)
    by = first.booked_by
    moved = reschedule(booking=first, scanner=first.scanner, starts_at=morning(4, 10), by=by, at=AT)
    tell(receiver, at=AT)
    longer = reschedule(
        booking=moved, scanner=first.scanner, starts_at=morning(4, 10), minutes=50, by=by, at=AT
    )
    tell(receiver, at=AT)
    move_booking(booking=longer, to=BookingState.ARRIVED, by=by, at=morning(4, 10))
    tell(receiver, at=morning(4, 10))
    record_study(
        patient=first.patient,
        modality="CT",
        performed_on=morning(4, 10).date(),
        regions=["chest", "abdomen"],
        by=by,
        at=morning(4, 10),
    )
    tell(receiver, at=morning(4, 11))
    tell(receiver, at=morning(4, 12))

    assert told_of(hospital) == [
        ("S12", "Booked", "202604080900"),
        ("S13", "Booked", "202604100900"),
        ("S14", "Booked", "202604100900"),
        ("S14", "Started", "202604100900"),
        ("S14", "Complete", "202604100900"),
    ]
    ids = {str(message["SCH.F2.R1.C1"]) for message in hospital.heard}
    assert ids == {str(first.public_id)}  # it stays one appointment
    orders = [str(message["SCH.F27.R1.C1"]) for message in hospital.heard]
    assert orders == [first.accession, moved.accession, *[longer.accession] * 3]
    assert [str(message["AIS.F7"]) for message in hospital.heard] == ["30", "30", *["50"] * 3]
    assert max(hospital.times_heard.values()) == 1
    assert set(Message.objects.values_list("state", flat=True)) == {SENT}
    assert hospital.connections == 5  # one a run that had something to say, and no more


def test_what_is_taken_back_is_told_as_what_holds_again(
    receiver: Receiver, clinic: Clinic, hospital: Hospital
) -> None:
    def after(booking: Booking, *acts: BookingState | None) -> list[str]:
        """Return what is told when this becomes of it, act by act; nothing takes the last back."""
        by, so_far = booking.booked_by, len(hospital.heard)
        for act in acts:
            if act:
                move_booking(booking=booking, to=act, by=by, at=morning(4, 8))
            else:
                undo_outcome(booking=booking, by=by)
            tell(receiver, at=morning(4, 8))
            booking.refresh_from_db()
        return [event for event, *__ in told_of(hospital)[so_far:]]

    for made in (cancelled := booked(clinic), missed := booked(clinic, starts_at=morning(4, 7))):
        tell(receiver, at=AT)
        assert made.state == BookingState.BOOKED
    hospital.heard.clear()

    # Cancelled, it was gone over there: it is a new appointment, under the same id.
    assert after(cancelled, BookingState.CANCELLED, None) == ["S15", "S12"]
    assert after(missed, BookingState.NO_SHOW, None) == ["S26", "S14"]

    other = booked(clinic, starts_at=morning(4, 9), by=(by := UserFactory.create()))
    tell(receiver, at=AT)
    undo_booking(booking=other, by=by, at=AT)
    tell(receiver, at=AT)
    assert hospital.events[-2:] == ["S12", "S15"]
    assert len({str(message["SCH.F2.R1.C1"]) for message in hospital.heard}) == 3


def test_what_came_to_nothing_before_it_could_be_told_is_not_told(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    gone, moved = booked(clinic), booked(clinic)
    receiver.port = 1  # nobody is there
    tell(receiver, at=AT)
    by = gone.booked_by
    move_booking(booking=gone, to=BookingState.CANCELLED, by=by, at=AT)
    reschedule(booking=moved, scanner=moved.scanner, starts_at=morning(4, 10), by=by, at=AT)
    receiver.port = hospital.port

    tell(receiver, at=AT)

    assert told_of(hospital) == [("S12", "Booked", "202604100900")]
    assert states() == [("S12", WITHDRAWN), ("S12", WITHDRAWN), ("S12", SENT)]
    assert str(hospital.heard[0]["SCH.F2.R1.C1"]) == str(moved.public_id)


def test_off_by_default_nothing_is_decided_and_set_on_only_what_is_ahead(
    clinic: Clinic, hospital: Hospital
) -> None:
    past, ahead = booked(clinic), booked(clinic, starts_at=morning(4, 10))
    off = Receiver.objects.create(clinic=clinic, host="127.0.0.1", port=hospital.port)
    assert not off.on
    tell_receivers()
    assert not Announcement.objects.exists()

    receiver = arranged(clinic, hospital.port, at=morning(4, 9))
    tell(receiver, at=morning(4, 9))
    assert told_of(hospital) == [("S12", "Booked", "202604100900")]

    by = past.booked_by
    arrange_receiver(clinic=clinic, by=by, on=False)
    move_booking(booking=ahead, to=BookingState.CANCELLED, by=by, at=morning(4, 9))
    tell_receivers()
    assert len(hospital.heard) == 1
    tell(arrange_receiver(clinic=clinic, by=by, on=True, at=morning(4, 9)), at=morning(4, 9))
    assert hospital.events == ["S12", "S15"]


def test_a_clinic_tells_its_own_appointments_to_its_own_receiver(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    elsewhere = ClinicFactory.create()
    booked(clinic), booked(elsewhere)
    with Hospital() as other:
        theirs = arranged(elsewhere, other.port)
        tell(receiver, at=AT)
        assert other.heard == []
        tell(theirs, at=AT)

        for one, place in ((hospital, clinic), (other, elsewhere)):
            [message] = one.heard
            assert str(message["PID.F3.R1.C4"]) == place.mrn_issuer


def test_told_anew_it_hears_of_all_that_is_ahead_as_new(
    clinic: Clinic, receiver: Receiver, hospital: Hospital
) -> None:
    first = booked(clinic)
    tell(receiver, at=AT)
    moved = reschedule(
        booking=first, scanner=first.scanner, starts_at=morning(4, 10), by=first.booked_by, at=AT
    )
    tell(receiver, at=AT)

    tell_anew(receiver=receiver, by=first.booked_by, at=AT + A_MINUTE)
    receiver.refresh_from_db()
    tell(receiver, at=AT + A_MINUTE)
    tell(receiver, at=AT + 2 * A_MINUTE)
    move_booking(booking=moved, to=BookingState.CANCELLED, by=first.booked_by, at=AT)
    tell(receiver, at=AT + 3 * A_MINUTE)

    assert hospital.events == ["S12", "S13", "S12", "S15"]
    assert Announcement.objects.latest("number").number == 4


def test_over_tls_only_a_receiver_with_a_valid_certificate_is_told(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    public, secret = certificate(tmp_path)
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(public, secret)
    booked(clinic)
    with Hospital(secured=secured) as hospital:
        receiver = arranged(clinic, hospital.port, tls=True)
        tell(receiver, at=AT)
        receiver.refresh_from_db()
        assert receiver.error.startswith("The receiver has no valid certificate: self")
        settings.MLLP_TLS_CA = str(public)

        tell(receiver, at=AT)

        assert hospital.events == ["S12"]
