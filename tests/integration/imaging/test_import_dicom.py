"""`import_dicom`: files as they come, each taken in or refused with its reason."""

import os
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from imaging.models import Instance, Received
from patients.models import Clinic
from surveillance.audit.models import Event
from tests.dicom import made_ct, write
from tests.factories import BookingFactory, ClinicFactory, PatientFactory, ScheduleFactory

pytestmark = pytest.mark.django_db


def imported(*paths: Path, clinic: str = "") -> list[str]:
    out = StringIO()
    more = ["--clinic", clinic] if clinic else []
    call_command("import_dicom", *map(str, paths), *more, stdout=out)
    return out.getvalue().splitlines()


def test_files_folders_and_archives_are_taken_in_once(clinic: Clinic, tmp_path: Path) -> None:
    loose = write(made_ct(study_uid="1.2.1", slices=1), tmp_path / "loose")
    write(made_ct(study_uid="1.2.2", slices=40), tmp_path / "folder" / "deep" / "deeper")
    packed = write(made_ct(study_uid="1.2.3", slices=3), tmp_path / "packed")
    with ZipFile(tmp_path / "three.zip", "w") as archive:
        archive.mkdir("CT")
        for number, path in enumerate(packed):
            archive.write(path, f"CT/../../{number}")
    paths = (*loose, tmp_path / "folder", tmp_path / "three.zip")

    assert imported(*paths) == ["Taken in: instances 44, studies 3. Refused: files 0."]
    assert imported(*paths) == ["Taken in: instances 44, studies 3. Refused: files 0."]

    assert Instance.objects.count() == 44
    assert Received.objects.exclude(settled_at=None).count() == 3


def test_a_ct_of_an_order_closes_its_exam(clinic: Clinic, tmp_path: Path) -> None:
    slot = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic).slots.get(n=1)
    booking = BookingFactory.create(slot=slot)
    patient = slot.patient
    instances = made_ct(
        study_uid=booking.study_uid,
        patient_id=patient.mrn,
        issuer=patient.mrn_issuer,
        name=f"{patient.family_name}^{patient.given_name}",
        birth_date=f"{patient.birth_date:%Y%m%d}",
        sex="",
        study_date=f"{slot.due_on:%Y%m%d}",
        accession=booking.accession,
    )
    write(instances, tmp_path)

    imported(tmp_path)

    slot.refresh_from_db()
    assert slot.outcome == "satisfied"
    assert set(Event.objects.filter(act__startswith="images.").values_list("act", "by_name")) == {
        ("images.received", "Import"),
        ("images.filed", "Import"),
    }


def test_each_file_that_is_refused_is_named_with_its_reason(clinic: Clinic, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    [good] = write(made_ct(slices=1), folder)
    (folder / "notes.txt").write_text("Dear colleague")
    (folder / "cut.dcm").write_bytes(good.read_bytes()[:400])
    (folder / "evil\x1b[2J.dcm").write_bytes(b"")
    (folder / "link.dcm").symlink_to(good)
    os.mkfifo(folder / "pipe.dcm")

    *refused, summary = imported(folder, tmp_path / "nowhere.dcm")

    assert summary == "Taken in: instances 1, studies 1. Refused: files 6."
    assert [line.removeprefix(f"{tmp_path}/") for line in refused] == [
        "folder/cut.dcm: It is not whole: its end is missing.",
        "folder/evil�[2J.dcm: This is no DICOM file.",
        "folder/link.dcm: This is a link, and links are not followed.",
        "folder/notes.txt: This is no DICOM file.",
        "folder/pipe.dcm: This is neither a file nor a folder.",
        "nowhere.dcm: It cannot be opened: No such file or directory.",
    ]


def test_nothing_that_could_be_read_is_a_failure(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear colleague")

    with pytest.raises(SystemExit, match="1"):
        imported(tmp_path)
    assert not Received.objects.exists()


def test_the_clinic_is_whose_record_numbers_they_are(tmp_path: Path) -> None:
    north, south = ClinicFactory.create(mrn_issuer="N"), ClinicFactory.create(mrn_issuer="S")
    PatientFactory.create(clinic=south, mrn_issuer="S", mrn="S-7")
    write(made_ct(study_uid="1.1", slices=1, issuer="N", patient_id="S-7"), tmp_path / "issuer")
    write(made_ct(study_uid="1.2", slices=1, issuer="", patient_id="S-7"), tmp_path / "known")
    write(made_ct(study_uid="1.3", slices=1, issuer="X", patient_id="S-7"), tmp_path / "stranger")

    *refused, _ = imported(tmp_path)

    assert dict(Received.objects.values_list("study_uid", "clinic")) == {
        "1.1": north.pk,
        "1.2": south.pk,
    }
    assert [line.partition(": ")[2] for line in refused] == [
        "Nothing in it says which clinic it belongs to. Name the clinic (--clinic)."
    ]
    assert imported(tmp_path / "stranger", clinic=north.code)[-1].startswith(
        "Taken in: instances 1,"
    )
    assert Received.objects.get(study_uid="1.3").clinic == north
    with pytest.raises(CommandError, match="no clinic nowhere"):
        imported(tmp_path, clinic="nowhere")
