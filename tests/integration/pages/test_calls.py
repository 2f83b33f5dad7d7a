"""Calls about an exam that is to be booked, and what comes of them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.models import Contact, Slot
from surveillance.audit.models import Event
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

TO_BOOK = "/worklists/to-book/"


def test_a_call_can_take_a_slot_off_the_list_until_a_day(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    address = Page(nurse_client.get(TO_BOOK)).link(f"Call {open_slot.patient}")
    until = Page(nurse_client.get(address)).find("[name=snooze_until]")["value"]
    assert until == date_format(clinic.today() + timedelta(days=7), "j M Y")

    page = Page(
        nurse_client.post(
            address,
            {"outcome": "no_answer", "snooze_until": until, "then": "later"},
            follow=True,
        )
    )

    back = date_format(clinic.today() + timedelta(days=7), "j F Y")
    assert page.messages == [
        f"{open_slot.patient}: recorded “no answer”. Snoozed: back on this list on {back}."
    ]
    assert page.table() == []
    [row] = Page(nurse_client.get(page.link("Snoozed"))).table()
    assert row["Last contact"].startswith("Back on ")
    assert "No answer" in row["Last contact"]


def test_a_call_stands_in_the_row_of_who_stays_listed(
    nurse_client: Client, open_slot: Slot
) -> None:
    address = f"/slots/{open_slot.public_id}/contact/"
    page = Page(
        nurse_client.post(
            address, {"outcome": "call_back", "note": "After six", "then": "stay"}, follow=True
        )
    )

    [row] = page.table()
    assert row["Last contact"].startswith("Asked to be called again: After six")


def test_a_call_that_is_sent_again_for_want_of_an_answer_is_one(
    nurse_client: Client, open_slot: Slot
) -> None:
    address = f"/slots/{open_slot.public_id}/contact/"
    told = {"outcome": "no_answer", "then": "stay"}
    told["public_id"] = str(Page(nurse_client.get(address)).find("[name=public_id]")["value"])

    for _ in range(2):
        assert nurse_client.post(address, told).status_code == 302

    assert Contact.objects.count() == Event.objects.filter(act="contact.recorded").count() == 1


def test_who_agrees_is_booked_next(nurse_client: Client, open_slot: Slot) -> None:
    answer = nurse_client.post(
        f"/slots/{open_slot.public_id}/contact/", {"outcome": "agreed", "then": "book"}
    )

    assert answer.headers["Location"] == f"/slots/{open_slot.public_id}/book/"


def test_a_refusal_without_the_patients_words_is_refused_beside_the_note(
    nurse_client: Client, open_slot: Slot
) -> None:
    page = Page(
        nurse_client.post(
            f"/slots/{open_slot.public_id}/contact/", {"outcome": "refused", "then": "stay"}
        )
    )

    assert page.error_beside("note").startswith("Say why")
    assert not Contact.objects.exists()


def test_remind_me_later_needs_its_day(nurse_client: Client, open_slot: Slot) -> None:
    page = Page(
        nurse_client.post(
            f"/slots/{open_slot.public_id}/contact/", {"outcome": "no_answer", "then": "later"}
        )
    )

    assert page.error_beside("snooze_until") == "Say on which day you want to be reminded."
    assert not Contact.objects.exists()


def test_the_patients_page_tells_of_the_call(nurse_client: Client, open_slot: Slot) -> None:
    nurse_client.post(
        f"/slots/{open_slot.public_id}/contact/",
        {"outcome": "call_back", "note": "After six", "then": "stay"},
    )

    page = Page(nurse_client.get(f"/patients/{open_slot.patient.public_id}/"))

    assert "Call Asked to be called again (slot no. 1) After six; by Naomi Nurse" in page.text()
