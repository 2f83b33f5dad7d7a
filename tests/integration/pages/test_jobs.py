"""Work in the background as a person sees it: how far it is, what came of it, and found again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from patients.models import Clinic
from schedules.models import Job, JobState
from surveillance.accounts.models import User
from tests.factories import ProtocolFactory, UserFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in, slot_due_in
from tests.integration.schedules.asking import ask_to_take_over, newer_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(clinic: Clinic, clinician: User) -> Job:
    for _ in range(3):
        slot_due_in(0, clinic)
    return ask_to_take_over(newer_version(ProtocolFactory.create()), clinic, clinician)


@pytest.fixture
def address(job: Job) -> str:
    return f"/jobs/{job.public_id}/"


def test_while_it_waits_the_page_asks_again_with_javascript_and_without(
    clinician_client: Client, address: str
) -> None:
    page = Page(clinician_client.get(address))

    assert "Asked for by Carl Clinician " in page.text()
    assert page.text("head noscript") == ""
    assert page.find("head noscript meta")["http-equiv"] == "refresh"
    assert page.text("#so-far") == "0 of 3 follow-ups"
    assert "as soon as a process is free" in page.text(".job")
    part = page.find("[hx-get]")
    assert part["hx-get"] == address
    assert part.find_parent(attrs={"aria-live": "polite"})

    part = Page(clinician_client.get(address, headers={"HX-Request": "true"})).document
    assert [tag.name for tag in part.find_all(recursive=False)] == ["div"]
    assert part.select_one("progress[value='0'][max='3']")


@pytest.mark.django_db(transaction=True)
def test_one_that_nobody_does_any_more_claims_nothing(
    clinician_client: Client, job: Job, address: str
) -> None:
    Job.objects.update(state=JobState.RUNNING, so_far=2)

    page = Page(clinician_client.get(address))

    assert page.text("#so-far") == "0 of 3 follow-ups"
    assert "begun anew within a minute" in page.text(".job")


def test_once_it_has_ended_nothing_asks_any_more(
    clinician_client: Client, job: Job, address: str
) -> None:
    Job.objects.update(state=JobState.DONE, so_far=3, ended_at=timezone.now())

    page = Page(clinician_client.get(address))

    assert not page.document.select("[hx-get], noscript")
    assert page.text("main").count("follow-ups now go on by") == 1


def test_it_is_found_again_by_who_asked_and_by_nobody_else(
    clinician_client: Client, job: Job, address: str
) -> None:
    page = Page(clinician_client.get("/"))
    assert page.text(".jobs") == f"{job} Not begun yet 3 follow-ups"
    assert page.link(str(job)) == address
    page = Page(clinician_client.get(page.link("Background work")))
    assert [row["What"] for row in page.table()] == [str(job)]

    Job.objects.update(state=JobState.FAILED, ended_at=timezone.now(), error="Why not")
    assert Page(clinician_client.get("/")).text(".jobs") == f"{job} Not done"
    Job.objects.update(ended_at=timezone.now() - timedelta(days=2))
    assert not Page(clinician_client.get("/")).document.select(".jobs")
    assert Page(clinician_client.get("/jobs/")).link(str(job)) == address

    other = signed_in(UserFactory.create())
    assert other.get(address).status_code == 404
    assert "You have asked for nothing" in Page(other.get("/jobs/")).text(".empty")
