"""Orthanc as a scanner, as a gateway and as a PACS: a peer that nobody here wrote."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from imaging import pacs
from imaging.models import Arrangement, Instance, Peer, Received
from imaging.settling import settle_all
from patients.models import Clinic
from schedules.models import Booking, Scanner
from schedules.models.study import made_up_study_uid
from schedules.rules.outcome import Outcome
from tests.dicom import made_ct, write
from tests.integration.imaging.server.orthanc import TITLE, Orthanc, orthanc
from tests.integration.imaging.server.test_steps import of_today
from tests.integration.imaging.server.test_worklist import booked


@pytest.fixture
def running(port: int, scanner: Scanner, tmp_path: Path) -> Iterator[Orthanc]:
    Peer.objects.create(clinic=scanner.clinic, ae_title=TITLE, address="127.0.0.1")
    with orthanc(tmp_path, port) as running:
        yield running


def send(to: Orthanc, place: Path, **says: object) -> str:
    """Give Orthanc a made study, and return its StudyInstanceUID."""
    uid = str(says.pop("study_uid", "") or made_up_study_uid())
    for path in write(made_ct(study_uid=uid, slices=3, **says), place / uid):  # type: ignore[arg-type]
        to.post("/instances", path.read_bytes())
    return uid


def patient_of(booking: Booking) -> dict[str, object]:
    patient = booking.patient
    return {
        "patient_id": patient.mrn,
        "issuer": patient.mrn_issuer,
        "name": f"{patient.family_name}^{patient.given_name}",
        "birth_date": f"{patient.birth_date:%Y%m%d}",
    }


def test_what_it_finds_on_the_worklist_comes_back_as_images_and_closes_the_exam(
    running: Orthanc, scanner: Scanner, tmp_path: Path
) -> None:
    booking = booked(scanner)
    [found] = running.post(
        "/modalities/surveillance/find-worklist",
        {
            "PatientID": "",
            "AccessionNumber": "",
            "StudyInstanceUID": "",
            "ScheduledProcedureStepSequence": [
                {"Modality": "CT", "ScheduledStationAETitle": "CT1"}
            ],
        },
    )
    assert found["PatientID"] == booking.patient.mrn

    uid = send(
        running,
        tmp_path,
        study_uid=found["StudyInstanceUID"],
        accession=found["AccessionNumber"],
        study_date="20260408",
        **patient_of(booking),
    )
    assert uid == booking.study_uid
    [study] = running.get("/studies")
    running.post("/modalities/surveillance/store", study)

    received = Received.objects.get()
    assert (received.study_uid, Instance.objects.count()) == (uid, 3)
    settle_all(timezone.now() + timedelta(hours=1))
    booking.slot.refresh_from_db()
    assert booking.slot.outcome == Outcome.SATISFIED


def test_it_is_asked_for_what_is_new_again_and_again(
    running: Orthanc, scanner: Scanner, tmp_path: Path
) -> None:
    booking = of_today(scanner)
    clinic, today = scanner.clinic, f"{scanner.clinic.today():%Y%m%d}"
    arranged = Arrangement.objects.create(clinic=clinic, pacs_url=f"{running.url}/dicom-web/")
    uid = send(running, tmp_path, study_date=today, **patient_of(booking))
    send(running, tmp_path, study_date=today, patient_id="somebody of another clinic")
    send(running, tmp_path, study_date="20200101", **patient_of(booking))
    send(running, tmp_path, study_date=today, **patient_of(booking) | {"Modality": "MR"})

    now = timezone.now()
    for minutes in (0, 1, 10):  # at once again, which is too soon, and later
        pacs.ask(arranged, now + timedelta(minutes=minutes))
        assert [received.study_uid for received in Received.objects.all()] == [uid]
    arranged.refresh_from_db()
    assert (arranged.pacs_error, arranged.pacs_seen_on) == ("", clinic.today())
    assert arranged.pacs_asked_at == now + timedelta(minutes=10)
    [header] = Received.objects.get().headers.all()
    assert header.says["identity"]["patient_id"] == booking.patient.mrn

    more = made_ct(study_uid=uid, series=2, slices=2, study_date=today, **patient_of(booking))  # type: ignore[arg-type]
    for path in write(more, tmp_path / "more"):
        running.post("/instances", path.read_bytes())
    pacs.ask(arranged, now + timedelta(minutes=20))
    assert Instance.objects.count() == 5


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/dicom-web", "ConnectionError"),
        ("http://127.0.0.1:9999999/x", "InvalidURL"),
    ],
)
def test_a_pacs_that_does_not_answer_is_in_trouble_and_no_more(
    clinic: Clinic, url: str, said: str
) -> None:
    arranged = Arrangement.objects.create(
        clinic=clinic, pacs_url=url, pacs_seen_on=date(2026, 1, 2)
    )
    pacs.ask(arranged)
    arranged.refresh_from_db()
    assert arranged.pacs_error == said
    assert (arranged.pacs_answered_at, arranged.pacs_seen_on) == (None, date(2026, 1, 2))
