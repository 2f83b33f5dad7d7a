"""Suspending, going on, ending, a death, the history and results, through the pages."""

from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic, Finding, Treatment
from schedules.models import Schedule, ScheduleState, Slot
from surveillance.accounts.models import User
from tests.factories import BookingFactory, StudyFactory, new_lesion
from tests.integration.pages.reading import Page, filled
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db


def page_of(client: Client, slot: Slot) -> Page:
    return Page(client.get(f"/patients/{slot.patient.public_id}/"))


def test_a_follow_up_is_suspended_until_a_day_and_gone_on_with(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    suspend = page_of(clinician_client, overdue_slot).link("Suspend")
    review_on = clinic.today() + timedelta(days=30)
    told = {"reason": "Pregnancy", "review_on": review_on.isoformat()}

    asked = Page(clinician_client.post(suspend, told))
    assert "If it is taken up again on that day" in asked.text()
    assert Schedule.objects.get().state == ScheduleState.ACTIVE
    mark = str(asked.find("[name=shown]")["value"])

    page = Page(clinician_client.post(suspend, told | {"shown": mark}, follow=True))

    assert "Suspended: Pregnancy" in page.text()
    assert Page(clinician_client.get("/worklists/overdue/")).cases() == []
    assert (
        "Suspension past its review date" not in Page(clinician_client.get("/safety-net/")).text()
    )
    later = Page(clinician_client.get(f"/safety-net/?on={review_on.isoformat()}"))
    assert later.table("Suspension past its review date")[0]["What"] == "Pregnancy"

    resume = page.link("Go on")
    clinician_client.post(resume, filled(Page(clinician_client.get(resume)).find("main form")))

    assert Schedule.objects.get().state == ScheduleState.ACTIVE
    assert len(Page(clinician_client.get("/worklists/overdue/")).cases()) == 1


@pytest.mark.parametrize(
    ("told", "field", "error"),
    [
        ({"reason": "", "review_on": "2100-01-01"}, "reason", "This field is required."),
        (
            {"reason": "Pregnancy", "review_on": "2000-01-01"},
            "review_on",
            "Read as 1 January 2000. The day of review must be still to come.",
        ),
    ],
)
def test_a_suspension_without_a_reason_or_a_day_to_come_is_refused_beside_the_field(
    clinician_client: Client, overdue_slot: Slot, told: dict[str, str], field: str, error: str
) -> None:
    suspend = page_of(clinician_client, overdue_slot).link("Suspend")

    page = Page(clinician_client.post(suspend, told | {"shown": "anything"}))

    assert page.error_beside(field) == error
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_a_follow_up_ends_for_a_reason_and_its_appointment_waits_for_a_nurse(
    clinician_client: Client, nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )
    end = page_of(clinician_client, overdue_slot).link("End")
    refused = Page(clinician_client.post(end, {"end_reason": "transferred"}))
    assert refused.error_beside("explanation").startswith("Say more about")

    clinician_client.post(end, {"end_reason": "palliative"})

    assert Schedule.objects.get().state == ScheduleState.TERMINATED
    [row] = Page(nurse_client.get("/worklists/booked/")).table()
    assert "Not needed: withdrawn" in row["Exam"]


def test_a_death_ends_everything_and_stands_on_the_page(
    clinician_client: Client, nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )
    death = page_of(clinician_client, overdue_slot).link("Record a death")

    page = Page(clinician_client.post(death, {"died_on": clinic.today().isoformat()}, follow=True))

    assert "died" in page.text()
    assert "The patient has died" in page.text()
    assert Page(nurse_client.get("/worklists/booked/")).document.select("tbody tr") == []
    assert Page(clinician_client.get("/safety-net/")).document.select("tbody tr") == []


def test_an_operation_that_is_added_proposes_a_new_anchor(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    add = page_of(nurse_client, overdue_slot).link("Add a treatment")
    told = {"kind": "metastasectomy", "on": "", "description": "Partial hepatic resection"}
    refused = Page(nurse_client.post(add, told))
    assert refused.error_beside("on").startswith("An operation needs its date")
    assert Treatment.objects.count() == 1

    page = Page(nurse_client.post(add, told | {"on": clinic.today().isoformat()}, follow=True))

    assert "Metastasectomy: Partial hepatic resection on" in page.text(".proposal")


def test_a_finding_is_added_with_its_sites(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    add = page_of(nurse_client, overdue_slot).link("Add a finding")
    told = {
        "kind": "metastasis",
        "sites": "liver S6, left lung",
        "found_on": clinic.today().isoformat(),
        "found_by": "CT",
    }

    page = Page(nurse_client.post(add, told, follow=True))

    assert Finding.objects.get().sites == ["liver S6", "left lung"]
    assert "Metastasis: liver S6, left lung" in page.text()


def test_a_result_waits_until_a_clinician_has_reviewed_it(
    clinician_client: Client, clinician: User, overdue_slot: Slot
) -> None:
    study = StudyFactory.create(patient=overdue_slot.patient, performed_on=overdue_slot.due_on)
    new_lesion(study, by=clinician)
    page = Page(clinician_client.get("/worklists/results/"))
    [row] = page.table(under="Reported, not reviewed")
    assert row["Result"].startswith("New lesion liver S6")
    form = page.find("td form")

    done = Page(clinician_client.post(str(form["action"]), filled(form), follow=True))

    assert done.messages == [f"{overdue_slot.patient}: the result is reviewed."]
    assert "Every result that is recorded has been reviewed." in done.text()


def test_the_safety_net_says_so_when_nobody_has_fallen_through(
    nurse_client: Client, open_slot: Slot
) -> None:
    page = Page(nurse_client.get("/safety-net/"))

    assert "Nobody has fallen through: each of the 1 patients" in page.text()
