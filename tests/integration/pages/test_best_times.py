"""Where an exam is booked: the best times, the days of the window, and taking it back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.models import Booking, BookingState, Scanner, Slot
from tests.factories import BookingFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db


def test_three_times_are_proposed_and_one_press_books(
    nurse_client: Client, open_slot: Slot, scanner: Scanner
) -> None:
    page = Page(nurse_client.get(f"/slots/{open_slot.public_id}/book/"))
    choices = page.document.select("button[name=choice]")
    assert len(choices) == 3

    done = Page(
        nurse_client.post(
            f"/slots/{open_slot.public_id}/book/", {"choice": choices[0]["value"]}, follow=True
        )
    )

    booking = Booking.objects.get()
    when = booking.starts_at.astimezone(open_slot.patient.clinic.zone)
    assert text_of(choices[0]).startswith(date_format(when, "D j F, H:i"))
    assert done.messages == [
        f"{open_slot.patient} is booked for {date_format(when, 'j F Y')} at {when:%H:%M} "
        f"on {scanner}."
    ]
    assert done.table() == []


def test_undo_takes_it_back_and_the_patient_is_on_the_list_again(
    nurse_client: Client, open_slot: Slot, scanner: Scanner
) -> None:
    address = f"/slots/{open_slot.public_id}/book/"
    choice = Page(nurse_client.get(address)).find("button[name=choice]")["value"]
    done = Page(nurse_client.post(address, {"choice": choice}, follow=True))

    undo = done.find(".undo form")
    page = Page(nurse_client.post(str(undo["action"]), follow=True))

    assert "is taken back." in page.messages[0]
    [row] = page.table()
    assert row["Patient"].startswith(str(open_slot.patient))
    assert Booking.objects.get().state == BookingState.CANCELLED


def test_what_somebody_else_has_booked_is_not_undone(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    theirs = BookingFactory.create(slot=open_slot, starts_at=moment(clinic, 3), at=None)

    refused = Page(nurse_client.post(f"/bookings/{theirs.public_id}/undo/", follow=True))

    assert refused.messages == [f"Only {theirs.booked_by} can undo this."]


def test_a_time_that_is_taken_says_by_whom_and_shows_no_other_patient(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    other = slot_due_in(0, clinic)
    starts_at = moment(clinic, 3)
    BookingFactory.create(
        slot=other,
        scanner=scanner,
        starts_at=starts_at,
        at=moment(clinic, -1),
        by__first_name="Nils",
        by__last_name="Nurse",
    )

    page = Page(
        nurse_client.post(
            f"/slots/{open_slot.public_id}/book/",
            {"starts_at": f"{starts_at:%Y-%m-%dT%H:%M}", "scanner": scanner.pk},
        )
    )

    read = date_format(starts_at, "j F Y")
    assert page.error_beside("starts_at") == (
        f"Read as {read}, 09:00. {scanner} is taken from 09:00 to 09:30 by another appointment, "
        "booked by Nils Nurse."
    )
    assert str(other.patient) not in page.text("body")


def test_the_strip_greys_holidays_and_weekends_and_shows_how_full_scanners_are(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(country="JP")
    booked = moment(clinic, 3)
    BookingFactory.create(
        slot=slot_due_in(0, clinic), scanner=scanner, starts_at=booked, at=moment(clinic, -1)
    )

    page = Page(nurse_client.get(f"/slots/{open_slot.public_id}/book/"))

    days = {text_of(day): day for day in page.document.select(".day:not(.day-blank)")}
    saturdays = [day for words, day in days.items() if words.startswith("Saturday")]
    assert saturdays
    assert all("day-off" in str(day["class"]) and not day.select("a") for day in saturdays)
    assert any(f"{booked.day} {booked:%B}" in day and f"{scanner}: 1 booked" in day for day in days)


def test_a_day_that_is_chosen_shows_every_free_time(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    day = clinic.today() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)

    page = Page(nurse_client.get(f"/slots/{open_slot.public_id}/book/", {"day": day.isoformat()}))

    times = [text_of(button) for button in page.document.select(".times button")]
    assert times[0] == f"08:00 {scanner}"
    assert len(times) == 22  # from eight to seven


def test_an_appointment_is_given_another_time_from_booked(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    booking = BookingFactory.create(
        slot=open_slot, scanner=scanner, starts_at=moment(clinic, 3), at=moment(clinic, -1)
    )
    address = Page(nurse_client.get("/worklists/booked/")).link("Reschedule")

    choice = Page(nurse_client.get(address)).find("button[name=choice]")["value"]
    nurse_client.post(address, {"choice": choice})

    new = Booking.objects.get(state=BookingState.BOOKED)
    assert new.replaces == booking


def test_once_the_window_is_over_the_page_says_that_a_reason_is_needed(
    nurse_client: Client, clinic: Clinic, scanner: Scanner
) -> None:
    lapsed = slot_due_in(-90, clinic)

    page = Page(nurse_client.get(f"/slots/{lapsed.public_id}/book/"))

    assert page.text(".empty") == "The window is over: a time after it needs a reason."
    assert page.document.select("button[name=choice], .strip") == []
