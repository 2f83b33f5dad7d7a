"""Images that peers send are in PostgreSQL before they are told so, and nothing but headers is."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless

from imaging.models import Heard, Instance, Received
from imaging.server import bounds
from schedules.models import Scanner
from schedules.models.study import made_up_study_uid
from surveillance.audit.models import Event
from tests.dicom import made_ct, write
from tests.integration.imaging.server.conftest import Toolkit
from tests.threads import at_once


def test_storescu_sends_a_study_and_again(dcmtk: Toolkit, scanner: Scanner, tmp_path: Path) -> None:
    uid = made_up_study_uid()
    write(made_ct(study_uid=uid, slices=5), tmp_path)
    for _ in range(2):
        said = dcmtk("storescu", "+sd", tmp_path)
        assert said.code == 0, said.text
        assert said.text.count("Received Store Response (Success)") == 5

    [received] = Received.objects.all()
    assert (received.clinic, received.study_uid) == (scanner.clinic, uid)
    assert Instance.objects.count() == 5
    assert Event.objects.get(act="images.received").by_name == "CT1"
    assert Heard.objects.get().service == "store"


def test_two_that_send_the_same_study_at_once_make_one(dcmtk: Toolkit, tmp_path: Path) -> None:
    write(made_ct(slices=12), tmp_path)
    sent = at_once([lambda: dcmtk("storescu", "+sd", tmp_path)] * 2)
    assert [said.code for said in sent if not isinstance(said, Exception)] == [0, 0], sent
    assert Instance.objects.count() == 12
    assert Received.objects.count() == 1


def test_what_is_no_instance_is_refused_with_the_reason_and_the_rest_goes_on(
    dcmtk: Toolkit, tmp_path: Path
) -> None:
    good, bad = made_ct(slices=2)
    bad.StudyInstanceUID = "1.2..3"
    good.PixelData = bytes(2 * bounds.KEPT)  # of which no more is kept than the beginning
    good.Rows = good.Columns = 2048
    write([bad, good], tmp_path)
    said = dcmtk("storescu", "+sd", "-nh", tmp_path)
    assert said.text.count("Received Store Response (Success)") == 1
    assert "CannotUnderstand" in said.text or "0xc000" in said.text.lower(), said.text
    assert Instance.objects.get().sop_uid == good.SOPInstanceUID


def test_an_encoding_that_nobody_can_show_here_is_no_hindrance(
    dcmtk: Toolkit, tmp_path: Path
) -> None:
    [slice_] = made_ct(slices=1)
    slice_.file_meta.TransferSyntaxUID = JPEG2000Lossless
    slice_.PixelData = (
        b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00\xff\x4f\xff\x51"
    )
    slice_["PixelData"].is_undefined_length = True
    [path] = write([slice_], tmp_path)
    assert dcmread(path).file_meta.TransferSyntaxUID == JPEG2000Lossless
    said = dcmtk("storescu", "-xv", path)
    assert said.code == 0, said.text
    assert Instance.objects.count() == 1


@pytest.mark.parametrize("size", [0, 1, bounds.KEPT, bounds.KEPT + 5])
def test_a_head_keeps_its_beginning_and_counts_the_rest(size: int) -> None:
    head = bounds.Head()
    for begin in range(0, size, 1 << 20):
        head.write(bytes(min(1 << 20, size - begin)))
    assert head.length == size
    assert len(head.getvalue()) == min(size, bounds.KEPT)
