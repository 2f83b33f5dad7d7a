"""What studies showed: recorded, with the history beside it, reviewed, and what may follow."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from patients.actions import add_finding, add_treatment, add_tumour
from patients.models import Clinic, Finding, FindingKind, TreatmentKind, Tumour
from schedules.actions import record_death, record_result, review_result
from schedules.models import Result, ResultOutcome, Slot, Study
from surveillance.accounts.models import User
from tests.factories import PatientFactory, StudyFactory, TumourFactory, UserFactory
from tests.integration.pages.reading import Page, filled, text_of
from tests.integration.pages.scene import slot_due_in

pytestmark = pytest.mark.django_db

RESULTS = "/worklists/results/"
UNREPORTED = "Performed, not reported"
UNREVIEWED = "Reported, not reviewed"

Form = dict[str, Any]
LESION: Form = {"outcome": "new_lesion", "sites": "liver S6, left lung", "finding": "metastasis"}


@pytest.fixture
def study(overdue_slot: Slot) -> Study:
    """A CT of a patient who is followed, performed and not reported."""
    return StudyFactory.create(patient=overdue_slot.patient, performed_on=overdue_slot.due_on)


def page_of(client: Client, study: Study) -> Page:
    return Page(client.get(f"/studies/{study.public_id}/result/"))


def record(client: Client, study: Study, form: Form) -> Page:
    return Page(client.post(f"/studies/{study.public_id}/result/", form, follow=True))


def test_a_study_waits_for_its_result_and_then_for_a_clinician(
    clinician_client: Client, study: Study
) -> None:
    page = Page(clinician_client.get(RESULTS))
    [row] = page.table(under=UNREPORTED)
    assert row["Patient"].startswith(str(study.patient))
    assert page.table(under=UNREVIEWED) == []

    form = {"outcome": "no_disease", "comment": "Postoperative changes"}
    after = Page(clinician_client.post(page.link("Record the result"), form, follow=True))

    assert after.messages == [
        f"{study.patient}: recorded “No evidence of disease”. It waits for a clinician’s review."
    ]
    assert after.table(under=UNREPORTED) == []
    [row] = after.table(under=UNREVIEWED)
    assert row["Result"] == "No evidence of disease Postoperative changes"


def test_the_oldest_study_stands_first(clinician_client: Client, study: Study) -> None:
    older = StudyFactory.create(
        patient=study.patient, performed_on=study.performed_on - timedelta(days=40)
    )

    page = Page(clinician_client.get(RESULTS))

    rows = [str(row["id"]) for row in page.document.select("tbody tr")]
    assert rows == [f"study-{one.public_id}" for one in (older, study)]


def test_after_a_result_one_lands_at_the_next_study(clinician_client: Client, study: Study) -> None:
    following = StudyFactory.create(
        patient=study.patient, performed_on=study.performed_on + timedelta(days=1)
    )
    address = Page(clinician_client.get(RESULTS)).link("Record the result")

    answer = clinician_client.post(address, {"outcome": "no_disease"})

    assert answer.headers["Location"] == f"{RESULTS}#study-{following.public_id}"


def test_an_address_that_was_tampered_with_leads_nowhere_else(
    clinician_client: Client, study: Study
) -> None:
    address = f"/studies/{study.public_id}/result/?next=//elsewhere.example"

    answer = clinician_client.post(address, {"outcome": "no_disease"})

    assert answer.headers["Location"] == RESULTS


def test_a_nurse_has_the_list_to_record_from_and_none_to_review(
    nurse_client: Client, clinician: User, study: Study
) -> None:
    StudyFactory.create()  # of another clinic
    following = StudyFactory.create(
        patient=study.patient, performed_on=study.performed_on + timedelta(days=1)
    )
    page, after = Page(nurse_client.get(RESULTS)), []
    assert len(page.table(under=UNREPORTED)) == 2
    assert UNREVIEWED not in page.text("main")

    for _ in range(2):
        address = Page(nurse_client.get(RESULTS)).link("Record the result")
        after.append(nurse_client.post(address, {"outcome": "no_disease"}).headers["Location"])

    assert after == [f"{RESULTS}#study-{following.public_id}", RESULTS]
    assert "Nothing waits for a report" in Page(nurse_client.get(RESULTS)).text("main")


def test_a_nurse_who_records_from_the_patients_page_lands_there_again(
    nurse_client: Client, study: Study
) -> None:
    page = record(nurse_client, study, {"outcome": "no_disease"})

    assert page.text("h1") == str(study.patient)
    assert Result.objects.get().study == study


def test_the_history_stands_beside_the_form(
    clinician_client: Client, clinician: User, study: Study
) -> None:
    tumour = study.patient.tumours.get()
    Tumour.objects.filter(pk=tumour.pk).update(grade=3, size_mm=120)
    found_on = study.performed_on - timedelta(days=30)
    add_finding(
        tumour=tumour,
        kind=FindingKind.LOCAL_RECURRENCE,
        sites=["scar"],
        found_on=found_on,
        found_by="MR",
        by=clinician,
    )
    before = StudyFactory.create(patient=study.patient, performed_on=found_on)
    record_result(study=before, outcome=ResultOutcome.INDETERMINATE, by=clinician)

    page = page_of(clinician_client, study)

    assert "grade 3, 120 mm" in page.text("section[aria-labelledby=history]")
    told = [text_of(event.select("span")[1]) for event in page.document.select(".history li")]
    assert "Local recurrence: scar (MR)" in told
    assert "CT of chest and abdomen: Indeterminate" in told
    assert told[-1] == "Resection: Resection"
    assert [text_of(one) for one in page.document.select(".is-disease span:last-child")] == [
        "Local recurrence: scar (MR)"
    ]


def test_a_new_lesion_opens_a_finding_and_proposes_what_may_follow(
    clinician_client: Client, study: Study
) -> None:
    page = record(clinician_client, study, LESION)

    finding = Finding.objects.get()
    assert (str(finding), finding.found_on) == (
        "Metastasis: liver S6, left lung",
        study.performed_on,
    )
    schedule = study.patient.tumours.get().schedules.get()
    assert page.text("h1") == f"The result of {study.patient}"
    follows = page.text(".follows")
    assert "Nothing of this happens by itself: a clinician decides." in follows
    assert [link["href"] for link in page.document.select(".follows a")] == [
        f"/tumours/{finding.tumour.public_id}/treatments/new/",
        f"/schedules/{schedule.public_id}/suspend/",
        f"/schedules/{schedule.public_id}/end/",
    ]
    assert schedule.state == "active"


def test_an_operation_that_followed_is_proposed_as_a_new_series(
    clinician_client: Client, clinician: User, clinic: Clinic, study: Study
) -> None:
    add_treatment(
        tumour=study.patient.tumours.get(),
        kind=TreatmentKind.METASTASECTOMY,
        on=clinic.today(),
        by=clinician,
    )

    page = record(clinician_client, study, LESION)

    assert "A new series from the operation. Metastasectomy" in page.text(".follows")
    assert page.link("See what would change").startswith("/schedules/")


def test_a_nurse_sees_what_may_follow_and_is_offered_no_decision(
    nurse_client: Client, study: Study
) -> None:
    page = record(nurse_client, study, LESION)

    assert "the follow-up may be suspended" in page.text(".follows")
    assert [
        link for link in page.document.select(".follows a") if "/schedules/" in link["href"]
    ] == []


def test_of_several_tumours_the_lesions_own_is_chosen(
    clinician_client: Client, clinician: User, study: Study
) -> None:
    other = TumourFactory.create(patient=study.patient, site="right forearm")
    refused = record(clinician_client, study, LESION)
    assert refused.error_beside("tumour") == "Say of which of the patient’s tumours."

    record(clinician_client, study, LESION | {"tumour": str(other.pk)})

    assert Finding.objects.get().tumour == other


def test_a_tumour_of_another_patient_is_refused(clinician_client: Client, study: Study) -> None:
    TumourFactory.create(patient=study.patient)

    page = record(clinician_client, study, LESION | {"tumour": str(TumourFactory.create().pk)})

    assert page.error_beside("tumour").startswith("Select a valid choice.")
    assert not Result.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"outcome": ""}, "outcome", "This field is required."),
        ({"sites": ""}, "sites", "Say where the new lesion is."),
        ({"finding": ""}, "finding", "Say what the new lesion is."),
        ({"outcome": "no_disease"}, "finding", "Only a new lesion is a finding."),
        ({"sites": "x" * 81}, "sites", ""),
    ],
)
def test_what_is_lacking_is_said_beside_its_field_and_nothing_is_half_written(
    clinician_client: Client, study: Study, changes: Form, field: str, error: str
) -> None:
    page = record(clinician_client, study, LESION | {"comment": "18 mm"} | changes)

    assert page.title.startswith("Error: ")
    assert error in page.error_beside(field)
    assert page.error_beside(field)
    assert page.find("[name=comment]")["value"] == "18 mm"
    assert not Result.objects.exists()
    assert not Finding.objects.exists()


def test_the_page_of_a_result_says_who_reviewed_it(
    clinician_client: Client, clinician: User, study: Study
) -> None:
    record_result(study=study, outcome=ResultOutcome.INDETERMINATE, by=clinician)
    page = page_of(clinician_client, study)
    assert "No clinician has reviewed it yet." in page.text()

    review = page.find("main form")
    clinician_client.post(str(review["action"]), filled(review))

    assert "Reviewed by Carl Clinician." in page_of(clinician_client, study).text()


def test_a_patient_without_a_follow_up_is_said_to_have_none(
    clinician_client: Client, clinic: Clinic
) -> None:
    patient = PatientFactory.create(clinic=clinic)
    add_tumour(
        patient=patient,
        site="thigh",
        topography="C49.2",
        morphology="8890/3",
        morphology_name="Leiomyosarcoma",
        by=UserFactory.create(),
    )

    page = record(clinician_client, StudyFactory.create(patient=patient), LESION)

    assert "No follow-up of this patient is active." in page.text(".follows")


def test_of_a_patient_who_has_died_nothing_is_proposed(
    clinician_client: Client, clinician: User, clinic: Clinic, study: Study
) -> None:
    record_death(patient=study.patient, died_on=clinic.today(), by=clinician)

    page = record(clinician_client, study, LESION)

    assert "The patient has died: no follow-up goes on." in page.text(".follows")


def test_both_lists_come_fifty_a_page_and_leave_nobody_out(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    made = Study.objects.bulk_create(
        Study(
            patient=overdue_slot.patient,
            modality="CT",
            regions=["chest"],
            performed_on=date(2026, 1, 1) + timedelta(days=n % 5),
        )
        for n in range(120)
    )
    Result.objects.bulk_create(
        Result(study=study, outcome=ResultOutcome.NO_DISEASE) for study in made[:55]
    )

    page, seen = Page(clinician_client.get(RESULTS)), []
    while True:
        rows = [str(row["id"]) for row in page.document.select("tbody tr")]
        seen += rows
        onward = [link for link in page.document.select("a") if text_of(link) == "Next 50"]
        if not onward:
            break
        page = Page(clinician_client.get(str(onward[-1]["href"])))

    assert {f"study-{study.public_id}" for study in made} == set(seen)


def test_a_place_that_is_none_is_refused(clinician_client: Client, study: Study) -> None:
    for place in ("x", f"2026-01-01_{slot_due_in}", f"no-day_{study.public_id}"):
        page = Page(clinician_client.get(RESULTS, {"unreported": place}))

        assert page.status == 400
        assert page.text("h1 + p") == "after is no place in this list."


def test_a_result_is_corrected_its_review_falls_away_and_its_finding_is_withdrawn(
    nurse_client: Client, clinician_client: Client, clinician: User, study: Study
) -> None:
    record(clinician_client, study, LESION)
    review_result(result=Result.objects.get(), by=clinician)
    patient = f"/patients/{study.patient.public_id}/"
    result = Page(nurse_client.get(patient)).link("See the result")
    address = Page(nurse_client.get(result)).link("Correct the result")

    page = Page(nurse_client.get(address))
    assert "Reviewed by Carl Clinician. That no longer counts" in page.text(".facts")
    form = page.find("form:has([name=reason])")
    told = filled(form) | {"outcome": "no_disease", "reason": "Wrong patient"}
    refused = Page(nurse_client.post(address, told))
    assert refused.error_beside("withdraws").startswith("Say what becomes of the finding")
    assert refused.find("[name=reason]")["value"] == "Wrong patient"
    done = Page(nurse_client.post(address, told | {"withdraws": "yes"}, follow=True))

    assert done.messages == [
        f"{study.patient}: corrected to “No evidence of disease”. It waits for a clinician’s "
        "review. That Carl Clinician had reviewed it no longer counts."
    ]
    assert "by Naomi Nurse: Wrong patient. Before, it said “New lesion, liver S6, left lung”." in (
        done.text()
    )
    [row] = Page(clinician_client.get(RESULTS)).table(under=UNREVIEWED)
    assert "Before, it said “New lesion" in row["Result"]
    story = Page(nurse_client.get(patient))
    assert "Withdrawn by Naomi Nurse: Wrong patient" in story.text(".entry-withdrawn")
    assert "Corrected from" not in story.text(".entry-withdrawn")
    assert "corrected from “New lesion, liver S6, left lung” by Naomi Nurse" in story.text(
        ".entry-study"
    )
