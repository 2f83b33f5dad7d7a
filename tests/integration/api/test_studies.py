"""Studies and their results over the API, beside what the pages show of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from patients.models import Clinic, Finding
from schedules.models import Slot, Study
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import PatientFactory, StudyFactory
from tests.integration.api.test_ground import post
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in, slot_due_in

pytestmark = pytest.mark.django_db

STUDIES, RESULTS = "/api/v1/studies/", "/api/v1/results/"


@pytest.fixture
def slot(clinic: Clinic) -> Slot:
    return slot_due_in(-5, clinic)


def listed(program: Client, address: str) -> list[dict[str, Any]]:
    answer = program.get(address)
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def a_study(slot: Slot, **changes: object) -> dict[str, object]:
    return {
        "patient": str(slot.patient.public_id),
        "modality": "CT",
        "performed_on": str(slot.patient.clinic.today() - timedelta(days=1)),
        "regions": ["chest", "abdomen"],
    } | changes


def test_a_study_gets_a_result_that_is_corrected_and_reviewed(
    slot: Slot, clinician: User, nurses_program: Client, clinicians_program: Client
) -> None:
    made = post(nurses_program, STUDIES, a_study(slot), idempotency_key="1")
    study = made.json()
    assert made.status_code == 201
    assert (study["slots"], study["why_unmatched"]) == ([str(slot.public_id)], None)
    assert post(nurses_program, STUDIES, a_study(slot), idempotency_key="1").json() == study
    assert listed(nurses_program, f"{STUDIES}?state=without_result") == [study]
    slot.refresh_from_db()
    assert slot.outcome == "satisfied"

    lesion = {
        "study": study["id"],
        "outcome": "new_lesion",
        "sites": ["liver S6"],
        "finding": "metastasis",
        "tumour": str(slot.schedule.tumour.public_id),
    }
    of_nothing = post(nurses_program, RESULTS, lesion | {"finding": None, "tumour": None})
    assert of_nothing.status_code == 400
    assert [one["field"] for one in of_nothing.json()["errors"]] == ["finding", "tumour"]
    told = post(nurses_program, RESULTS, lesion)
    assert told.status_code == 201, told.json()
    assert told.json()["finding"] == str(Finding.objects.get().public_id)
    again = post(nurses_program, RESULTS, lesion)
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    [waiting] = listed(clinicians_program, f"{RESULTS}?is_reviewed=false&outcome=new_lesion")
    assert waiting == told.json()

    address = f"{RESULTS}{study['id']}/"
    meant = {"outcome": "indeterminate", "sites": ["liver S6"], "reason": "A cyst"}
    asked = post(nurses_program, f"{address}correct/", meant, if_match=told["ETag"])
    assert [one["field"] for one in asked.json()["errors"]] == ["withdraws"]
    corrected = post(
        nurses_program, f"{address}correct/", meant | {"withdraws": True}, if_match=told["ETag"]
    )
    assert corrected.json()["outcome"] == "indeterminate"
    assert corrected.json()["corrections"][0]["reason"] == "A cyst"
    assert not Finding.objects.exists()
    late = post(clinicians_program, f"{address}review/", {}, if_match=told["ETag"])
    assert late.status_code == 412

    page = Page(signed_in(clinician).get("/worklists/results/"))
    assert "Indeterminate, liver S6" in page.text()
    seen = post(clinicians_program, f"{address}review/", {}, if_match=corrected["ETag"])
    assert (seen.status_code, seen.json()["reviewed_by"]) == (200, str(clinician))
    assert post(clinicians_program, f"{address}review/", {}, if_match="*").status_code == 409
    assert "Indeterminate" not in Page(signed_in(clinician).get("/worklists/results/")).text()
    undone = post(clinicians_program, f"{address}undo-review/", {}, if_match=seen["ETag"])
    assert undone.json()["reviewed_at"] is None
    assert listed(clinicians_program, f"{STUDIES}?state=unreviewed")[0]["id"] == study["id"]
    assert Event.objects.filter(act="result.review_undone").count() == 1


def test_a_study_that_counts_for_nothing_says_why_and_is_kept_off_schedule(
    slot: Slot, nurse: User, nurses_program: Client
) -> None:
    study = post(nurses_program, STUDIES, a_study(slot, modality="MR", regions=["head"])).json()
    assert study["why_unmatched"] == "No exam of the plan asks for MR."
    assert listed(nurses_program, f"{STUDIES}?state=unmatched") == [study]
    address = f"{STUDIES}{study['id']}/"
    etag = nurses_program.get(address)["ETag"]

    kept = post(
        nurses_program, f"{address}keep-off-schedule/", {"reason": "Headache"}, if_match=etag
    )
    assert (kept.json()["kept_because"], kept.json()["kept_by"]) == ("Headache", str(nurse))
    assert listed(nurses_program, f"{STUDIES}?state=unmatched") == []
    assert Page(signed_in(nurse).get("/worklists/unmatched/")).table() == []
    again = post(nurses_program, f"{address}keep-off-schedule/", {"reason": "x"}, if_match="*")
    assert again.status_code == 409
    undone = post(nurses_program, f"{address}undo-keep-off-schedule/", {}, if_match=kept["ETag"])
    assert undone.json() == study


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"performed_on": "2999-01-01"}, "performed_on"),
        ({"performed_on": "0001-01-01"}, "performed_on"),
        ({"performed_on": "1901-01-01"}, "performed_on"),
        ({"performed_on": "tomorrow"}, "performed_on"),
        ({"regions": []}, "regions"),
        ({"regions": ["chest", "tail"]}, "regions.1"),
        ({"modality": "X"}, "modality"),
        ({"study_uid": "1.02"}, "study_uid"),
        ({"description": "x" * 301}, "description"),
        ({"patient": "7"}, "patient"),
    ],
)
def test_what_is_wrong_with_a_study_is_named(
    slot: Slot, nurses_program: Client, changes: dict[str, object], field: str
) -> None:
    refused = post(nurses_program, STUDIES, a_study(slot, **changes))

    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert not Study.objects.exists()


def test_lists_are_narrowed_and_another_clinics_studies_are_not_there(
    slot: Slot, nurses_program: Client
) -> None:
    mine = StudyFactory.create(patient=slot.patient)
    theirs = StudyFactory.create(patient=PatientFactory.create())
    day = mine.performed_on

    for query, found in (
        ("", 1),
        (f"?performed_from={day}&performed_to={day}", 1),
        (f"?performed_from={day + timedelta(days=1)}", 0),
        (f"?patient={slot.patient.public_id}&clinic={slot.patient.clinic.code}", 1),
        (f"?patient={theirs.patient.public_id}", 0),
    ):
        assert len(listed(nurses_program, STUDIES + query)) == found, query
    for query in ("?state=done", "?performed_from=1%2F2%2F2026", "?patient=x"):
        assert nurses_program.get(STUDIES + query).status_code == 400, query
    assert nurses_program.get(f"{STUDIES}{theirs.public_id}/").status_code == 404
    assert nurses_program.get(f"{RESULTS}{mine.public_id}/").status_code == 404  # it has none
    refused = post(
        nurses_program, RESULTS, {"study": str(theirs.public_id), "outcome": "no_disease"}
    )
    assert refused.json()["errors"] == [
        {"field": "study", "message": "There is none with this id."}
    ]
