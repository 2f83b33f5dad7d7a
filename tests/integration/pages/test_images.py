"""The pages of what was received, for whoever decides on it, and of what is arranged for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from imaging.filing import settle
from imaging.models import Arrangement, FiledBy, Peer, Received, TextMeaning
from patients.models import Clinic, Patient
from schedules.models import Slot, Study
from surveillance.accounts.models import User
from surveillance.outgoing.entries import allowed
from tests.factories import ClinicFactory, PatientFactory
from tests.integration.imaging.scene import ct, identity_of, received
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

UNMATCHED = "/worklists/unmatched/"


@pytest.fixture
def patient(overdue_slot: Slot) -> Patient:
    return overdue_slot.patient


@pytest.fixture
def waiting(clinic: Clinic, patient: Patient) -> Received:
    """Of yesterday; known by its number and its name."""
    on = clinic.today() - timedelta(days=1)
    one = received(clinic, ct(identity_of(patient), performed_on=on))
    return settle(received=one)


def address(one: Received) -> str:
    return f"/imaging/{one.public_id}/"


def fields(page: Page, button: str) -> dict[str, list[str]]:
    """Return what the form of that button sends as it stands."""
    form = page.find(f"button[name={button}]").find_parent("form")
    assert form is not None
    told: dict[str, list[str]] = {button: ["yes"]}
    for field in form.select("input"):
        if field.get("type") not in ("radio", "checkbox") or field.has_attr("checked"):
            told.setdefault(str(field["name"]), []).append(str(field.get("value", "")))
    return told


def test_what_fits_is_confirmed_by_one_press(
    nurse_client: Client, nurse: User, waiting: Received, patient: Patient, overdue_slot: Slot
) -> None:
    page = Page(nurse_client.get(UNMATCHED))
    [row] = page.table("Received")
    assert row["Regions"] == "chest, abdomen Sure"
    assert row["What to know"] == f"Everything agrees. It would count for {overdue_slot}."
    assert "1 Received images to decide on" in Page(nurse_client.get("/")).text(".work")

    done = Page(nurse_client.post(address(waiting), fields(page, "file"), follow=True))

    assert done.messages == ["The images are filed."]
    waiting.refresh_from_db()
    assert (waiting.way, waiting.filed_by) == (FiledBy.PATIENT, nurse)
    overdue_slot.refresh_from_db()
    assert overdue_slot.outcome == "satisfied"
    assert Page(nurse_client.get(UNMATCHED)).table("Received") == []
    said = done.text(".entry-study")
    assert f"filed from images by {nurse}, known by the patient’s number" in said
    assert "chest: “chest” (description)" in said
    assert done.link("See the images’ record") == address(waiting)
    again = Page(nurse_client.post(address(waiting), fields(page, "file")))
    assert again.error_summary == [f"{nurse} has filed these images already."]


def test_what_speaks_against_the_patient_takes_a_reason(
    nurse_client: Client, clinic: Clinic, patient: Patient
) -> None:
    married = identity_of(patient, name=f"Married^{patient.given_name}", sex="M")
    header = ct(married, performed_on=None, description="Follow-up B")
    one = settle(received=received(clinic, header))
    [row] = Page(nurse_client.get(UNMATCHED)).table("Received")
    assert "The sex differs: “Male” and “Female”." in row["What to know"]
    assert f"The name differs: “Married {patient.given_name}”" in row["What to know"]
    assert "Confirm" not in row["Decide"]

    page = Page(nurse_client.get(address(one)))
    assert not page.document.select("[name=patient][checked], [name=regions][checked]")
    told = {"patient": patient.public_id, "regions": ["chest"], "performed_on": "today"}
    refused = Page(nurse_client.post(address(one), told | {"file": "yes"}))
    assert "say why they are theirs" in refused.error_beside("despite")

    more = {"despite": "She has married", "remember": "Follow-up B", "file": "yes"}
    nurse_client.post(address(one), told | more)

    assert Study.objects.get().regions == ["chest"]
    assert TextMeaning.objects.get().text == "Follow-up B"


def test_a_patient_is_searched_for_and_chosen_and_the_study_taken_back(
    clinician_client: Client, clinic: Clinic, patient: Patient
) -> None:
    PatientFactory.create(clinic=ClinicFactory.create(), family_name=patient.family_name)
    header = ct(identity_of(patient, patient_id="", issuer="", birth_date=None))
    one = settle(received=received(clinic, replace(header, performed_on=clinic.today())))
    page = Page(clinician_client.get(address(one)))
    assert not page.document.select("[name=patient]")

    page = Page(clinician_client.post(address(one), {"q": patient.family_name, "search": "yes"}))
    assert len(page.document.select("[name=patient]")) == 1
    told = fields(page, "file") | {"patient": [str(patient.public_id)]}
    clinician_client.post(address(one), told)
    one.refresh_from_db()
    assert one.study is not None
    assert (one.study.patient, one.way) == (patient, FiledBy.PERSON)

    refused = Page(clinician_client.post(address(one), {"take_back": "yes"}))
    assert "required" in refused.error_beside("reason")
    back = {"take_back": "yes", "reason": "Somebody else’s"}
    done = Page(clinician_client.post(address(one), back, follow=True))
    assert "wait on the list" in done.messages[0]
    assert "Taken back: Somebody else’s" in done.text()
    assert not Study.objects.exists()
    story = Page(clinician_client.get(f"/patients/{patient.public_id}/"))
    assert "Somebody else’s" in story.text(".entry-withdrawn")


def test_images_are_set_aside_and_brought_back(nurse_client: Client, waiting: Received) -> None:
    nurse_client.post(address(waiting), {"set_aside": "yes", "reason": "A phantom"})
    assert Page(nurse_client.get(UNMATCHED)).table("Received") == []
    assert "A phantom" in Page(nurse_client.get(address(waiting))).text()

    nurse_client.post(address(waiting), {"bring_back": "yes"})

    assert len(Page(nurse_client.get(UNMATCHED)).table("Received")) == 1


def test_what_grew_and_does_not_fit_is_left_as_it_is_or_gains_a_region(
    nurse_client: Client, clinic: Clinic, waiting: Received
) -> None:
    nurse_client.post(address(waiting), fields(Page(nurse_client.get(UNMATCHED)), "file"))
    header = ct(identity_of(PatientFactory.create(clinic=clinic)), series=2)
    settle(received=received(clinic, header))
    [row] = Page(nurse_client.get(UNMATCHED)).table("Received")
    assert row["What to know"].startswith("It is filed, and what has come since does not fit.")

    nurse_client.post(address(waiting), {"keep": "yes", "regions": ["pelvis"]})

    assert Page(nurse_client.get(UNMATCHED)).table("Received") == []
    assert Study.objects.get().regions == ["chest", "abdomen", "pelvis"]


def test_an_administrator_arranges_peers_and_texts(
    administrator_client: Client, clinic: Clinic, settings: Settings
) -> None:
    settings.OUTGOING_ALLOWED = allowed(["pacs.example.org:443"])
    page = f"/imaging/arrangement/{clinic.code}/"

    def send(**told: object) -> Page:
        as_it_stands = fields(Page(administrator_client.get(page)), next(iter(told)))
        return Page(administrator_client.post(page, as_it_stands | told, follow=True))

    send(arrange="yes", settles_after="20", files_by_itself="on", pacs_url="pacs.example.org/qido")
    arranged = Arrangement.objects.get()
    assert (arranged.settles_after, arranged.files_by_itself) == (20, True)
    assert arranged.pacs_url == "https://pacs.example.org/qido"
    for inside in (
        "http://169.254.169.254/latest/",
        "http://pacs.example.org/",
        "https://x:99999/",
    ):
        beside = send(arrange="yes", pacs_url=inside).error_beside("pacs_url")
        assert "This server may not connect to" in beside or "valid URL" in beside
    assert "1440" in send(arrange="yes", settles_after="9999").error_beside("settles_after")

    send(add_peer="yes", ae_title="CT1", address="192.0.2.1", name="New")
    peer = Peer.objects.get()
    twice = send(add_peer="yes", ae_title="CT1", address="192.0.2.9")
    assert "already exists" in twice.error_summary[0]
    send(change_peer=str(peer.public_id), ae_title="CT1", address="192.0.2.2", name="New")
    peer.refresh_from_db()
    assert peer.address == "192.0.2.2"
    send(remove_peer=str(peer.public_id))
    assert not Peer.objects.exists()

    send(add_text="yes", text=" Follow-up A ", regions=["chest", "abdomen"])
    text = TextMeaning.objects.get()
    assert (text.text, text.regions) == ("Follow-up A", ["chest", "abdomen"])
    send(change_text=str(text.public_id), regions=[])
    text.refresh_from_db()
    assert text.regions == []
    send(forget_text=str(text.public_id))
    assert not TextMeaning.objects.exists()
