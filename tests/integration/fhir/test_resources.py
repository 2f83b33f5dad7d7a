"""What resources say: valid, of one patient each, and leading nowhere but to one another."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from fhir.resources.R4B import get_fhir_model_class

from patients.models import Clinic
from schedules.models import Schedule
from surveillance.fhir.table import KINDS
from tests.integration.fhir.asking import OF_PATIENTS, everything, extensions, found, get

pytestmark = pytest.mark.django_db

# FHIR R4's value sets. The models check those of some types, and of others the first few alone.
STATUSES = {
    "Appointment": "proposed pending booked arrived fulfilled cancelled noshow entered-in-error "
    "checked-in waitlist",
    "CarePlan": "draft active on-hold revoked completed entered-in-error unknown",
    "DiagnosticReport": "registered partial preliminary final amended corrected appended cancelled "
    "entered-in-error unknown",
    "ImagingStudy": "registered available cancelled entered-in-error unknown",
    "PlanDefinition": "draft active retired unknown",
    "Procedure": "preparation in-progress not-done on-hold stopped completed entered-in-error "
    "unknown",
    "ServiceRequest": "draft active on-hold revoked completed entered-in-error unknown",
    "Task": "draft requested received accepted rejected ready cancelled in-progress on-hold failed "
    "completed entered-in-error",
}


def references(told: Any) -> Iterator[str]:
    """Yield what a resource refers to, wherever it stands."""
    if isinstance(told, dict):
        if isinstance(told.get("reference"), str):
            yield told["reference"]
        for value in told.values():
            yield from references(value)
    elif isinstance(told, list):
        for value in told:
            yield from references(value)


def test_every_type_is_there_whole_and_leads_somewhere(
    nurse: Client, clinician: Client, administrator: Client, schedule: Schedule
) -> None:
    seen: set[str] = set()
    meant: set[str] = set()
    for name in KINDS:
        program = administrator if name == "Group" else nurse
        resources = everything(program, name, count=7)
        assert resources, name
        for one in resources:
            assert one["resourceType"] == name
            assert one == get(program, f"{name}/{one['id']}")
            model = get_fhir_model_class(name).model_validate(one)
            assert json.loads(model.model_dump_json()) == one
            if name in STATUSES:
                assert one["status"] in STATUSES[name].split()
            if name in OF_PATIENTS and name != "Patient":
                patients = {it for it in references(one) if it.startswith("Patient/")}
                assert len(patients) == 1, one
            seen.add(f"{name}/{one['id']}")
            meant |= set(references(one))
            for canonical in one.get("instantiatesCanonical", []):
                url, _, version = canonical.partition("|")
                [plan] = found(get(nurse, "PlanDefinition", url=url, version=version))
                assert f"{plan['url']}|{plan['version']}" == canonical
                assert found(get(nurse, "PlanDefinition", url=canonical)) == [plan]

    assert meant - seen == set()


def test_a_patient_is_known_by_issuer_and_number(
    nurse: Client, schedule: Schedule, clinic: Clinic
) -> None:
    patient = schedule.tumour.patient

    told = get(nurse, f"Patient/{patient.public_id}")

    [number] = told["identifier"]
    assert number["value"] == patient.mrn
    assert number["assigner"] == {"display": patient.mrn_issuer}
    assert number["system"] == f"urn:sarcoma-surveillance:mrn:{patient.mrn_issuer}"
    [name] = told["name"]
    assert (name["family"], name["given"]) == ("Álvarez", ["花子　Mei"])
    assert told["managingOrganization"]["identifier"]["value"] == clinic.code
    assert told["birthDate"] == "1960-05-17"


def test_slots_tell_when_they_are_due_and_what_became_of_them(
    nurse: Client, schedule: Schedule
) -> None:
    one, two, three, *_ = (
        get(nurse, f"ServiceRequest/{slot.public_id}") for slot in schedule.slots.order_by("n")
    )

    assert one["occurrencePeriod"] == {"start": "2026-03-15", "end": "2026-04-29"}
    said = extensions(one)
    assert (said["due-on"], said["lapses-on"]) == ("2026-04-15", "2026-06-14")
    assert (one["status"], said["slot-outcome"]) == ("active", "partially-satisfied")
    assert said["missing-region"]["text"] == "abdomen"
    assert [site["coding"][0]["code"] for site in one["bodySite"]] == ["816094009", "818981001"]
    assert one["code"]["text"] == "CT chest+abdomen"
    assert two["status"] == "completed"
    assert three["status"] == "active"
    assert "missing-region" not in extensions(three)


def test_a_rest_is_on_hold_with_the_day_on_which_it_is_looked_at_again(
    nurse: Client, schedule: Schedule
) -> None:
    [plan] = found(get(nurse, "CarePlan", status="on-hold"))

    assert extensions(plan)["review-on"] == "2027-01-15"
    assert plan["note"] == [{"text": "Chemotherapy"}]
    resting = found(get(nurse, "ServiceRequest", based_on=f"CarePlan/{plan['id']}", _count=100))
    assert {one["status"] for one in resting} == {"on-hold"}
    assert len(resting) == len(plan["activity"]) == 20


def test_an_appointment_that_was_moved_points_back(nurse: Client, schedule: Schedule) -> None:
    old, new = everything(nurse, "Appointment")

    assert (old["status"], new["status"]) == ("cancelled", "noshow")
    assert extensions(new)["replaces"] == {"reference": f"Appointment/{old['id']}"}
    assert (new["start"], new["minutesDuration"]) == ("2026-04-09T09:00:00+09:00", 30)
    assert new["end"] == "2026-04-09T09:30:00+09:00"


def test_a_report_is_preliminary_until_a_clinician_has_seen_it(
    nurse: Client, schedule: Schedule
) -> None:
    corrected, of_a_stranger = everything(nurse, "DiagnosticReport")

    assert corrected["status"] == "corrected"
    assert corrected["conclusion"] == "New lesion: liver\nSegment 6"
    assert corrected["resultsInterpreter"][0]["display"] == "Oki Mori"
    finding = extensions(corrected)["finding"]["reference"]
    assert get(nurse, finding)["code"]["coding"][0]["code"] == "metastasis"
    assert of_a_stranger["status"] == "entered-in-error"

    result = schedule.tumour.patient.studies.get(result__reviewed_at__isnull=False).result
    result.reviewed_at = result.reviewed_by = None
    result.save()
    [unseen] = found(get(nurse, "DiagnosticReport", status="preliminary"))
    assert unseen["id"] == corrected["id"]


def test_what_was_withdrawn_is_entered_in_error(nurse: Client, schedule: Schedule) -> None:
    [study] = found(get(nurse, "ImagingStudy", status="entered-in-error"))
    assert study["started"] == "2026-08-01"
    [finding] = found(get(nurse, "Condition", verification_status="entered-in-error"))
    assert finding["bodySite"] == [{"text": "thigh"}]
    assert finding["note"] == [{"text": "A seroma"}]


def test_a_chase_is_over_when_somebody_has_booked(nurse: Client, schedule: Schedule) -> None:
    [task] = everything(nurse, "Task")
    slot = schedule.slots.get(n=1)

    assert task["status"] == "requested"
    assert task["focus"] == {"reference": f"ServiceRequest/{slot.public_id}"}
    assert task["note"] == [{"text": "Call her"}]

    slot.bookings.update(booked_at="2026-05-05T00:00:00Z")
    [task] = found(get(nurse, "Task", status="completed"))
    slot.bookings.update(booked_at="2026-03-05T00:00:00Z")
    slot.outcome = "skipped"
    slot.save()
    assert found(get(nurse, "Task", status="cancelled")) == [{**task, "status": "cancelled"}]


def test_the_history_of_a_tumour(nurse: Client, schedule: Schedule) -> None:
    tumour = get(nurse, f"Condition/{schedule.tumour.public_id}")
    morphology = tumour["code"]["coding"][0]
    assert (morphology["code"], morphology["version"]) == ("8890/3", "3.2")
    assert tumour["bodySite"][0]["coding"][0]["code"] == "C40.2"
    assert tumour["stage"][0]["summary"]["coding"][0]["code"] == "3"
    assert extensions(tumour)["size"]["value"] == 80

    operation, chemotherapy, radiotherapy = (
        one
        for one in everything(nurse, "Procedure")
        if one["reasonReference"] == [{"reference": f"Condition/{schedule.tumour.public_id}"}]
    )
    assert operation["status"] == "completed"
    assert operation["outcome"]["coding"][0]["code"] == "R0"
    assert (chemotherapy["status"], extensions(chemotherapy)["cycles"]) == ("unknown", 3)
    assert [drug["text"] for drug in chemotherapy["usedCode"]] == ["doxorubicin", "ifosfamide"]
    assert "performedDateTime" not in radiotherapy


def test_resources_speak_english_and_refusals_the_readers_language(
    nurse: Client, schedule: Schedule
) -> None:
    english = get(nurse, "Condition")
    nurse.defaults["HTTP_ACCEPT_LANGUAGE"] = "ja"

    assert get(nurse, "Condition") == english
    refused = get(nurse, "Nonsense", 404)["issue"][0]["diagnostics"]
    assert "種類" in refused
