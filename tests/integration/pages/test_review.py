"""A clinician's day: who is late, how late, and what is decided."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.models import Review, ScheduleState, Slot
from tests.factories import BookingFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db

OVERDUE = "/worklists/overdue/"


def decide(
    client: Client, slot: Slot, decision: str, reason: str = "", until: date | None = None
) -> Page:
    """Fill in the form to which the list's link leads."""
    asked = {"decision": decision, "reason": reason, "until": until or ""}
    return Page(client.post(f"/slots/{slot.public_id}/review/", asked, follow=True))


def days_late(slot: Slot) -> int:
    return (slot.patient.clinic.today() - slot.latest_on).days


def test_an_overdue_slot_says_how_late_it_is(clinician_client: Client, overdue_slot: Slot) -> None:
    page = Page(clinician_client.get(OVERDUE))

    [row] = page.table()
    assert row["Late"].startswith(f"Overdue by {days_late(overdue_slot)} days due ")
    assert row["Patient"].startswith(str(overdue_slot.patient))
    assert (row["Appointment"], row["Last decision"]) == ("Never booked", "None yet")
    assert page.link("Decide") == f"/slots/{overdue_slot.public_id}/review/"


def test_the_longest_waiting_comes_first_and_a_lapsed_one_stays(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)

    rows = Page(clinician_client.get(OVERDUE)).table()

    assert [row["Patient"].split(" MRN")[0] for row in rows] == [
        str(lapsed.patient),
        str(overdue_slot.patient),
    ]
    assert rows[0]["Late"].startswith(f"Lapsed, {days_late(lapsed)} days late")


def test_the_last_appointment_stands_beside_the_slot(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )

    [row] = Page(clinician_client.get(OVERDUE)).table()

    when = date_format(moment(clinic, days=2), "j M Y, H:i")
    assert row["Appointment"] == f"Booked {when}"


@pytest.mark.parametrize(
    ("decision", "label"), [("chase", "Chase the patient"), ("rebook", "Rebook")]
)
def test_a_decision_stands_beside_the_slot_with_who_made_it_and_why(
    clinician_client: Client, overdue_slot: Slot, decision: str, label: str
) -> None:
    page = decide(clinician_client, overdue_slot, decision, reason="Call on Monday")

    assert page.messages == [f"{overdue_slot.patient}: recorded “{label}”."]
    [row] = page.table()
    assert row["Last decision"] == f"{label} Carl Clinician: Call on Monday"


def test_a_deferred_slot_moves_from_overdue_to_deferred(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    until = clinic.today() + timedelta(days=10)

    page = decide(clinician_client, overdue_slot, "defer", until=until)

    assert page.table(under="Overdue") == []
    [row] = page.table(under="Deferred")
    assert row["Last decision"].startswith(f"Defer until {date_format(until, 'j M Y')}")


def test_a_deferred_slot_is_overdue_again_on_its_day(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    until = clinic.today() + timedelta(days=10)
    decide(clinician_client, overdue_slot, "defer", until=until)

    page = Page(clinician_client.get(OVERDUE, {"on": until.isoformat()}))

    assert len(page.table(under="Overdue")) == 1
    assert page.table(under="Deferred") == []


def test_a_skipped_slot_leaves_the_list(clinician_client: Client, overdue_slot: Slot) -> None:
    page = decide(clinician_client, overdue_slot, "skip", reason="CT elsewhere")

    assert page.table() == []
    overdue_slot.refresh_from_db()
    assert (overdue_slot.get_outcome_display(), overdue_slot.outcome_reason) == (
        "Skipped",
        "CT elsewhere",
    )


def test_the_follow_up_ends_for_a_reason(clinician_client: Client, overdue_slot: Slot) -> None:
    page = decide(clinician_client, overdue_slot, "terminate", reason="Palliative care")

    assert page.table() == []
    overdue_slot.schedule.refresh_from_db()
    assert overdue_slot.schedule.state == ScheduleState.TERMINATED


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
    page = decide(clinician_client, open_slot, "chase")

    assert page.error_summary == [
        f"This exam is not overdue before {date_format(open_slot.latest_on, 'j F Y')} is past."
    ]
    assert not Review.objects.exists()
