"""A scanner is told of the appointments that it asks about, and of nothing else."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread
from pydicom.dataset import Dataset
from pytest_django import Settings

from imaging.server.answers import REQUEST as SAID
from imaging.server.callers import Caller
from imaging.server.listening import until_cancelled
from imaging.server.worklist import PENDING, find
from patients.models import Clinic
from schedules.actions import move_booking
from schedules.models import Booking, BookingState, Scanner
from surveillance.audit.models import Look
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    PatientFactory,
    ResectionFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.integration.imaging.server.conftest import Toolkit
from tests.integration.imaging.server.worklist_rules import faults

STEP = "ScheduledProcedureStepSequence"
THAT_DAY = morning(4, 8)


def booked(scanner: Scanner, at: datetime = THAT_DAY, **patient: Any) -> Booking:
    """An appointment at a scanner, for a patient of its clinic."""
    person = PatientFactory.create(clinic=scanner.clinic, **patient)
    schedule = ScheduleFactory.create(anchor=ResectionFactory.create(tumour__patient=person))
    slot = schedule.slots.get(n=1)
    return BookingFactory.create(slot=slot, scanner=scanner, starts_at=at)


def query(step: dict[str, Any] | None = None, **keys: Any) -> Dataset:
    asked = Dataset()
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    if step is not None:
        inner = Dataset()
        for keyword, value in step.items():
            setattr(inner, keyword, value)
        setattr(asked, STEP, [inner])
    return asked


def told(clinic: Clinic, asked: Dataset) -> list[Dataset]:
    answers = list(find(Caller("CT1", clinic), asked))
    assert [status for status, _ in answers] == [PENDING] * len(answers)
    return [data for _, data in answers if data]


def accessions(clinic: Clinic, asked: Dataset) -> set[str]:
    asked.AccessionNumber = asked.get("AccessionNumber", "")
    return {answer.AccessionNumber for answer in told(clinic, asked)}


def test_findscu_is_told_all_that_a_scanner_needs(
    dcmtk: Toolkit, scanner: Scanner, tmp_path: Path
) -> None:
    booking = booked(scanner, family_name="Doe", given_name="Jane", mrn="P*1")
    elsewhere = ScannerFactory.create(ae_title="CT9")
    booked(elsewhere)  # of another clinic

    said = dcmtk("findscu", "-W", "-X", "-od", str(tmp_path), "-k", f"{STEP}[0].Modality=CT")
    assert said.code == 0
    [answer] = [dcmread(path, force=True) for path in tmp_path.iterdir()]
    assert answer[STEP][0].Modality == "CT"
    assert "PatientName" not in answer

    for path in tmp_path.iterdir():
        path.unlink()
    keys = [word for keyword in SAID for word in ("-k", keyword)]
    said = dcmtk("findscu", "-W", "-X", "-od", str(tmp_path), *keys)
    assert said.code == 0, said.text
    [answer] = [dcmread(path, force=True) for path in tmp_path.iterdir()]
    assert faults(answer) == []
    step = answer[STEP][0]
    assert (answer.PatientName, answer.PatientID) == ("Doe^Jane", "P*1")
    assert answer.IssuerOfPatientID == scanner.clinic.mrn_issuer
    assert (answer.AccessionNumber, answer.StudyInstanceUID) == (
        booking.accession,
        booking.study_uid,
    )
    assert (step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime) == (
        "20260408",
        "090000",
    )
    assert (step.ScheduledStationAETitle, step.ScheduledProcedureStepStatus) == ("CT1", "SCHEDULED")
    assert answer.RequestedProcedureDescription == "CT chest abdomen"
    look = Look.objects.filter(by_name="CT1").latest("pk")
    assert look.patient_ids == [booking.patient.public_id]


NARROWED = [
    (query(), "ab"),
    (query({"ScheduledStationAETitle": "CT1"}), "a"),
    (query({"ScheduledStationAETitle": "CT?"}), "ab"),
    (query({"ScheduledProcedureStepStartDate": "20260408"}), "a"),
    (query({"ScheduledProcedureStepStartDate": "20260409-"}), "b"),
    (query({"ScheduledProcedureStepStartDate": "-20260408"}), "a"),
    (query({"ScheduledProcedureStepStartDate": "20260401-20260430"}), "ab"),
    (query({"ScheduledProcedureStepStartTime": "09"}), "a"),
    (query({"ScheduledProcedureStepStartTime": "1300-1400"}), "b"),
    (  # one span, from the first time of the first day on
        query(
            {
                "ScheduledProcedureStepStartDate": "20260408-20260409",
                "ScheduledProcedureStepStartTime": "1000-1400",
            }
        ),
        "b",
    ),
    (query({"Modality": "MR"}), ""),
    (query({"ScheduledProcedureStepStatus": "ARRIVED"}), ""),
    (query({"ScheduledPerformingPhysicianName": "Any^Body"}), ""),
    (query(PatientName="DOE*"), "a"),
    (query(PatientName="Doe"), ""),
    (query(PatientName="D?e^Jane^^"), "a"),
    (query(PatientName="=山田*"), "b"),
    (query(PatientName="*"), "ab"),
    (query(PatientID="P*1"), "a"),
    (query(PatientID="P*"), ""),
    (query(PatientID="P*1", IssuerOfPatientID="elsewhere"), ""),
    (query(AccessionNumber="*"), ""),
    (query(PatientBirthDate="19600517", PatientSex="F"), "ab"),
    (query(PatientSex="M"), ""),
]


def test_each_key_narrows_it(scanner: Scanner) -> None:
    other = ScannerFactory.create(clinic=scanner.clinic, ae_title="CT2")
    silent = ScannerFactory.create(clinic=scanner.clinic)
    names = {
        booked(scanner, family_name="Doe", given_name="Jane", mrn="P*1").accession: "a",
        booked(
            other, morning(4, 9) + timedelta(hours=4), family_name="山田", mrn="P21"
        ).accession: "b",
        booked(silent).accession: "of a scanner without a title",
    }
    for asked, found in NARROWED:
        assert {names[one] for one in accessions(scanner.clinic, asked)} == set(found), asked


def test_by_study_and_by_accession(scanner: Scanner) -> None:
    first, second = booked(scanner), booked(scanner, morning(4, 9))
    clinic = scanner.clinic
    by_uid = query(StudyInstanceUID=[first.study_uid, "1.2.3"])
    assert accessions(clinic, by_uid) == {first.accession}
    assert accessions(clinic, query(AccessionNumber=second.accession)) == {second.accession}
    by_step = query({"ScheduledProcedureStepID": second.accession})
    assert accessions(clinic, by_step) == {second.accession}


def test_only_what_is_still_ahead_is_on_it(scanner: Scanner) -> None:
    arrived, cancelled = booked(scanner), booked(scanner, morning(4, 9))
    nurse = UserFactory.create()
    move_booking(booking=arrived, to=BookingState.ARRIVED, by=nurse, at=morning(4, 8))
    move_booking(booking=cancelled, to=BookingState.CANCELLED, by=nurse, at=morning(4, 8))

    [answer] = told(scanner.clinic, query())
    assert answer[STEP][0].ScheduledProcedureStepStatus == "ARRIVED"


def test_the_peers_of_another_clinic_and_the_server_itself_see_nobody(scanner: Scanner) -> None:
    booked(scanner)
    assert told(ClinicFactory.create(), query()) == []
    assert list(find(Caller("SURVEILLANCE", None), query())) == []


@pytest.mark.parametrize(
    ("asked_in", "family", "said_in"),
    [
        ("", "山田", "ISO_IR 192"),
        ("ISO_IR 192", "山田", "ISO_IR 192"),
        (["", "ISO 2022 IR 87"], "山田", ["", "ISO 2022 IR 87"]),
        (["", "ISO 2022 IR 87"], "𠮷田", "ISO_IR 192"),  # which that set has no sign for
    ],
)
def test_japanese_names_in_the_letters_that_were_asked_for(
    dcmtk: Toolkit, scanner: Scanner, tmp_path: Path, asked_in: Any, family: str, said_in: Any
) -> None:
    booked(scanner, family_name=family, given_name="太郎")
    asked = "\\".join(asked_in) if isinstance(asked_in, list) else asked_in
    keys = ["-k", "PatientName", "-k", "PatientID", "-k", f"SpecificCharacterSet={asked}"]
    dcmtk("findscu", "-W", "-X", "-od", str(tmp_path), *keys)

    [answer] = [dcmread(path, force=True) for path in tmp_path.iterdir()]
    assert answer.SpecificCharacterSet == said_in
    answer.decode()
    assert answer.PatientName.ideographic == f"{family}^太郎"
    assert answer.PatientName.alphabetic == ""


def test_a_query_of_too_many_says_so(scanner: Scanner, settings: Settings) -> None:
    settings.DICOM_WORKLIST_MOST = 1
    booked(scanner)
    booked(scanner, morning(4, 9))

    [_, (status, data)] = find(Caller("CT1", scanner.clinic), query())
    assert data is None
    assert isinstance(status, Dataset)
    assert (status.Status, status.ErrorComment) == (
        0xA700,
        "More than 1 match: ask for a station or a day",
    )


def test_a_day_that_is_none_is_refused(dcmtk: Toolkit, scanner: Scanner) -> None:
    for said in ("2026-04-08", "20261332", "tomorrow"):
        asked = query({"ScheduledProcedureStepStartDate": said})
        [(status, _)] = find(Caller("CT1", scanner.clinic), asked)
        assert isinstance(status, Dataset)
        assert status.Status == 0xA900
    keys = ["-k", f"{STEP}[0].ScheduledProcedureStepStartDate=tomorrow"]
    assert "DataSetDoesNotMatchSOPClass" in dcmtk("findscu", "-W", *keys).text
    assert dcmtk("echoscu").code == 0


def test_however_many_it_tells_of_it_asks_the_database_as_often(scanner: Scanner) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            told(scanner.clinic, query())
        return len(asked)

    booked(scanner)
    once = queries()
    for day in range(9, 14):
        booked(scanner, morning(4, day))
    assert queries() == once


def test_a_peer_that_has_heard_enough_is_told_no_more() -> None:
    class Cancelled:
        is_cancelled = False

    event = Cancelled()
    answers = until_cancelled(event, iter([(PENDING, Dataset())] * 3))  # type: ignore[arg-type]
    assert next(answers)[0] == PENDING
    event.is_cancelled = True
    assert list(answers) == [(0xFE00, None)]
