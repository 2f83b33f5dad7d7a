"""What a scanner says moves the appointment that it means, and no other."""

from dataclasses import replace
from typing import Any

import pytest

from imaging.models import Received, Step, StepState
from imaging.steps import Over, Performed, Repeated, begin_step, end_step
from schedules.actions import move_booking
from schedules.models import Booking, BookingState
from schedules.rules.outcome import Outcome
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ClinicFactory, ScannerFactory, UserFactory, morning

pytestmark = pytest.mark.django_db
THAT_DAY = morning(4, 8)


@pytest.fixture
def booking() -> Booking:
    return BookingFactory.create()


def of(booking: Booking, **changes: Any) -> Performed:
    said = Performed(
        sop_uid="1.2.3.4",
        study_uid=booking.study_uid,
        accession=booking.accession,
        patient_id=booking.patient.mrn,
        issuer=booking.patient.mrn_issuer,
        station="CT1",
    )
    return replace(said, **changes)


def begun(booking: Booking, **changes: Any) -> Step:
    clinic = booking.patient.clinic
    return begin_step(clinic=clinic, performed=of(booking, **changes), by="CT1", at=THAT_DAY)


def test_in_progress_the_patient_has_arrived(booking: Booking) -> None:
    step = begun(booking)
    booking.refresh_from_db()
    assert (booking.state, step.booking, step.said) == (BookingState.ARRIVED, booking, "")
    event = Event.objects.get(act="booking.arrived")
    assert (event.by_name, event.by_id) == ("CT1", None)

    begun(booking, sop_uid="1.2.3.5")  # another step of the same scan: no news
    assert Event.objects.filter(act="booking.arrived").count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"accession": ""},
        {"issuer": ""},
        {"study_uid": "1.9"},  # the scanner made up one of its own
    ],
)
def test_either_number_names_the_appointment(booking: Booking, changes: dict[str, str]) -> None:
    assert begun(booking, **changes).booking == booking


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"patient_id": "somebody else"}, "It names another patient than the appointment."),
        ({"patient_id": ""}, "It names another patient than the appointment."),
        ({"issuer": "elsewhere"}, "It names another patient than the appointment."),
        ({"accession": "SV0"}, "Its accession number is not the one of the appointment."),
        ({"accession": "", "study_uid": "1.9"}, ""),
    ],
)
def test_what_does_not_fit_is_kept_and_moves_nothing(
    booking: Booking, changes: dict[str, str], said: str
) -> None:
    step = begun(booking, **changes)
    booking.refresh_from_db()
    assert (step.booking, step.said) == (None, said)
    assert booking.state == BookingState.BOOKED
    assert Event.objects.get(act="step.began").detail["said"] == said


def test_numbers_of_two_appointments_are_of_neither(booking: Booking) -> None:
    slot = booking.slot.schedule.slots.get(n=2)
    other = BookingFactory.create(slot=slot, scanner=booking.scanner, starts_at=morning(7, 8))
    step = begun(booking, study_uid=other.study_uid)
    assert step.said == "Its study and its accession number are of two appointments."


def test_the_peer_of_another_clinic_moves_nothing(booking: Booking) -> None:
    step = begin_step(clinic=ClinicFactory.create(), performed=of(booking), by="CT9", at=THAT_DAY)
    assert step.booking is None


def test_what_no_longer_is_ahead_is_kept_beside_the_appointment(booking: Booking) -> None:
    nurse = UserFactory.create()
    move_booking(booking=booking, to=BookingState.CANCELLED, by=nurse, at=THAT_DAY)
    step = begun(booking)
    assert step.booking == booking
    early = begin_step(
        clinic=booking.patient.clinic,
        performed=of(
            BookingFactory.create(
                slot=booking.slot,
                scanner=ScannerFactory.create(clinic=booking.patient.clinic),
                starts_at=morning(4, 9),
            ),
            sop_uid="1.2.3.6",
        ),
        by="CT1",
        at=THAT_DAY,
    )
    assert early.said == "The appointment is not before 9 April 2026."


def test_completed_its_images_are_judged_at_once_and_the_exam_stays_open(booking: Booking) -> None:
    received = Received.objects.create(clinic=booking.patient.clinic, study_uid=booking.study_uid)
    step = begun(booking)
    end_step(step=step, completed=True, by="CT1", at=THAT_DAY)

    for row in (received, step, booking, booking.slot):
        row.refresh_from_db()
    assert received.settled_at == step.ended_at == THAT_DAY
    assert (step.state, booking.state) == (StepState.COMPLETED, BookingState.ARRIVED)
    assert booking.slot.outcome == Outcome.OPEN


def test_broken_off_the_appointment_is_given_back_with_the_reason(booking: Booking) -> None:
    step = begun(booking)
    end_step(step=step, completed=False, because="Equipment failure", by="CT1", at=THAT_DAY)

    booking.refresh_from_db()
    assert (booking.state, booking.broken_off_because) == (
        BookingState.CANCELLED,
        "Equipment failure",
    )
    assert Event.objects.get(act="booking.broken_off").detail["because"] == "Equipment failure"
    assert not booking.slot.bookings.filter(state__in=Booking.ACTIVE).exists()


def test_a_second_step_that_went_on_keeps_the_appointment(booking: Booking) -> None:
    first, second = begun(booking), begun(booking, sop_uid="1.2.3.5")
    end_step(step=first, completed=False, by="CT1", at=THAT_DAY)
    booking.refresh_from_db()
    assert booking.state == BookingState.ARRIVED

    end_step(step=second, completed=False, by="CT1", at=THAT_DAY)
    booking.refresh_from_db()
    assert booking.broken_off_because == "No reason was given."


def test_a_step_begins_once_and_ends_once(booking: Booking) -> None:
    step = begun(booking)
    with pytest.raises(Repeated):
        begun(booking)
    end_step(step=step, completed=True, by="CT1", at=THAT_DAY)
    with pytest.raises(Over):
        end_step(step=step, completed=False, by="CT1", at=THAT_DAY)
    booking.refresh_from_db()
    assert booking.state == BookingState.ARRIVED
