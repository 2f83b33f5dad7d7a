from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from patients.models import Finding, FindingKind, Patient
from schedules.actions import correct_result, record_result, record_study
from schedules.models import (
    Booking,
    BookingState,
    Result,
    ResultOutcome,
    Schedule,
    Slot,
    Study,
)
from schedules.rules.outcome import Outcome
from surveillance.audit.models import Event
from tests.factories import (
    BookingFactory,
    PatientFactory,
    ScheduleFactory,
    TumourFactory,
    UserFactory,
    morning,
    new_lesion,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

BOTH = ("chest", "abdomen")
END_OF_YEAR = morning(12, 31)


@pytest.fixture
def schedule() -> Schedule:
    """Its first slot takes exams from 15 March to 14 June 2026, its second until 14 September."""
    return ScheduleFactory.create()


def scan(
    patient: Patient,
    *regions: str,
    on: date = date(2026, 4, 14),
    modality: str = "CT",
    uid: str = "",
    at: datetime = END_OF_YEAR,
) -> Study:
    return record_study(
        patient=patient,
        modality=modality,
        performed_on=on,
        regions=regions,
        study_uid=uid,
        by=UserFactory.create(),
        at=at,
    )


def test_a_ct_of_both_regions_satisfies_the_slot_of_its_day(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH, on=date(2026, 4, 14))

    slot = schedule.slots.get(outcome=Outcome.SATISFIED)
    assert (slot.n, slot.missing, list(slot.studies.all())) == (1, (), [study])


def test_a_ct_of_the_chest_alone_leaves_the_abdomen_missing(schedule: Schedule) -> None:
    scan(schedule.tumour.patient, "chest")

    slot = schedule.slots.get(n=1)
    assert slot.outcome == Outcome.PARTIALLY_SATISFIED
    assert slot.missing == ("abdomen",)


def test_a_second_ct_of_the_abdomen_completes_the_slot(schedule: Schedule) -> None:
    patient = schedule.tumour.patient
    scan(patient, "chest", on=date(2026, 4, 14))

    scan(patient, "abdomen", "pelvis", on=date(2026, 5, 20))

    slot = schedule.slots.get(n=1)
    assert (slot.outcome, slot.missing) == (Outcome.SATISFIED, ())


@pytest.mark.parametrize(
    ("on", "n"),
    [
        (date(2026, 3, 15), 1),
        (date(2026, 6, 14), 1),
        (date(2026, 6, 15), 2),
        (date(2026, 9, 14), 2),
    ],
)
def test_a_ct_belongs_to_the_one_slot_whose_window_holds_its_day(
    schedule: Schedule, on: date, n: int
) -> None:
    study = scan(schedule.tumour.patient, *BOTH, on=on)

    assert [slot.n for slot in study.slots.all()] == [n]


def test_a_ct_before_the_first_window_satisfies_nothing(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH, on=date(2026, 3, 14))

    assert not study.slots.exists()
    assert not schedule.slots.exclude(outcome=Outcome.OPEN).exists()


@pytest.mark.parametrize(
    ("modality", "regions"), [("MR", BOTH), ("CT", ("head", "neck"))], ids=["MR", "head"]
)
def test_another_exam_satisfies_nothing(
    schedule: Schedule, modality: str, regions: tuple[str, ...]
) -> None:
    scan(schedule.tumour.patient, *regions, modality=modality)

    assert not schedule.slots.exclude(outcome=Outcome.OPEN).exists()


def test_one_ct_counts_for_each_tumour_that_the_patient_is_followed_for(
    schedule: Schedule,
) -> None:
    patient = schedule.tumour.patient
    ScheduleFactory.create(anchor__tumour__patient=patient)

    scan(patient, *BOTH)

    assert Slot.objects.filter(outcome=Outcome.SATISFIED, n=1).count() == 2


def test_a_study_told_of_twice_is_one_row_whose_regions_grow(schedule: Schedule) -> None:
    patient = schedule.tumour.patient
    scan(patient, "chest", uid="1.2.3")

    scan(patient, "chest", "abdomen", uid="1.2.3")

    study = Study.objects.get()
    assert (study.study_uid, study.regions) == ("1.2.3", ["chest", "abdomen"])
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED


def test_a_study_told_of_twice_loses_no_region(schedule: Schedule) -> None:
    patient = schedule.tumour.patient
    scan(patient, *BOTH, uid="1.2.3")

    scan(patient, "chest", uid="1.2.3")

    assert Study.objects.get().regions == ["chest", "abdomen"]
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED


@pytest.mark.django_db(transaction=True)
def test_a_study_told_of_by_two_at_once_is_one_row() -> None:
    schedule = ScheduleFactory.create()
    patient = schedule.tumour.patient
    tellings: list[Callable[[], Study]] = [
        lambda: scan(patient, "chest", uid="1.2.3"),
        lambda: scan(patient, "abdomen", uid="1.2.3"),
    ]

    first, second = at_once(tellings)

    assert first == second == Study.objects.get()
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED


def test_two_studies_entered_by_hand_are_two_rows() -> None:
    patient = PatientFactory.create()

    first, second = scan(patient, *BOTH), scan(patient, *BOTH)

    assert first.study_uid != second.study_uid


def test_another_patients_study_is_refused() -> None:
    scan(PatientFactory.create(), *BOTH, uid="1.2.3")
    patient = PatientFactory.create()

    with pytest.raises(ValidationError) as refused:
        scan(patient, *BOTH, uid="1.2.3")

    assert refused.value.message_dict == {"study_uid": ["This study belongs to another patient."]}
    assert not patient.studies.exists()


@pytest.mark.parametrize(
    ("on", "message"),
    [
        (date(2026, 4, 15), "This day has not come yet."),
        (date(1960, 5, 16), "This is before the patient was born."),
    ],
    ids=["tomorrow", "before birth"],
)
def test_a_study_outside_the_patients_life_is_refused(on: date, message: str) -> None:
    patient = PatientFactory.create(birth_date=date(1960, 5, 17))

    with pytest.raises(ValidationError) as refused:
        scan(patient, *BOTH, on=on, at=morning(4, 14))

    assert refused.value.message_dict == {"performed_on": [message]}
    assert not Study.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("regions", [(), ("thorax",)], ids=["none", "unknown"])
def test_a_study_without_regions_that_are_known_is_refused(regions: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        scan(PatientFactory.create(), *regions)

    assert list(refused.value.message_dict) == ["regions"]


@pytest.mark.parametrize("uid", ["1.02.3", "1..3", "study 7", "1." + "2" * 63])
def test_a_uid_that_is_no_dicom_uid_is_refused(uid: str) -> None:
    with pytest.raises(ValidationError) as refused:
        scan(PatientFactory.create(), *BOTH, uid=uid)

    assert list(refused.value.message_dict) == ["study_uid"]


@pytest.mark.parametrize("on", [date(2026, 4, 14), date(2026, 4, 20)], ids=["day", "later"])
def test_the_exam_fulfils_the_booking(on: date) -> None:
    booking = BookingFactory.create(starts_at=morning(4, 14))

    scan(booking.slot.patient, *BOTH, on=on)

    assert Booking.objects.get().state == BookingState.FULFILLED


def test_an_exam_before_the_day_leaves_the_booking_to_people() -> None:
    booking = BookingFactory.create(starts_at=morning(4, 14))

    scan(booking.slot.patient, *BOTH, on=date(2026, 4, 13))

    assert Booking.objects.get().state == BookingState.BOOKED


@pytest.mark.parametrize(
    ("modality", "regions"), [("MR", BOTH), ("CT", ("head", "neck"))], ids=["MR", "head"]
)
def test_another_exam_of_that_day_leaves_the_booking_to_people(
    modality: str, regions: tuple[str, ...]
) -> None:
    booking = BookingFactory.create(starts_at=morning(4, 14))

    scan(booking.slot.patient, *regions, modality=modality, on=date(2026, 4, 14))

    assert Booking.objects.get().state == BookingState.BOOKED


def test_a_result_leaves_the_repeat_that_was_booked_for_the_same_day(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, "chest", on=date(2026, 4, 14))
    BookingFactory.create(
        slot=schedule.slots.get(n=1), starts_at=morning(4, 14) + timedelta(hours=6)
    )

    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create())

    assert Booking.objects.get().state == BookingState.BOOKED


def test_an_appointment_outside_the_window_is_fulfilled_by_the_exam_of_that_day(
    schedule: Schedule,
) -> None:
    booking = BookingFactory.create(
        slot=schedule.slots.get(n=2),
        starts_at=morning(6, 10),
        outside_window_reason="The patient travels from 12 June",
    )

    scan(schedule.tumour.patient, *BOTH, on=date(2026, 6, 10))

    booking.refresh_from_db()
    assert booking.state == BookingState.FULFILLED


def test_images_reported_as_inadequate_open_the_slot_again(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH)

    record_result(study=study, outcome=ResultOutcome.INADEQUATE, by=UserFactory.create())

    slot = schedule.slots.get(n=1)
    assert (slot.outcome, slot.missing) == (Outcome.OPEN, BOTH)


def test_results_of_before_that_was_known_count_from_the_day_of_their_study() -> None:
    study = scan(PatientFactory.create(), *BOTH, on=date(2026, 4, 14))
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create())
    migration = import_module("schedules.migrations.0003_studies_without_a_match")

    with connection.cursor() as cursor:
        cursor.execute(migration.RECORDED_WHEN_PERFORMED)

    assert Result.objects.get().recorded_at == datetime(2026, 4, 14, tzinfo=UTC)


def test_a_repeat_of_inadequate_images_satisfies_the_slot(schedule: Schedule) -> None:
    patient = schedule.tumour.patient
    record_result(
        study=scan(patient, *BOTH, on=date(2026, 4, 14)),
        outcome=ResultOutcome.INADEQUATE,
        by=UserFactory.create(),
    )

    scan(patient, *BOTH, on=date(2026, 4, 28))

    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED


def test_what_a_new_lesion_lacks_is_said_all_at_once(schedule: Schedule) -> None:
    """Nobody may report one that opens no finding, whichever way it comes in."""
    of_which = {"tumour": ["Say of which of the patient’s tumours."]}
    by = UserFactory.create()
    lacks = {
        "sites": ["Say where the new lesion is."],
        "finding": ["Say what the new lesion is."],
    }
    study = scan(schedule.tumour.patient, *BOTH)

    with pytest.raises(ValidationError) as refused:
        new_lesion(study, tumour=None, sites=[], finding=None, by=by)
    assert refused.value.message_dict == lacks | of_which

    with pytest.raises(ValidationError) as refused:
        new_lesion(study, finding=None, by=by)
    assert refused.value.message_dict == {"finding": lacks["finding"]}

    with pytest.raises(ValidationError) as refused:
        new_lesion(scan(PatientFactory.create(), *BOTH), by=by)
    assert refused.value.message_dict == {
        "tumour": ["Enter the patient’s tumour first: a new lesion stands in its history."]
    }
    assert not Result.objects.exists()
    assert not Finding.objects.exists()


def test_a_result_that_is_corrected_to_a_new_lesion_opens_a_finding_too(schedule: Schedule) -> None:
    result = record_result(
        study=scan(schedule.tumour.patient, *BOTH),
        outcome=ResultOutcome.INDETERMINATE,
        by=UserFactory.create(),
    )
    told: dict[str, Any] = {
        "result": result,
        "outcome": ResultOutcome.NEW_LESION,
        "sites": ["liver"],
        "reason": "Read again",
        "tumour": schedule.tumour,
        "by": UserFactory.create(),
    }

    with pytest.raises(ValidationError) as refused:
        correct_result(**told)
    assert list(refused.value.message_dict) == ["finding"]

    correct_result(**told, finding=FindingKind.METASTASIS)
    assert str(Finding.objects.get()) == "Metastasis: liver"


def test_without_disease_there_is_no_site() -> None:
    study = scan(PatientFactory.create(), *BOTH)

    with pytest.raises(ValidationError) as refused:
        record_result(
            study=study, outcome=ResultOutcome.NO_DISEASE, sites=["liver"], by=UserFactory.create()
        )

    assert refused.value.message_dict == {"sites": ["Without disease there is no site."]}
    assert not Result.objects.exists()


def test_a_new_lesion_opens_a_finding_in_the_history_of_its_tumour(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH, on=date(2026, 4, 14))

    new_lesion(study, by=UserFactory.create())

    finding = Finding.objects.get()
    assert (finding.tumour, str(finding)) == (schedule.tumour, "Metastasis: liver S6")
    assert (finding.found_on, finding.found_by) == (date(2026, 4, 14), "CT")
    assert {event.act for event in Event.objects.all()} >= {"result.recorded", "finding.added"}
    assert str(Result.objects.get()) == "New lesion, liver S6"
    assert Event.objects.get(act="result.recorded").detail["sites"] == ["liver S6"]


def test_a_new_lesion_that_two_studies_show_is_one_finding(schedule: Schedule) -> None:
    for _ in range(2):
        new_lesion(scan(schedule.tumour.patient, *BOTH), by=UserFactory.create())

    assert Finding.objects.get().results.count() == 2


def test_a_finding_of_another_patients_tumour_leaves_no_result_either(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH)

    with pytest.raises(ValidationError) as refused:
        new_lesion(study, tumour=TumourFactory.create(), by=UserFactory.create())

    assert refused.value.message_dict == {"tumour": ["Say of which of the patient’s tumours."]}
    assert not Result.objects.exists()
    assert not Finding.objects.exists()


def test_only_a_new_lesion_is_a_finding(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH)

    with pytest.raises(ValidationError) as refused:
        record_result(
            study=study,
            outcome=ResultOutcome.NO_DISEASE,
            finding=FindingKind.METASTASIS,
            tumour=schedule.tumour,
            by=UserFactory.create(),
        )

    assert refused.value.message_dict == {"finding": ["Only a new lesion is a finding."]}


def test_who_is_second_is_told_what_was_recorded(schedule: Schedule) -> None:
    study = scan(schedule.tumour.patient, *BOTH)
    radiologist = UserFactory.create()
    record_result(study=study, outcome=ResultOutcome.INDETERMINATE, by=radiologist)

    with pytest.raises(ValidationError) as refused:
        new_lesion(study, by=UserFactory.create())

    assert refused.value.messages == [
        f"{radiologist} has recorded a result already: Indeterminate. It can be corrected."
    ]
    assert not Finding.objects.exists()
