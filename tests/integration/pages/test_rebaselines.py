"""An operation after the anchor: proposed to the clinician, and accepted or not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic, Treatment, TreatmentKind
from schedules.models import Schedule, ScheduleState, Slot
from tests.factories import BookingFactory, ResectionFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db

REBASELINES = "/worklists/rebaselines/"


@pytest.fixture
def operation(clinic: Clinic, overdue_slot: Slot) -> Treatment:
    """Of last week, while a slot is overdue."""
    return ResectionFactory.create(
        tumour=overdue_slot.schedule.tumour,
        kind=TreatmentKind.METASTASECTOMY,
        on=clinic.today() - timedelta(days=7),
        description="Partial hepatic resection",
    )


def what_if(slot: Slot, anchor: object) -> str:
    return f"/schedules/{slot.schedule.public_id}/what-if/?anchor={anchor}"


def shown(page: Page) -> str:
    """The mark of what a page shows, which goes back with the button."""
    return str(page.find("[name=shown]")["value"])


def test_a_later_operation_is_proposed_with_its_reason(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    page = Page(clinician_client.get(REBASELINES))

    [row] = page.table()
    assert row["Patient"].startswith(str(overdue_slot.patient))
    assert operation.on is not None
    assert row["Why"].startswith(
        "Metastasectomy: Partial hepatic resection on "
        f"{date_format(operation.on, 'j F Y')}, after the anchor of "
    )
    assert row["Present anchor"] == date_format(overdue_slot.schedule.anchor_on, "j M Y")


def test_what_would_change_is_shown_and_then_exactly_that_is_done(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    address = Page(clinician_client.get(REBASELINES)).link("See what would change")
    page = Page(clinician_client.get(address))
    facts = page.text(".facts")
    assert "New slots 20, the first due" in facts
    assert "Superseded 20:" in facts
    assert "None is touched." in facts

    done = Page(clinician_client.post(address, {"shown": shown(page)}, follow=True))

    assert done.messages == [f"{overdue_slot.patient}: The new series has started."]
    assert done.document.select_one(".proposal") is None
    assert Schedule.objects.get(state=ScheduleState.ACTIVE).anchor == operation
    assert Page(clinician_client.get(REBASELINES)).table() == []


def test_what_changed_in_between_stops_it_and_is_shown_afresh(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot, operation: Treatment
) -> None:
    address = what_if(overdue_slot, operation.public_id)
    mark = shown(Page(clinician_client.get(address)))
    booking = BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )

    page = Page(clinician_client.post(address, {"shown": mark}))

    assert "Something has changed since this was shown: look at it again." in page.text()
    assert Schedule.objects.get().state == ScheduleState.ACTIVE
    assert f"at {booking.scanner}: no new slot takes it; a nurse must settle it" in page.text()
    assert shown(page) != mark


def test_the_old_series_is_kept_for_a_reason_and_the_proposal_is_gone(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    address = Page(clinician_client.get(REBASELINES)).link("Keep the old series")
    refused = Page(clinician_client.post(address, {"reason": ""}))
    assert refused.error_beside("reason") == "This field is required."

    clinician_client.post(address, {"reason": "Done elsewhere, margins unclear"})

    assert Page(clinician_client.get(REBASELINES)).table() == []
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_until_then_the_old_slot_stays_overdue(
    clinician_client: Client, operation: Treatment
) -> None:
    assert len(Page(clinician_client.get("/worklists/overdue/")).cases()) == 1


@pytest.mark.parametrize(
    ("anchor", "status"), [("", 400), ("no-id", 400), ("00000000-0000-0000-0000-000000000000", 404)]
)
def test_an_anchor_that_is_none_of_the_patients_operations_is_refused(
    clinician_client: Client, overdue_slot: Slot, anchor: str, status: int
) -> None:
    page = Page(clinician_client.get(what_if(overdue_slot, anchor)))

    assert page.status == status
    assert Schedule.objects.get().state == ScheduleState.ACTIVE
