"""Images that a person brings: read, filed or waiting, or refused for a reason."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pydicom import Dataset
from pydicom.data import get_testdata_file

from imaging.models import Received
from patients.models import Clinic, Patient
from schedules.models import Booking, Slot, Study
from surveillance import upload_limit
from tests.dicom import made_ct
from tests.factories import BookingFactory, ScannerFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment

pytestmark = pytest.mark.django_db

UPLOAD = "/imaging/upload/"


@pytest.fixture
def booking(clinic: Clinic, overdue_slot: Slot) -> Booking:
    scanner = ScannerFactory.create(clinic=clinic)
    told = {"starts_at": moment(clinic, -1), "at": moment(clinic, -9), "scanner": scanner}
    return BookingFactory.create(slot=overdue_slot, **told)


def slices_of(patient: Patient, clinic: Clinic, **told: object) -> list[Dataset]:
    day = moment(clinic, -1)
    return made_ct(
        patient_id=patient.mrn,
        issuer=patient.mrn_issuer,
        name=f"{patient.family_name}^{patient.given_name}",
        birth_date=f"{patient.birth_date:%Y%m%d}",
        study_date=f"{day:%Y%m%d}",
        **told,  # type: ignore[arg-type]
    )


def written(dataset: Dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_a_zip_of_a_booked_ct_is_filed_at_once_and_what_is_no_dicom_says_so(
    nurse_client: Client, clinic: Clinic, booking: Booking, overdue_slot: Slot
) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for n, one in enumerate(
            slices_of(booking.patient, clinic, study_uid=booking.study_uid, slices=3)
        ):
            archive.writestr(f"{n}.dcm", written(one))
    files = [
        SimpleUploadedFile("disc.zip", packed.getvalue()),
        SimpleUploadedFile("letter.txt", b"Dear colleague"),
    ]

    page = Page(nurse_client.post(UPLOAD, {"images": files}))

    assert "3 images were read. 1 file was refused." in page.text()
    assert "letter.txt: This is no DICOM file." in page.text()
    [row] = page.table("What became of them")
    assert row["What became of it"] == f"Filed for {booking.patient}."
    assert Study.objects.get().patient == booking.patient
    overdue_slot.refresh_from_db()
    assert overdue_slot.outcome == "satisfied"
    again = Page(nurse_client.post(UPLOAD, {"images": files[0]}))
    assert again.status == 200
    assert Received.objects.count() == 1


def test_a_disc_is_brought_with_its_list_or_without_and_its_list_alone_is_no_image(
    nurse_client: Client, clinic: Clinic, booking: Booking
) -> None:
    disc = Path(str(get_testdata_file("dicomdirtests/DICOMDIR"))).read_bytes()
    [one] = slices_of(booking.patient, clinic, study_uid=booking.study_uid, slices=1)

    alone = Page(nurse_client.post(UPLOAD, {"images": SimpleUploadedFile("DICOMDIR", disc)}))
    assert "the list of the files on a disc (DICOMDIR)" in alone.text()
    assert not Received.objects.exists()

    files = [SimpleUploadedFile("DICOMDIR", disc), SimpleUploadedFile("IM1", written(one))]
    page = Page(nurse_client.post(UPLOAD, {"images": files}))
    assert "1 image was read. 0 files were refused." in page.text()
    assert Study.objects.get().patient == booking.patient


def test_what_is_not_beyond_doubt_waits_and_leads_to_where_it_is_decided(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    [one] = slices_of(overdue_slot.patient, clinic, slices=1, description="CT")
    page = Page(
        clinician_client.post(UPLOAD, {"images": SimpleUploadedFile("1.dcm", written(one))})
    )

    [row] = page.table("What became of them")
    assert row["What became of it"].startswith("It waits for somebody to decide.")
    assert page.link("Decide") == f"/imaging/{Received.objects.get().public_id}/"


def test_nothing_and_too_much_are_refused(
    nurse_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "required" in Page(nurse_client.post(UPLOAD, {})).error_beside("images")

    monkeypatch.setitem(upload_limit.MOST, "upload", 100_000)
    small, large = (
        SimpleUploadedFile("small.txt", b"x" * 1000),
        SimpleUploadedFile("large.bin", b"x" * 200_000),
    )
    page = Page(nurse_client.post(UPLOAD, {"images": [small, large]}))
    assert "large.bin: It is beyond 1 GB" in page.text()
    assert "small.txt: This is no DICOM file." in page.text()
    assert "No image could be read" in page.error_beside("images")
    large.seek(0)
    alone = Page(nurse_client.post(UPLOAD, {"images": large}))
    assert "in parts" in alone.error_beside("images")
    assert not Received.objects.exists()
