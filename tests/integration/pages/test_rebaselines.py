"""An operation after the anchor: proposed to the clinician, and accepted or not."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic, Treatment, TreatmentKind
from schedules.models import Schedule, ScheduleState, Slot
from tests.factories import ResectionFactory
from tests.integration.pages.reading import Page

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


def accept(client: Client, slot: Slot, anchor: str) -> Page:
    address = f"/schedules/{slot.schedule.public_id}/rebaseline/"
    return Page(client.post(address, {"anchor": anchor}, follow=True))


def test_a_later_operation_is_proposed_with_its_reason(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    page = Page(clinician_client.get(REBASELINES))

    [row] = page.table()
    assert row["Patient"].startswith(str(overdue_slot.patient))
    assert operation.on is not None
    assert row["Why"].startswith(
        f"Partial hepatic resection on {date_format(operation.on, 'j F Y')}, after the anchor of "
    )
    assert row["Present anchor"] == date_format(overdue_slot.schedule.anchor_on, "j M Y")


def test_the_button_of_the_list_starts_the_new_series(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    button = Page(clinician_client.get(REBASELINES)).find("td form")
    anchor = button.select_one("[name=anchor]")
    assert anchor is not None

    answer = clinician_client.post(str(button["action"]), {"anchor": anchor["value"]}, follow=True)

    page = Page(answer)
    assert page.messages == ["A new series starts from: Partial hepatic resection."]
    assert page.document.select_one(".proposal") is None
    assert Schedule.objects.get(state=ScheduleState.ACTIVE).anchor == operation
    assert Page(clinician_client.get(REBASELINES)).table() == []


def test_until_then_the_old_slot_stays_overdue(
    clinician_client: Client, operation: Treatment
) -> None:
    assert len(Page(clinician_client.get("/worklists/overdue/")).table()) == 1


def test_the_second_of_two_clinicians_is_told_that_it_is_done(
    clinician_client: Client, overdue_slot: Slot, operation: Treatment
) -> None:
    accept(clinician_client, overdue_slot, str(operation.public_id))

    page = accept(clinician_client, overdue_slot, str(operation.public_id))

    assert page.messages == ["This schedule is superseded: somebody else has already changed it."]
    assert Schedule.objects.count() == 2


@pytest.mark.parametrize("anchor", ["", "no-id", "00000000-0000-0000-0000-000000000000"])
def test_an_anchor_that_is_none_of_the_patients_operations_is_not_found(
    clinician_client: Client, overdue_slot: Slot, anchor: str
) -> None:
    page = accept(clinician_client, overdue_slot, anchor)

    assert page.status == 404
    assert Schedule.objects.get().state == ScheduleState.ACTIVE
