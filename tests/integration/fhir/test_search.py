"""What searches find, and what is said of those that make no sense."""

import os
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.models import Clinic
from schedules.models import Schedule
from surveillance.audit.models import Look
from surveillance.fhir.resources.protocols import url_of
from surveillance.fhir.resources.told import checked
from surveillance.fhir.table import KINDS
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory, ResectionFactory
from tests.integration.fhir.asking import everything, found, get

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"


def count(program: Client, kind: str, **asked: Any) -> int:
    return len(found(get(program, kind, **asked, _count=100)))


def test_each_parameter_means_what_fhir_says(nurse: Client, schedule: Schedule) -> None:
    patient = schedule.tumour.patient
    issuer, mrn, pid = patient.mrn_issuer, patient.mrn, patient.public_id
    slot = schedule.slots.get(n=1)
    booking = slot.bookings.latest("id")
    study = patient.studies.get(performed_on=date(2026, 7, 20))
    findings = "urn:sarcoma-surveillance:condition"
    expected: list[tuple[str, dict[str, Any], int]] = [
        ("Patient", {}, 2),
        ("Patient", {"_id": pid}, 1),
        ("Patient", {"identifier": f"{issuer}|{mrn}"}, 1),
        ("Patient", {"identifier": f"urn:sarcoma-surveillance:mrn:{issuer}|{mrn}"}, 1),
        ("Patient", {"identifier": mrn}, 1),
        ("Patient", {"identifier": f"other|{mrn}"}, 0),
        ("Patient", {"identifier": f"|{mrn}"}, 0),
        ("Patient", {"identifier": f"{issuer}|"}, 2),
        ("Patient", {"family": "alv"}, 1),
        ("Patient", {"family": "ALV,Family"}, 2),
        ("Patient", {"family__exact": "alvarez"}, 0),
        ("Patient", {"family__exact": "Álvarez"}, 1),
        ("Patient", {"family__contains": "vare"}, 1),
        ("Patient", {"name": "花子"}, 1),
        ("Patient", {"name": "%"}, 0),
        ("Patient", {"given": "mei"}, 0),
        ("Patient", {"birthdate": "1960-05-17"}, 2),
        ("Patient", {"birthdate": "1960"}, 2),
        ("Patient", {"birthdate": ["ge1960-05-18"]}, 0),
        ("Patient", {"birthdate": ["gt1960-05-16", "lt1960-05-18"]}, 2),
        ("Patient", {"gender": "female"}, 2),
        ("Patient", {"gender__not": "female"}, 0),
        ("Patient", {"deceased": "true"}, 0),
        ("Condition", {"patient": pid}, 3),
        ("Condition", {"code": "8890/3", "patient": pid}, 1),
        ("Condition", {"code": f"{findings}|metastasis"}, 1),
        ("Condition", {"code": f"{findings}|metastasis,{findings}|primary-tumour"}, 3),
        ("Condition", {"code": "http://other|metastasis"}, 0),
        ("Condition", {"verification_status": "entered-in-error"}, 1),
        ("Procedure", {"subject": f"Patient/{pid}"}, 3),
        ("Procedure", {"date": "ge2026-01-15"}, 2),
        ("Procedure", {"date": "2025"}, 1),
        ("Procedure", {"date": "ne2025"}, 2),
        ("Procedure", {"status": "unknown"}, 2),
        ("Procedure", {"code": "resection"}, 2),
        ("CarePlan", {"status": "active"}, 1),
        ("CarePlan", {"status": "active,on-hold"}, 2),
        ("CarePlan", {"date": "ge2031"}, 2),
        ("CarePlan", {"date": "lt2026-01-15"}, 0),
        ("CarePlan", {"condition": f"Condition/{schedule.tumour.public_id}"}, 1),
        ("ServiceRequest", {"patient": pid}, 20),
        ("ServiceRequest", {"patient": f"http://x.example/fhir/Patient/{pid}"}, 20),
        ("ServiceRequest", {"patient": f"Practitioner/{pid}"}, 0),
        ("ServiceRequest", {"patient": "nobody"}, 0),
        ("ServiceRequest", {"patient.identifier": f"{issuer}|{mrn}"}, 20),
        ("ServiceRequest", {"status": "completed"}, 1),
        ("ServiceRequest", {"status": "http://hl7.org/fhir/request-status|on-hold"}, 20),
        ("ServiceRequest", {"status": "nonsense"}, 0),
        ("ServiceRequest", {"occurrence": "2026", "patient": pid}, 3),
        ("ServiceRequest", {"occurrence": "le2026-04-29", "patient": pid}, 1),
        ("ServiceRequest", {"occurrence": "le2026-04-28", "patient": pid}, 1),
        ("ServiceRequest", {"occurrence": "eb2026-04-29", "patient": pid}, 0),
        ("ServiceRequest", {"occurrence": "eb2026-04-30", "patient": pid}, 1),
        ("ServiceRequest", {"occurrence": "lt2026-03-15", "patient": pid}, 0),
        ("ServiceRequest", {"occurrence": "lt2026-03-16", "patient": pid}, 1),
        ("ServiceRequest", {"occurrence": "sa2030-12-14", "patient": pid}, 1),
        ("ServiceRequest", {"occurrence": "sa2030-12-15", "patient": pid}, 0),
        ("ServiceRequest", {"code": "CT", "patient": pid}, 20),
        ("ServiceRequest", {"code": "http://loinc.org|42275-8"}, 0),
        ("Appointment", {"patient": pid}, 2),
        ("Appointment", {"status": "noshow"}, 1),
        ("Appointment", {"identifier": booking.accession}, 1),
        ("Appointment", {"based_on": f"ServiceRequest/{slot.public_id}"}, 2),
        ("Appointment", {"date": "2026-04-09"}, 1),
        ("Appointment", {"date": "2026-04-09T00:00:00Z"}, 1),
        ("Appointment", {"date": "2026-04-09T09:00:00+09:00"}, 1),
        ("Appointment", {"date": "2026-04-09T09:00"}, 1),
        ("Appointment", {"date": "2026-04-09T08"}, -400),
        ("Appointment", {"date": "lt2026-04-09"}, 1),
        ("Appointment", {"date": "ge2026-04-09T00:00:01Z"}, 0),
        ("ImagingStudy", {"started": "2026-07"}, 1),
        ("ImagingStudy", {"identifier": f"urn:dicom:uid|urn:oid:{study.study_uid}"}, 1),
        ("ImagingStudy", {"identifier": study.study_uid}, 1),
        ("ImagingStudy", {"status": "available", "modality": "CT"}, 2),
        ("DiagnosticReport", {"status": "corrected"}, 1),
        ("DiagnosticReport", {"status": "final"}, 0),
        ("DiagnosticReport", {"conclusion": "new-lesion"}, 1),
        ("DiagnosticReport", {"code": "18748-4", "date": "ge2026-08-01"}, 1),
        ("Task", {"status": "requested", "code": "chase"}, 1),
        ("Task", {"authored_on": "2026-05-04"}, 1),
        ("PlanDefinition", {"identifier": "ct-chest-abdomen-3m"}, 1),
        ("PlanDefinition", {"status": "active", "title": "ct of"}, 1),
        ("PlanDefinition", {"status": "draft"}, 0),
        ("PlanDefinition", {"url": "http://other.example/x"}, 0),
        ("PlanDefinition", {"url": f"{url_of('ct-chest-abdomen-3m')}|1"}, 1),
        ("PlanDefinition", {"url": f"{url_of('ct-chest-abdomen-3m')}|one"}, 0),
        ("PlanDefinition", {"version": "one"}, 0),
        ("Patient", {"birthdate": "1960-13"}, -400),
        ("Patient", {"birthdate": "yesterday"}, -400),
        ("Patient", {"birthdate": "9999-12-31"}, -400),
        ("Patient", {"birthdate": "ap1960"}, -400),
        ("Patient", {"family": ""}, -400),
        ("Patient", {"family__near": "x"}, -400),
        ("Patient", {"_count": "many"}, -400),
        ("Patient", {"_after": "nobody"}, -400),
    ]
    wrong = []
    for kind, asked, many in expected:
        if many < 0:
            get(nurse, kind, -many, **asked)
        elif (got := count(nurse, kind, **asked)) != many:
            wrong.append((kind, asked, got))

    assert wrong == []


def test_a_day_is_the_clinics_own(nurse: Client, schedule: Schedule, clinic: Clinic) -> None:
    """What a clinic in Tokyo does at half past eight happens on the day before in London."""
    booking = schedule.slots.get(n=1).bookings.latest("id")
    booking.starts_at -= timedelta(minutes=30)
    booking.save()

    assert count(nurse, "Appointment", date="2026-04-09") == 1
    assert count(nurse, "Appointment", date="lt2026-04-09", status="noshow") == 0
    assert count(nurse, "Procedure", date="2026-01-15T00:00:00+09:00") == 0  # a day holds more
    assert count(nurse, "Procedure", date="ge2026-01-14T15:00:00Z") == 2  # midnight in Tokyo
    assert count(nurse, "Procedure", date="sa2026-01-14T15:00:01Z") == 0


def test_what_is_not_known_is_said_or_refused(nurse: Client, schedule: Schedule) -> None:
    bundle = get(nurse, "Patient", shoesize="42", family="alv", _sort="family")

    assert len(found(bundle)) == 1
    [said] = (one for one in bundle["entry"] if one["search"]["mode"] == "outcome")
    assert [one["diagnostics"] for one in said["resource"]["issue"]] == [
        "Patient cannot be searched by “shoesize”.",
        "Patient cannot be searched by “_sort”.",
    ]
    assert bundle["link"] == [
        {"relation": "self", "url": "http://testserver/fhir/Patient?family=alv"}
    ]

    refused = nurse.get("/fhir/Patient?shoesize=42", headers={"prefer": "handling=strict"})
    assert refused.status_code == 400
    assert "shoesize" in refused.json()["issue"][0]["diagnostics"]


def test_a_list_goes_on_page_by_page_without_a_gap(nurse: Client, schedule: Schedule) -> None:
    whole = [one["id"] for one in everything(nurse, "ServiceRequest", count=200)]
    assert len(whole) == len(set(whole)) == 40
    assert [one["id"] for one in everything(nurse, "ServiceRequest", count=7)] == whole
    assert [one["id"] for one in everything(nurse, "ServiceRequest", count=8)] == whole
    conditions = [one["id"] for one in everything(nurse, "Condition", count=100)]
    assert len(conditions) == 4  # of two tables
    for size in (1, 2, 3):
        assert [one["id"] for one in everything(nurse, "Condition", count=size)] == conditions


def test_a_total_is_told_to_who_asks(nurse: Client, schedule: Schedule) -> None:
    assert "total" not in get(nurse, "ServiceRequest")
    assert get(nurse, "ServiceRequest", _total="accurate", _count=3)["total"] == 40
    only = get(nurse, "ServiceRequest", _summary="count", status="completed")
    assert (only["total"], only.get("entry")) == (1, None)
    assert get(nurse, "Condition", _count=0)["total"] == 4


def test_what_is_posted_stands_in_no_address(nurse: Client, clinic: Clinic) -> None:
    PatientFactory.create_batch(3, clinic=clinic, family_name="Secret")
    first = nurse.post("/fhir/Patient/_search?_count=2", "family=Secret", content_type=FORM)

    assert first.status_code == 200
    links = {link["relation"]: link["url"] for link in first.json()["link"]}
    assert "Secret" not in str(links)
    second = nurse.get(links["next"]).json()
    assert [len(found(one)) for one in (first.json(), second)] == [2, 1]
    assert {link["relation"] for link in second["link"]} == {"self"}

    stranger = Client()
    stranger.force_login(MembershipFactory.create(clinic=clinic).user)
    refused = stranger.get(links["next"])
    assert refused.status_code == 404
    assert "ask again" in refused.json()["issue"][0]["diagnostics"]
    assert nurse.post("/fhir/Patient/_search", "{}", content_type="text/json").status_code == 415


def test_a_look_is_recorded_of_whoever_is_shown(nurse: Client, schedule: Schedule) -> None:
    other = ResectionFactory.create(tumour__patient__clinic=schedule.tumour.patient.clinic)
    get(nurse, f"Procedure/{other.public_id}")
    [look] = Look.objects.all()
    assert (look.page, look.patient_ids) == ("fhir", [other.tumour.patient.public_id])

    get(nurse, "Task")
    [look] = Look.objects.exclude(pk=look.pk)
    assert look.patient_ids == [schedule.tumour.patient.public_id]

    get(nurse, "PlanDefinition")
    get(nurse, "Patient", family="nobody")
    get(nurse, "Patient", _summary="count")
    assert Look.objects.count() == 2


def test_another_clinics_rows_are_no_place_to_go_on_from(nurse: Client) -> None:
    stranger = PatientFactory.create(clinic=ClinicFactory.create())

    get(nurse, "Patient", 400, _after=stranger.public_id)


KNOWN = sorted({name for kind in KINDS.values() for name in kind.searches})
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *(
                "",
                "\0",
                "a\0",
                ",",
                "|",
                "||",
                "\\",
                "a,\\,",
                "ge",
                "ge2026",
                "ne2026-02-30",
                "9999",
            ),
            *("0000", "0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T25:00Z"),
            *("x.1", "a\0.1", "x.99999", "x.-1", "１", "urn:oid:", "http://x|y", "Patient/"),
            *("/", "-1", "%"),
        ]
    ),
    st.uuids().map(str),
)


@settings(
    max_examples=400 if os.environ.get("CI") else 60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from([name for name in KINDS if name != "Group"]),
    told=st.lists(
        st.tuples(
            st.sampled_from([*KNOWN, "_count", "_after", "_page", "_total", "_format", "_other"]),
            st.sampled_from(["", "", "", ":not", ":exact", ":contains", ":Patient", ":x"]),
            VALUES,
        ),
        min_size=1,
        max_size=3,
    ),
    public_id=VALUES,
)
def test_whatever_is_asked_is_answered_or_refused(
    unthrottled: None, nurse: Client, kind: str, told: list[tuple[str, str, str]], public_id: str
) -> None:
    query = urlencode([(name + modifier, value) for name, modifier, value in told])
    answers = [
        nurse.get(f"/fhir/{kind}?{query}"),
        nurse.post(f"/fhir/{kind}/_search", query, content_type=FORM),
        nurse.get(f"/fhir/{kind}/{quote(public_id)}"),
    ]
    for answer in answers:
        assert answer.status_code in (200, 400, 404, 406), (query, answer.content)
        checked(answer.json())
