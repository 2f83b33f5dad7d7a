"""A scanner's messages of what it performs, as they come and as they are answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from imaging.models import Heard, Step
from imaging.server import steps
from imaging.server.callers import Caller
from patients.models import Clinic
from schedules.models import Booking, BookingState, Scanner
from tests.factories import ClinicFactory, morning
from tests.integration.imaging.server.conftest import TITLE
from tests.integration.imaging.server.test_worklist import booked


def data(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def beginning(booking: Booking, **changes: Any) -> Dataset:
    order = data(StudyInstanceUID=booking.study_uid, AccessionNumber=booking.accession)
    said = {
        "PerformedProcedureStepStatus": "IN PROGRESS",
        "PatientID": booking.patient.mrn,
        "PatientName": "Doe^Jane",
        "PerformedStationAETitle": "CT1",
        "ScheduledStepAttributesSequence": [order],
    }
    return data(**said | changes)


def of_today(scanner: Scanner) -> Booking:
    booking = booked(scanner)
    # No test waits until then: what has begun is not ahead any more.
    Booking.objects.filter(pk=booking.pk).update(starts_at=morning(4, 8, 2020))
    booking.refresh_from_db()
    return booking


@pytest.fixture
def calling(port: int) -> Iterator[Association]:
    entity = ApplicationEntity("CT1")
    entity.add_requested_context(ModalityPerformedProcedureStep)
    calling = entity.associate("127.0.0.1", port, ae_title=TITLE)
    assert calling.is_established
    yield calling
    calling.release()


def test_from_the_first_message_to_the_last(calling: Association, scanner: Scanner) -> None:
    booking = of_today(scanner)
    uid = ModalityPerformedProcedureStep
    status, _ = calling.send_n_create(beginning(booking), uid, "1.2.3")
    assert status.Status == 0x0000
    status, _ = calling.send_n_create(beginning(booking), uid, "1.2.3")
    assert status.Status == 0x0111
    booking.refresh_from_db()
    assert booking.state == BookingState.ARRIVED

    going_on = data(PerformedProcedureStepStatus="IN PROGRESS")
    assert calling.send_n_set(going_on, uid, "1.2.3")[0].Status == 0x0000
    assert calling.send_n_set(going_on, uid, "1.2.4")[0].Status == 0x0112
    reason = data(CodeValue="110501", CodingSchemeDesignator="DCM", CodeMeaning="Equipment failure")
    ended = data(
        PerformedProcedureStepStatus="DISCONTINUED",
        PerformedProcedureStepDiscontinuationReasonCodeSequence=[reason],
    )
    assert calling.send_n_set(ended, uid, "1.2.3")[0].Status == 0x0000
    status, _ = calling.send_n_set(going_on, uid, "1.2.3")
    assert status.Status == 0x0110
    assert "no longer" in status.ErrorComment
    booking.refresh_from_db()
    assert booking.broken_off_because == "Equipment failure"
    assert Heard.objects.get(service="step").ae_title == "CT1"

    assert calling.send_n_create(beginning(booking), uid)[0].Status == 0x0000  # the server names it
    assert Step.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"PerformedProcedureStepStatus": "COMPLETED"}, 0x0106),
        ({"PerformedProcedureStepStatus": None}, 0x0106),
        ({"ScheduledStepAttributesSequence": []}, 0x0120),
        ({"ScheduledStepAttributesSequence": [data(AccessionNumber="1")]}, 0x0121),
        ({"ScheduledStepAttributesSequence": [data(StudyInstanceUID="../x")]}, 0x0106),
    ],
)
def test_what_says_too_little_is_refused(
    scanner: Scanner, changes: dict[str, Any], status: int
) -> None:
    with pytest.raises(steps.Failed) as failed:
        steps.create(Caller("CT1", scanner.clinic), "1.2.3", beginning(booked(scanner), **changes))
    assert failed.value.status == status
    assert not Step.objects.exists()


@pytest.mark.django_db
def test_another_clinic_knows_nothing_of_a_step(scanner: Scanner) -> None:
    steps.create(Caller("CT1", scanner.clinic), "1.2.3", beginning(booked(scanner)))
    others: list[Clinic | None] = [ClinicFactory.create(), None]
    for clinic in others:
        with pytest.raises(steps.Failed) as failed:
            steps.change(
                Caller("CT9", clinic), "1.2.3", data(PerformedProcedureStepStatus="COMPLETED")
            )
        assert failed.value.status == 0x0112
