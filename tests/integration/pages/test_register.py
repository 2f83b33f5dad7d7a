"""Registering a patient with tumour and resection, or not at all; then choosing the follow-up."""

from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic, Patient, Tumour
from schedules.models import Protocol, Schedule, Slot
from schedules.rules.months import add_months
from surveillance.audit.models import Event
from tests.factories import PatientFactory, ProtocolFactory
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

REGISTER = "/patients/new/"

Form = dict[str, str]


@pytest.fixture
def protocol() -> Protocol:
    return ProtocolFactory.create()


@pytest.fixture
def form(clinic: Clinic, protocol: Protocol) -> Form:
    """Filled in for a resection of a week ago."""
    return {
        "clinic": str(clinic.pk),
        "mrn": "NEW-1",
        "family_name": "Newcomer",
        "given_name": "Nell",
        "birth_date": "1970-02-28",
        "sex": "female",
        "site": "distal femur",
        "laterality": "left",
        "topography": "C40.2",
        "morphology": "8890/3",
        "morphology_name": "Leiomyosarcoma, NOS",
        "grade": "2",
        "size_mm": "80",
        "on": (clinic.today() - timedelta(days=7)).isoformat(),
        "margin": "R0",
    }


def register(client: Client, form: Form) -> Page:
    return Page(client.post(REGISTER, form, follow=True))


def test_whom_a_nurse_registers_waits_on_the_safety_net_for_a_clinician(
    nurse_client: Client, clinician_client: Client, form: Form
) -> None:
    page = register(nurse_client, form)

    assert page.messages == ["Newcomer, Nell is registered. A clinician must choose the follow-up."]
    assert page.text("h1") == "Newcomer, Nell"
    net = Page(clinician_client.get("/safety-net/"))
    assert "Resected, with no schedule" in net.text()
    assert net.table()[0]["Patient"].startswith("Newcomer, Nell")


def test_a_known_name_is_stored_in_english_and_read_in_the_readers_language(
    nurse_client: Client, form: Form
) -> None:
    japanese = {"HTTP_ACCEPT_LANGUAGE": "ja"}
    offered = Page(nurse_client.get(REGISTER, **japanese))  # type: ignore[arg-type]
    assert str(offered.find("#id_morphology_name")["value"]) == "平滑筋肉腫"
    assert offered.text('#morphologies [value="粘液線維肉腫"]') == "8811/3"

    register(nurse_client, form | {"morphology_name": "平滑筋肉腫", "site": "left distal femur"})

    [tumour] = Tumour.objects.all()
    assert tumour.morphology_name == "Leiomyosarcoma, NOS"
    path = f"/patients/{tumour.patient.public_id}/"
    assert "Leiomyosarcoma, NOS, left distal femur" in Page(nurse_client.get(path)).text()
    page = Page(nurse_client.get(path, **japanese))  # type: ignore[arg-type]
    assert "平滑筋肉腫、左大腿骨遠位部" in page.text()


def test_a_clinician_goes_on_to_choose_what_is_proposed_with_its_reason(
    clinician_client: Client, clinic: Clinic, form: Form
) -> None:
    page = register(clinician_client, form)
    assert page.messages == ["Newcomer, Nell is registered: choose the follow-up."]
    assert "made for site C40.2 and morphology 8890/3" in page.text(".facts")
    assert "Resection of the primary" in page.text(".facts")
    enrol = f"/tumours/{Tumour.objects.get().public_id}/enrol/"
    chosen = {
        str(field["name"]): str(field.select("option")[0]["value"])
        for field in page.document.select("select")
    }

    followed = Page(clinician_client.post(enrol, chosen, follow=True))

    assert followed.messages == ["Newcomer, Nell: Follow-up has started."]
    schedule = Schedule.objects.get()
    assert schedule.anchor_on == clinic.today() - timedelta(days=7)
    assert [slot.due_on for slot in schedule.slots.order_by("n")] == [
        add_months(schedule.anchor_on, 3 * n) for n in range(1, 21)
    ]


def test_the_new_patient_is_found_by_mrn_and_by_the_start_of_a_name(
    nurse_client: Client, form: Form
) -> None:
    register(nurse_client, form)

    for q in ("new-1", "Newc", "nel"):
        [row] = Page(nurse_client.post("/patients/", {"q": q})).table()
        assert row["Patient"] == "Newcomer, Nell NEW-1"


def assert_nothing_is_left(page: Page) -> None:
    assert page.title.startswith("Error: ")
    assert not Patient.objects.filter(mrn="NEW-1", family_name="Newcomer").exists()
    assert not Tumour.objects.exists()
    assert not Slot.objects.exists()
    assert not Event.objects.exists()


def test_an_mrn_that_is_here_already_is_said_beside_it_and_nothing_is_half_written(
    nurse_client: Client, clinic: Clinic, form: Form
) -> None:
    PatientFactory.create(clinic=clinic, mrn="NEW-1")

    page = register(nurse_client, form)

    assert page.error_beside("mrn") == "A patient with the MRN NEW-1 is already here."
    assert_nothing_is_left(page)


@pytest.mark.parametrize(
    ("field", "days_from_today", "error"),
    [
        ("on", 1, "This day has not come yet."),
        ("on", -365 * 100, "This is before the patient was born."),
        ("birth_date", 1, "This day has not come yet."),
    ],
)
def test_a_day_that_cannot_be_is_refused_beside_it_and_nothing_is_half_written(
    nurse_client: Client,
    clinic: Clinic,
    form: Form,
    field: str,
    days_from_today: int,
    error: str,
) -> None:
    day = clinic.today() + timedelta(days=days_from_today)

    page = register(nurse_client, form | {field: day.isoformat()})

    assert page.error_beside(field).endswith(error)
    assert_nothing_is_left(page)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("mrn", "", "This field is required."),
        ("topography", "40.2", "Enter a valid value."),
        ("morphology", "leiomyosarcoma", "Enter a valid value."),
        ("size_mm", "0", "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_beside_it(
    nurse_client: Client, form: Form, field: str, value: str, error: str
) -> None:
    page = register(nurse_client, form | {field: value})

    assert page.error_beside(field) == error
    assert_nothing_is_left(page)


def test_every_line_of_the_error_summary_leads_to_its_field(
    nurse_client: Client, protocol: Protocol
) -> None:
    page = register(nurse_client, {"mrn": "NEW-1"})

    targets = [str(link["href"]) for link in page.document.select(".error-summary a")]
    assert len(targets) == len(page.error_summary) > 1
    assert [page.find(target).get("aria-invalid") for target in targets] == ["true"] * len(targets)


def test_another_clinic_is_no_choice(nurse_client: Client, form: Form) -> None:
    elsewhere = PatientFactory.create().clinic

    page = register(nurse_client, form | {"clinic": str(elsewhere.pk)})

    assert "not one of the available choices" in page.error_beside("clinic")
    assert_nothing_is_left(page)
