"""The list of studies that count for nothing, and the decision to leave them so."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic
from schedules.actions import keep_off_schedule
from schedules.models import Slot, Study
from surveillance.accounts.models import User
from tests.factories import ScheduleFactory, StudyFactory
from tests.integration.pages.reading import Page, text_of

pytestmark = pytest.mark.django_db

UNMATCHED = "/worklists/unmatched/"
KNOWN = ("performed_on", "study_uid")


@pytest.fixture
def mr(clinic: Clinic, overdue_slot: Slot) -> Study:
    """Of yesterday, when the plan asks for CT."""
    return StudyFactory.create(
        patient=overdue_slot.patient,
        modality="MR",
        regions=["lower_limb"],
        description="Because of pain",
        performed_on=clinic.today() - timedelta(days=1),
    )


def button(study: Study) -> str:
    return f"/studies/{study.public_id}/keep-off-schedule/"


def test_the_list_says_of_each_study_why_it_counts_for_nothing(
    nurse_client: Client, mr: Study
) -> None:
    page = Page(nurse_client.get(UNMATCHED))

    [row] = page.table()
    assert row["Performed"] == date_format(mr.performed_on, "j M Y")
    assert row["Patient"].startswith(str(mr.patient))
    assert row["Study"] == "MR of lower limb Because of pain Add a region : " + str(mr.patient)
    assert row["Why it counts for nothing"] == "No exam of the plan asks for MR."
    assert page.link(str(mr.patient)) == f"/patients/{mr.patient.public_id}/"


def test_a_reason_takes_it_off_the_list_and_stands_in_the_patients_story(
    clinician_client: Client, clinician: User, mr: Study
) -> None:
    page = Page(clinician_client.get(UNMATCHED))
    address = str(page.find("main form")["action"])

    done = Page(clinician_client.post(address, {"reason": "Of the knee"}, follow=True))

    assert done.messages == [f"{mr.patient}: {mr} is kept off schedule."]
    assert done.table() == []
    story = Page(clinician_client.get(f"/patients/{mr.patient.public_id}/"))
    assert f"off schedule: Of the knee, {clinician}" in story.text(".entry-study")


def test_a_region_that_was_forgotten_is_added_to_the_study_that_is_known(
    nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    study = StudyFactory.create(
        patient=overdue_slot.patient, regions=["pelvis"], performed_on=clinic.today()
    )
    address = Page(nurse_client.get(UNMATCHED)).link("Add a region")
    form = Page(nurse_client.get(address))
    assert [str(box["value"]) for box in form.document.select("[checked]")] == ["pelvis"]
    known = {name: str(form.find(f"input[name={name}]")["value"]) for name in KNOWN}

    nurse_client.post(address, known | {"modality": "CT", "regions": ["pelvis", "abdomen"]})

    assert [slot.pk for slot in study.slots.all()] == [overdue_slot.pk]
    assert Study.objects.count() == 1
    assert Page(nurse_client.get(UNMATCHED)).table() == []


@pytest.mark.parametrize(
    ("asked", "status"), [("", 400), ("no-id", 400), ("00000000-0000-0000-0000-000000000000", 404)]
)
def test_a_study_that_is_none_of_the_patients_is_refused(
    nurse_client: Client, mr: Study, asked: str, status: int
) -> None:
    address = f"/patients/{mr.patient.public_id}/studies/new/?study={asked}"

    assert nurse_client.get(address).status_code == status


@pytest.mark.parametrize(
    ("reason", "error"),
    [("", "This field is required."), (" ", "This field is required."), ("x" * 301, "at most 300")],
)
def test_what_is_no_reason_is_refused_beside_its_own_field(
    nurse_client: Client, mr: Study, reason: str, error: str
) -> None:
    StudyFactory.create(
        patient=mr.patient, modality="PT", performed_on=mr.performed_on, regions=["chest"]
    )

    page = Page(nurse_client.post(button(mr), {"reason": reason}))

    assert error in page.error_beside("reason")
    assert len(page.document.select(".field-error")) == 1
    assert page.title.startswith("Error:")
    [link] = page.document.select(".error-summary a")
    assert page.find(str(link["href"]))["name"] == "reason"
    assert len(page.table()) == 2


def test_the_second_who_decides_is_told_who_was_first(
    nurse_client: Client, clinician: User, mr: Study
) -> None:
    keep_off_schedule(study=mr, reason="Of the knee", by=clinician)

    page = Page(nurse_client.post(button(mr), {"reason": "Another"}))

    assert page.error_summary == [f"{clinician} has kept this study off schedule already."]
    assert page.table() == []


def test_the_home_page_counts_them(nurse_client: Client, mr: Study) -> None:
    page = Page(nurse_client.get("/"))

    assert "1 Studies without a match" in [text_of(a) for a in page.document.select(".work a")]


def test_the_list_shows_no_study_of_another_clinic(nurse_client: Client, mr: Study) -> None:
    elsewhere = ScheduleFactory.create().tumour.patient
    StudyFactory.create(patient=elsewhere, modality="MR")

    assert len(Page(nurse_client.get(UNMATCHED)).table()) == 1
