"""A nurse's day: who must be booked, for when, and who came."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.models import Booking, BookingState, Scanner, Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db

TO_BOOK = "/worklists/to-book/"
BOOKED = "/worklists/booked/"


def book(
    client: Client, slot: Slot, scanner: Scanner, starts_at: datetime, reason: str = ""
) -> Page:
    """Fill in the form to which the list's link leads."""
    asked = {
        "starts_at": f"{starts_at:%Y-%m-%dT%H:%M}",
        "scanner": scanner.pk,
        "outside_window_reason": reason,
    }
    return Page(client.post(f"/slots/{slot.public_id}/book/", asked, follow=True))


def test_a_slot_whose_window_is_open_is_to_be_booked(nurse_client: Client, open_slot: Slot) -> None:
    page = Page(nurse_client.get(TO_BOOK))

    [row] = page.table()
    patient = open_slot.patient
    assert row["Patient"] == f"{patient} {patient.mrn} · No phone number"
    assert row["Exam"] == "CT chest+abdomen no. 1, month 3"
    assert f"due {date_format(open_slot.due_on, 'j M Y')} (" in row["Window"]
    assert row["Last contact"] == "None yet"
    assert page.link(f"Book {open_slot.patient}") == f"/slots/{open_slot.public_id}/book/"


def test_a_booking_takes_the_slot_from_to_book_to_booked(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    starts_at = moment(clinic, days=2)

    to_book = book(nurse_client, open_slot, scanner, starts_at)

    when = f"{date_format(starts_at, 'j F Y')} at 09:00"
    assert to_book.messages == [f"{open_slot.patient} is booked for {when} on {scanner}."]
    assert to_book.table() == []
    [row] = Page(nurse_client.get(BOOKED)).table()
    assert row["When"] == date_format(starts_at, "D j M Y, H:i")
    assert row["Scanner"] == scanner.name


def test_outside_the_window_without_a_reason_the_form_says_so_beside_the_field(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    after_it = moment(clinic, days=90)

    page = book(nurse_client, open_slot, scanner, after_it)

    assert page.title.startswith("Error: ")
    assert "is outside the window from" in page.error_beside("outside_window_reason")
    [error] = page.error_summary
    assert error.startswith("Reason, if outside the window: ")
    assert page.find("[name=starts_at]")["value"] == f"{after_it:%Y-%m-%dT%H:%M}"
    assert not Booking.objects.exists()
    assert not Event.objects.filter(act="booking.booked").exists()


def test_outside_the_window_with_a_reason_the_appointment_stays_marked(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    book(nurse_client, open_slot, scanner, moment(clinic, days=90), "The patient travels")

    [row] = Page(nurse_client.get(BOOKED)).table()
    assert row["When"].endswith("Outside the window: The patient travels")


def test_a_time_that_is_past_is_refused_beside_the_time(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    page = book(nurse_client, open_slot, scanner, moment(clinic, days=-1))

    assert page.error_beside("starts_at").endswith(", 09:00. This time is past.")
    assert not Booking.objects.exists()


def test_the_second_of_two_nurses_is_told_who_has_booked(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    BookingFactory.create(
        slot=open_slot,
        starts_at=moment(clinic, days=3),
        at=moment(clinic, days=-1),
        by__first_name="Nils",
        by__last_name="Nurse",
    )

    page = book(nurse_client, open_slot, scanner, moment(clinic, days=2))

    [error] = page.error_summary
    assert error.startswith("Nils Nurse has already booked this exam for ")
    assert page.title.startswith("Error: ")
    assert Booking.objects.count() == 1


def test_another_clinics_scanner_is_no_choice(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    elsewhere = BookingFactory.create().scanner

    page = book(nurse_client, open_slot, elsewhere, moment(clinic, days=2))

    assert "not one of the available choices" in page.error_beside("scanner")
    assert not open_slot.bookings.exists()


@pytest.fixture
def passed(clinic: Clinic, open_slot: Slot) -> Booking:
    """Yesterday's appointment, whose outcome nobody has recorded."""
    return BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=-1), at=moment(clinic, days=-8)
    )


def test_an_appointment_that_passed_asks_for_its_outcome_before_another_is_booked(
    nurse_client: Client, passed: Booking
) -> None:
    page = Page(nurse_client.get(TO_BOOK))

    [row] = page.table()
    assert row["Last contact"].startswith("Passed, no outcome")
    assert page.link("Record the outcome") == BOOKED


def test_who_did_not_attend_is_to_be_booked_again(nurse_client: Client, passed: Booking) -> None:
    answer = nurse_client.post(f"/bookings/{passed.public_id}/no_show/", follow=True)

    booked = Page(answer)
    assert booked.messages == [f"{passed.slot.patient}: did not attend."]
    assert booked.table() == []
    [row] = Page(nurse_client.get(TO_BOOK)).table()
    assert row["Last contact"].startswith("Did not attend")
    assert row["Act"].startswith("Book ")


def test_who_arrived_stays_on_booked_until_the_ct_is_recorded(
    nurse_client: Client, passed: Booking
) -> None:
    nurse_client.post(f"/bookings/{passed.public_id}/arrived/")

    page = Page(nurse_client.get(BOOKED))
    [row] = page.table()
    assert "Record the CT" in row["Act"]
    assert "Did not attend" not in row["Act"]
    record = f"/patients/{passed.slot.patient.public_id}/studies/new/"
    assert page.link("Record the CT") == f"{record}?booking={passed.public_id}"


def test_booked_comes_fifty_a_page_and_who_acts_on_one_stays_there(
    nurse_client: Client, nurse: User, clinic: Clinic, scanner: Scanner
) -> None:
    slots = [slot for _ in range(3) for slot in slot_due_in(20, clinic).schedule.slots.all()]
    for n, slot in enumerate(slots[:52]):
        starts_at = moment(clinic, days=1) + timedelta(hours=n)
        Booking.objects.create(slot=slot, scanner=scanner, starts_at=starts_at, booked_by=nurse)

    first = Page(nurse_client.get(BOOKED))
    second = Page(nurse_client.get(first.link("Next 50")))
    cancel = second.find("form[action*=cancelled]")["action"]
    done = Page(nurse_client.post(str(cancel), follow=True))

    assert [len(page.table()) for page in (first, second, done)] == [50, 2, 1]
    assert (first.text("h1"), done.text("h1")) == ("Booked 52", "Booked 51")
    assert second.link("To the beginning") == BOOKED


def test_an_appointment_ahead_cannot_be_missed_yet(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    ahead = BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )

    page = Page(nurse_client.post(f"/bookings/{ahead.public_id}/no_show/", follow=True))

    assert page.messages == [
        f"The appointment is not before {date_format(moment(clinic, days=2), 'j F Y')}."
    ]
    ahead.refresh_from_db()
    assert ahead.state == BookingState.BOOKED


def test_a_slot_that_needs_its_abdomen_still_says_so(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    record = f"/patients/{open_slot.patient.public_id}/studies/new/"
    yesterday = clinic.today() - timedelta(days=1)
    nurse_client.post(record, {"performed_on": yesterday, "modality": "CT", "regions": ["chest"]})

    [row] = Page(nurse_client.get(TO_BOOK)).table()
    assert row["Exam"].endswith("Abdomen still missing")
