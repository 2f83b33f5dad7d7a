"""Recording a CT and what it showed."""

from typing import Any

import pytest
from django.test import Client

from patients.models import Clinic, Finding
from schedules.models import Booking, BookingState, Result, Slot, Study
from schedules.rules.outcome import Outcome
from schedules.rules.wording import long_date
from surveillance.audit.models import Event
from tests.factories import BookingFactory, PatientFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db

UID = "1.2.840.113619.2.55.3"

Form = dict[str, Any]


@pytest.fixture
def form(clinic: Clinic) -> Form:
    """A CT of today, both regions, not reported yet."""
    return {
        "performed_on": clinic.today().isoformat(),
        "modality": "CT",
        "regions": ["chest", "abdomen"],
    }


def record(client: Client, slot: Slot, form: Form) -> Page:
    address = f"/patients/{slot.patient.public_id}/studies/new/"
    return Page(client.post(address, form, follow=True))


def test_a_ct_of_both_regions_satisfies_the_slot(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, form: Form
) -> None:
    page = record(nurse_client, open_slot, form)

    assert page.messages == [
        f"{open_slot.patient}: recorded CT of chest and abdomen, {long_date(clinic.today())}."
    ]
    assert page.text("h1") == str(open_slot.patient)
    open_slot.refresh_from_db()
    assert open_slot.outcome == Outcome.SATISFIED


def test_the_ct_fulfils_the_appointment_of_its_day(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, form: Form
) -> None:
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=0), at=moment(clinic, days=-7)
    )

    record(nurse_client, open_slot, form)

    assert Booking.objects.get().state == BookingState.FULFILLED
    assert Page(nurse_client.get("/worklists/booked/")).table() == []


def test_a_new_lesion_is_recorded_with_its_sites(
    nurse_client: Client, open_slot: Slot, form: Form
) -> None:
    told = {"outcome": "new_lesion", "sites": "liver S6, , lung ", "finding": "metastasis"}

    page = record(nurse_client, open_slot, form | told)

    assert str(Result.objects.get()) == "New lesion, liver S6, lung"
    assert str(Finding.objects.get()) == "Metastasis: liver S6, lung"
    assert "What may follow" in page.text()


def test_inadequate_images_leave_the_slot_open(
    nurse_client: Client, open_slot: Slot, form: Form
) -> None:
    record(nurse_client, open_slot, form | {"outcome": "inadequate"})

    open_slot.refresh_from_db()
    assert open_slot.outcome == Outcome.OPEN


def test_a_form_that_is_sent_again_for_want_of_an_answer_tells_of_one_study(
    nurse_client: Client, open_slot: Slot, form: Form
) -> None:
    empty = Page(nurse_client.get(f"/patients/{open_slot.patient.public_id}/studies/new/"))
    [field] = empty.document.select("input[name=made_up_uid]")
    form |= {"made_up_uid": field["value"], "outcome": "no_disease"}
    record(nurse_client, open_slot, form)

    again = record(nurse_client, open_slot, form)

    assert Study.objects.count() == Event.objects.filter(act="study.recorded").count() == 1
    assert "has recorded a result already" in again.text()


def test_the_same_study_told_twice_is_one(
    nurse_client: Client, open_slot: Slot, form: Form
) -> None:
    for _ in range(2):
        record(nurse_client, open_slot, form | {"study_uid": UID})

    assert Study.objects.get().study_uid == UID


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        (
            {"performed_on": "1 1 2199"},
            "performed_on",
            "Read as 1 January 2199. This day has not come yet.",
        ),
        (
            {"performed_on": "1900-01-01"},
            "performed_on",
            "Read as 1 January 1900. This is before the patient was born.",
        ),
        ({"regions": []}, "regions", "This field is required."),
        ({"study_uid": "1.02.3"}, "study_uid", "Enter a valid value."),
        (
            {"outcome": "new_lesion", "finding": "metastasis"},
            "sites",
            "Say where the new lesion is.",
        ),
        ({"outcome": "new_lesion", "sites": "lung"}, "finding", "Say what the new lesion is."),
        ({"finding": "metastasis"}, "finding", "Only a new lesion is a finding."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_half_written(
    nurse_client: Client, open_slot: Slot, form: Form, changes: Form, field: str, error: str
) -> None:
    page = record(nurse_client, open_slot, form | changes)

    assert page.error_beside(field) == error
    assert page.title.startswith("Error: ")
    assert not Study.objects.exists()


def test_a_site_too_long_to_keep_is_refused_beside_its_field(
    nurse_client: Client, open_slot: Slot, form: Form
) -> None:
    told = {"outcome": "new_lesion", "sites": "x" * 81, "finding": "metastasis"}

    page = record(nurse_client, open_slot, form | told)

    assert page.error_beside("sites")
    assert not Study.objects.exists()


def test_another_patients_study_is_refused_beside_its_uid(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, form: Form
) -> None:
    Study.objects.create(
        patient=PatientFactory.create(clinic=clinic),
        study_uid=UID,
        modality="CT",
        performed_on=clinic.today(),
        regions=["chest"],
    )

    page = record(nurse_client, open_slot, form | {"study_uid": UID})

    assert page.error_beside("study_uid") == "This study belongs to another patient."
    assert Study.objects.get().regions == ["chest"]
