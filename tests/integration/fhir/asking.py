"""A program that asks for resources, and a clinic that has some of every type."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from patients.actions import add_finding, add_treatment, withdraw_finding
from patients.models import Clinic, ContactBy, FindingKind, Margin, Treatment, TreatmentKind
from schedules.actions import (
    correct_result,
    move_booking,
    record_result,
    reschedule,
    review,
    review_result,
    suspend,
    withdraw_study,
)
from schedules.models import BookingState, Decision, ResultOutcome, Schedule
from surveillance.fhir.resources.told import Json
from surveillance.fhir.table import KINDS
from tests.factories import (
    BookingFactory,
    PatientFactory,
    ResectionFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)

OF_PATIENTS = [name for name, kind in KINDS.items() if kind.sources[0].patient is not None]


def get(program: Client, path: str, expected: int = 200, **asked: Any) -> Json:
    """Ask below /fhir/ for JSON."""
    told = [
        (name.replace("__", ":").replace("_", "-") if not name.startswith("_") else name, one)
        for name, value in asked.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    query = f"?{urlencode(told)}" if told else ""
    answer = program.get(f"/fhir/{path}{query}")
    assert answer.status_code == expected, answer.content
    assert answer["Content-Type"] == "application/fhir+json"
    said: Json = answer.json()
    return said


def found(bundle: Json) -> list[Json]:
    """The resources that a search found."""
    entries = bundle.get("entry", [])
    return [one["resource"] for one in entries if one["search"]["mode"] == "match"]


def everything(program: Client, kind: str, count: int = 50) -> list[Json]:
    """All resources of a type, page by page."""
    address: str | None = f"http://testserver/fhir/{kind}?_count={count}"
    resources = []
    while address:
        bundle = program.get(address.removeprefix("http://testserver")).json()
        resources += found(bundle)
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        assert links["self"] == address
        address = links.get("next")
    return resources


def extensions(resource: Json) -> Json:
    """What our own extensions say, by name; of several of one name the last."""
    said = {}
    for one in resource.get("extension", []):
        [value] = (value for name, value in one.items() if name.startswith("value"))
        said[one["url"].rpartition(":")[2]] = value
    return said


def give_history(clinic: Clinic) -> Schedule:
    """Let a patient of the clinic go through all that can be told of, another rest, and return the
    first one's follow-up.

    Slot 1: booked, moved, not attended, chased, half done. Slot 2: done late, a metastasis seen,
    corrected, reviewed. Then a study of somebody else, and a recurrence that was none.
    """
    by = UserFactory.create(first_name="Oki", last_name="Mori")
    patient = PatientFactory.create(
        clinic=clinic,
        family_name="Álvarez",
        given_name="花子　Mei",
        phone="090-1",
        contact_by=ContactBy.SMS,
        consented_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    operation = ResectionFactory.create(
        tumour__patient=patient,
        tumour__grade=3,
        tumour__size_mm=80,
        tumour__laterality="left",
        tumour__diagnosed_on=date(2025, 12, 1),
        margin=Margin.R0,
    )
    schedule = ScheduleFactory.create(anchor=operation)
    add_treatment(
        tumour=schedule.tumour,
        kind=TreatmentKind.CHEMOTHERAPY,
        on=date(2025, 12, 9),
        by=by,
        drugs=["doxorubicin", "ifosfamide"],
        cycles=3,
        intent="neoadjuvant",
    )
    Treatment.objects.create(tumour=schedule.tumour, kind=TreatmentKind.RADIOTHERAPY, note="\x0b")
    first, second = schedule.slots.filter(n__lte=2).order_by("n")
    booking = BookingFactory.create(slot=first, by=by)
    moved = reschedule(
        booking=booking,
        scanner=booking.scanner,
        starts_at=morning(4, 9),
        by=by,
        at=morning(3, 25),
    )
    move_booking(booking=moved, to=BookingState.NO_SHOW, by=by, at=morning(4, 10))
    review(slot=first, decision=Decision.CHASE, reason="Call her", by=by, at=morning(5, 4))
    StudyFactory.create(patient=patient, performed_on=date(2026, 5, 6), regions=("chest",), by=by)
    study = StudyFactory.create(patient=patient, performed_on=date(2026, 7, 20), by=by)
    result = record_result(
        study=study,
        outcome=ResultOutcome.INDETERMINATE,
        sites=["liver"],
        by=by,
        at=morning(7, 21),
    )
    correct_result(
        result=result,
        outcome=ResultOutcome.NEW_LESION,
        sites=["liver"],
        comment="Segment 6",
        reason="Read again",
        finding=FindingKind.METASTASIS,
        tumour=schedule.tumour,
        by=by,
        at=morning(7, 22),
    )
    review_result(result=result, by=by, at=morning(7, 23))
    stranger = StudyFactory.create(patient=patient, performed_on=date(2026, 8, 1), by=by)
    record_result(study=stranger, outcome=ResultOutcome.NO_DISEASE, by=by, at=morning(8, 2))
    withdraw_study(study=stranger, reason="Another patient's", by=by, at=morning(8, 3))
    recurrence = add_finding(
        tumour=schedule.tumour,
        kind=FindingKind.LOCAL_RECURRENCE,
        sites=["thigh"],
        found_on=date(2026, 8, 2),
        found_by="MRI",
        by=by,
    )
    withdraw_finding(finding=recurrence, reason="A seroma", by=by)
    resting = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    suspend(
        schedule=resting,
        reason="Chemotherapy",
        review_on=date(2027, 1, 15),
        by=by,
        at=morning(8, 1),
    )
    assert second.schedule == schedule
    return schedule
