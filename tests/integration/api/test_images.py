"""Received images over the API: brought, decided about, and never of another clinic."""

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from imaging.headers.header import Identity
from imaging.models import Received
from patients.models import Clinic
from schedules.models import Booking, Slot, Study
from surveillance import upload_limit
from surveillance.accounts.models import User
from surveillance.api.models import Answered
from surveillance.audit.models import Look
from tests.factories import BookingFactory, ClinicFactory, ScannerFactory
from tests.integration.api.test_ground import post
from tests.integration.imaging.scene import ct, identity_of, received
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import enter_images, moment, signed_in, slot_due_in
from tests.integration.pages.test_upload import slices_of, written

pytestmark = pytest.mark.django_db

IMAGES = "/api/v1/images/"


@pytest.fixture
def slot(clinic: Clinic) -> Slot:
    return slot_due_in(-5, clinic)


@pytest.fixture
def booking(clinic: Clinic, slot: Slot) -> Booking:
    scanner = ScannerFactory.create(clinic=clinic)
    told = {"starts_at": moment(clinic, -1), "at": moment(clinic, -9), "scanner": scanner}
    return BookingFactory.create(slot=slot, **told)


def bring(
    program: Client, clinic: Clinic, *files: tuple[str, bytes], key: str | None = None
) -> Any:
    told = {
        "clinic": clinic.code,
        "images": [SimpleUploadedFile(name, holds) for name, holds in files],
    }
    return program.post(IMAGES, told, headers={"idempotency-key": key} if key else {})


def files_of(booking: Booking, **told: object) -> list[tuple[str, bytes]]:
    clinic = booking.patient.clinic
    slices = slices_of(booking.patient, clinic, study_uid=booking.study_uid, **told)
    return [(f"{number}.dcm", written(one)) for number, one in enumerate(slices)]


def listed(program: Client, state: str = "") -> list[dict[str, Any]]:
    answer = program.get(IMAGES, {"state": state} if state else {})
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_files_that_are_brought_close_the_slot_and_each_that_is_none_has_its_reason(
    clinic: Clinic, slot: Slot, booking: Booking, nurses_program: Client
) -> None:
    files = [*files_of(booking), ("letter.txt", b"Dear colleague"), ("empty.dcm", b"")]

    brought = bring(nurses_program, clinic, *files, key="disc")

    assert brought.status_code == 201, brought.json()
    answer = brought.json()
    assert (answer["instances"], len(answer["studies"])) == (3, 1)
    assert answer["refused"] == [
        {"name": "letter.txt", "reason": "This is no DICOM file."},
        {"name": "empty.dcm", "reason": "This is no DICOM file."},
    ]
    assert answer["studies"][0]["study"] == str(Study.objects.get().public_id)
    slot.refresh_from_db()
    assert slot.outcome == "satisfied"
    assert slot.patient.public_id in Look.objects.get(page="API: images").patient_ids

    assert bring(nurses_program, clinic, *files, key="disc").json() == answer
    files[-1] = ("empty.dcm", b"not any more")
    assert bring(nurses_program, clinic, *files, key="disc").status_code == 422
    assert bring(nurses_program, clinic, *files).status_code == 201  # again does no harm
    assert (Received.objects.count(), Study.objects.count()) == (1, 1)


def test_nothing_is_half_written_of_hostile_files(
    clinic: Clinic,
    booking: Booking,
    nurses_program: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb, inner = BytesIO(), BytesIO()
    with ZipFile(inner, "w") as archive:
        archive.writestr("1.dcm", b"x")
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("../../etc/passwd", b"x")
        archive.writestr("zeros.dcm", b"\0" * 50_000_000)
    half = files_of(booking)[0][1][:700]
    hostile = [("bomb.zip", bomb.getvalue()), ("half.dcm", half), ("0", b"")]

    refused = bring(nurses_program, clinic, *hostile, key="x")

    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["errors"]} == {"images"}
    told = [one["message"] for one in refused.json()["errors"]]
    assert len(told) == 5, told
    assert told[0].startswith("bomb.zip: inner.zip: This is an archive inside an archive.")
    assert not Received.objects.exists()
    assert bring(nurses_program, clinic, *files_of(booking), key="x").status_code == 201  # mended

    nothing = nurses_program.post(IMAGES, {"clinic": clinic.code})
    assert [one["field"] for one in nothing.json()["errors"]] == ["images"]
    assert nurses_program.post(IMAGES, "{}", "application/json").status_code == 415
    monkeypatch.setitem(upload_limit.MOST, "api-images-list", 100_000)
    large = bring(nurses_program, clinic, ("large.dcm", b"x" * 200_000))
    assert "more than 1 GB" in large.json()["detail"]
    monkeypatch.setattr("django.conf.settings.DATA_UPLOAD_MAX_NUMBER_FILES", 2)
    many = bring(nurses_program, clinic, *[(str(number), b"x") for number in range(3)])
    assert (many.status_code, many["Content-Type"]) == (413, "application/problem+json")
    elsewhere = bring(nurses_program, ClinicFactory.create(), ("1.dcm", b"x"))
    assert [one["field"] for one in elsewhere.json()["errors"]] == ["clinic"]


def test_what_waits_is_listed_with_what_fits_as_on_the_page(
    clinic: Clinic, slot: Slot, nurse: User, nurses_program: Client
) -> None:
    enter_images(slot.patient, nurse)

    rows = listed(nurses_program, "waits")

    table = Page(signed_in(nurse).get("/worklists/unmatched/")).table("Received, and not yet")
    assert len(rows) == len(table) == 3
    for row, shown in zip(rows, table, strict=True):
        assert all(line in shown["What to know"] for line in row["why"])
        assert ("Sure" in shown["Regions"]) == row["sure"]
        assert ("Confirm" in shown["Decide"]) == bool(row["patient"] and row["sure"])
    assert [row["has_grown"] for row in rows] == [True, False, False]
    [aside] = listed(nurses_program, "set_aside")
    assert aside["set_aside_because"] == "A phantom"
    assert len(listed(nurses_program)) == 4
    assert listed(nurses_program, "settling") == [aside]
    assert {row["id"] for row in listed(nurses_program, "filed")} == {rows[0]["id"]}


def test_each_decision_is_taken_once_and_of_the_state_that_was_seen(
    clinic: Clinic, slot: Slot, nurses_program: Client
) -> None:
    one = received(clinic, ct(Identity("?", name="Doe"), description="CAP"))
    address = f"{IMAGES}{one.public_id}/"
    seen = nurses_program.get(address)["ETag"]
    told = {"patient": str(slot.patient.public_id), "regions": ["chest", "abdomen"]}

    def act(name: str, told: object, etag: str = "*") -> Any:
        return post(nurses_program, f"{address}{name}/", told, if_match=etag)

    asked = act("file", told | {"remember": "CT HEAD"}, seen)
    assert [one["field"] for one in asked.json()["errors"]] == ["despite"]
    told["despite"] = "A typing error"
    asked = act("file", told | {"remember": "CT HEAD"}, seen)
    assert [one["field"] for one in asked.json()["errors"]] == ["remember"]
    filed = act("file", told | {"remember": "CAP"}, seen)
    assert (filed.status_code, filed.json()["way"]) == (200, "person")
    assert act("file", told, seen).status_code == 412
    assert act("file", told).status_code == 409

    back = act("take-back", {"reason": "Of her sister"}, filed["ETag"])
    assert (back.json()["study"], Study.objects.count()) == (None, 0)
    aside = act("set-aside", {"reason": "Not followed here"}, back["ETag"])
    assert aside.json()["set_aside_because"] == "Not followed here"
    assert act("keep-as-filed", {"regions": []}).status_code == 409
    assert act("bring-back", {}, aside["ETag"]).json() == back.json()


def test_images_of_another_clinic_are_never_seen(
    clinic: Clinic, slot: Slot, nurses_program: Client
) -> None:
    elsewhere = slot_due_in(-5, ClinicFactory.create()).patient
    theirs = received(elsewhere.clinic, ct(identity_of(elsewhere)))
    ours = received(clinic, ct(identity_of(elsewhere)))  # the same, brought to us by mistake

    [row] = listed(nurses_program)
    assert (row["id"], row["suspects"]) == (str(ours.public_id), [])
    assert nurses_program.get(f"{IMAGES}{theirs.public_id}/").status_code == 404
    refused = post(
        nurses_program,
        f"{IMAGES}{ours.public_id}/file/",
        {"patient": str(elsewhere.public_id), "regions": ["chest"]},
        if_match="*",
    )
    assert refused.json()["errors"] == [
        {"field": "patient", "message": "There is none with this id."}
    ]
    assert not Answered.objects.exists()
    assert not Look.objects.exists()
