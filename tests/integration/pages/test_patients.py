"""The list of patients: searched as the other lists are, narrowed, a page at a time."""

from datetime import timedelta

import pytest
from bs4 import Tag
from django.test import Client

from patients.models import Clinic, Patient
from schedules.actions import end, record_death, suspend
from schedules.models import EndReason, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory, TumourFactory
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import slot_due_in

pytestmark = pytest.mark.django_db

PATIENTS = "/patients/"


def names(page: Page) -> list[str]:
    return [row["Patient"].split(" MRN")[0] for row in page.table()]


def press(client: Client, words: str, page: Page) -> Page:
    """Send the form of the button that says `words`, as a browser does."""
    [button] = [one for one in page.document.select("button") if text_of(one) == words]
    form = button.find_parent("form")
    assert isinstance(form, Tag)
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
    return Page(client.post(str(button["formaction"]), sent))


@pytest.mark.parametrize(
    ("family", "q"),
    [("Müller", "muller"), ("さとう", "ｻﾄｳ"), ("De la Cruz", "given DE"), ("Yamada", "ｙａｍａ")],
)
def test_a_name_is_found_however_it_is_written(
    nurse_client: Client, clinic: Clinic, family: str, q: str
) -> None:
    PatientFactory.create(clinic=clinic, family_name=family, given_name="Given")
    PatientFactory.create(clinic=clinic, family_name="Other", given_name="Else")

    assert names(Page(nurse_client.post(PATIENTS, {"q": q}))) == [f"{family}, Given"]


def test_fifty_come_a_page_by_name_and_no_address_holds_one(
    nurse_client: Client, clinic: Clinic
) -> None:
    """Twenty of one name each, so that pages end among equals."""
    for n in reversed(range(101)):
        PatientFactory.create(clinic=clinic, family_name=f"Family{n // 20}", given_name="Same")

    pages = [Page(nurse_client.get(PATIENTS))]
    for _ in range(2):
        pages.append(Page(nurse_client.get(pages[-1].link("Next 50"))))

    in_order = Patient.objects.order_by("family_name", "mrn")
    assert [len(page.table()) for page in pages] == [50, 50, 1]
    assert [row["Patient"].split()[-1] for page in pages for row in page.table()] == [
        patient.mrn for patient in in_order
    ]
    assert pages[1].link("Next 50") == f"{PATIENTS}?after={in_order[99].public_id}"
    assert pages[2].link("To the beginning") == PATIENTS


def test_a_search_goes_on_page_by_page_too(nurse_client: Client, clinic: Clinic) -> None:
    PatientFactory.create_batch(51, clinic=clinic, family_name="Sato")
    PatientFactory.create_batch(2, clinic=clinic, family_name="Tanaka")

    first = Page(nurse_client.post(PATIENTS, {"q": "sato"}))
    second = press(nurse_client, "Next 50", first)
    again = press(nurse_client, "To the beginning", second)

    assert [len(page.table()) for page in (first, second, again)] == [50, 1, 50]
    assert first.text("h1") == "Patients 51"
    assert "“sato”" in second.text()


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_a_place_that_is_none_is_refused(nurse_client: Client, is_elsewhere: bool) -> None:
    after = str(PatientFactory.create().public_id) if is_elsewhere else "Sato"

    page = Page(nurse_client.get(PATIENTS, {"after": after}))

    assert (page.status, page.text("h1 + p")) == (400, "after is no place in this list.")


def test_the_list_can_be_narrowed_by_follow_up(
    nurse_client: Client, clinic: Clinic, clinician: User
) -> None:
    patients = {}
    for state in ("active", "suspended", "ended", "died"):
        slot = slot_due_in(5, clinic)
        patients[state] = slot.patient
        if state == "suspended":
            until = clinic.today() + timedelta(days=30)
            suspend(schedule=slot.schedule, review_on=until, reason="Abroad", by=clinician)
        elif state == "ended":
            end(schedule=slot.schedule, end_reason=EndReason.DECLINED, by=clinician)
        elif state == "died":
            record_death(patient=slot.patient, died_on=clinic.today(), by=clinician)
    patients["none"] = TumourFactory.create(patient__clinic=clinic).patient

    asked = {
        state: names(Page(nurse_client.get(PATIENTS, {"follow_up": state}))) for state in patients
    }

    told_of = {state: str(patient) for state, patient in patients.items()}
    assert asked == {state: [name] for state, name in told_of.items()} | {
        "ended": [told_of["ended"], told_of["died"]]
    }
    shown = {
        row["Patient"].split(" MRN")[0]: row for row in Page(nurse_client.get(PATIENTS)).table()
    }
    assert {state: shown[name]["Follow-up"] for state, name in told_of.items()} == {
        "active": "Active",
        "suspended": "Suspended",
        "ended": "Terminated",
        "died": "Terminated",
        "none": "No schedule",
    }
    assert "died" in shown[told_of["died"]]["Born"]


def test_the_list_can_be_narrowed_to_one_of_several_clinics(
    nurse_client: Client, nurse: User, open_slot: Slot
) -> None:
    assert not Page(nurse_client.get(PATIENTS)).document.select("select[name=clinic]")
    other = ClinicFactory.create()
    MembershipFactory.create(clinic=other, user=nurse, role=Role.NURSE)
    there = PatientFactory.create(clinic=other)

    page = Page(nurse_client.get(PATIENTS, {"clinic": other.code}))

    assert names(page) == [str(there)]
    searched = nurse_client.post(
        str(page.find("form[role=search]")["action"]), {"q": open_slot.patient.mrn}
    )
    assert names(Page(searched)) == []
    assert len(Page(nurse_client.get(PATIENTS)).table()) == 2


def test_what_nobody_fits_says_so(nurse_client: Client, open_slot: Slot) -> None:
    page = Page(nurse_client.get(PATIENTS, {"follow_up": "died"}))
    wrong = Page(nurse_client.get(PATIENTS, {"follow_up": "gone"}))

    assert page.text(".empty") == "No patient of your clinics fits the filter. Show all"
    assert wrong.error_beside("follow_up").startswith("Select a valid choice.")
    assert wrong.table() == []
