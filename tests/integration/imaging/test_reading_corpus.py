"""All files that pydicom brings for its own tests, good and broken: read or refused, none half."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pydicom
import pytest

from imaging.headers.files import headers_of
from imaging.headers.header import Header, Refused
from imaging.headers.pool import Pool
from imaging.headers.process import Outcome
from imaging.intake import take_in
from imaging.models import Instance, Received, SeriesHeader
from patients.models import Clinic

DATA = Path(pydicom.__file__).parent / "data"
DISCS = DATA / "test_files" / "dicomdirtests"
ALL = {
    "images": 83,
    "secondary_capture": 43,
    "derived": 32,
    "dose_report": 3,
    "localizer": 2,
    "missing StudyInstanceUID": 12,  # pictures for tests of decoders, palettes
    "missing SOPClassUID": 8,
    "not_dicom": 14,
    "directory": 8,
}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.close()


def counted(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(
        " ".join([found.key, *map(str, found.values.values())])
        if isinstance(found := outcome.found, Refused)
        else str(found.kind)
        for outcome in outcomes
    )


@pytest.mark.django_db
def test_every_file_is_taken_in_or_says_why_not(clinic: Clinic, pool: Pool, tmp_path: Path) -> None:
    # pydicom's own code lies among its data, in no or any number of compiled forms.
    copytree(DATA, tmp_path / "data", ignore=lambda _, names: [n for n in names if ".py" in n])

    outcomes = list(headers_of([tmp_path / "data"], pool))
    headers = [outcome.found for outcome in outcomes if isinstance(outcome.found, Header)]
    take_in(clinic=clinic, headers=headers, by="Import")

    assert counted(outcomes) == ALL
    assert Instance.objects.count() == len(
        {(header.study_uid, header.series_uid, header.sop_uid) for header in headers}
    )
    assert Received.objects.count() == len({header.study_uid for header in headers})
    assert not Received.objects.filter(headers=None).exists()
    assert not SeriesHeader.objects.filter(instances=None).exists()


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        (DISCS / "DICOMDIR", {"images": 22, "derived": 7, "localizer": 2}),
        (DISCS / "TINY_ALPHA" / "DICOMDIR", {"images": 50}),
    ],
    ids=["DICOMDIR", "TINY_ALPHA"],
)
def test_of_a_disc_what_it_lists_is_read(
    directory: Path, expected: dict[str, int], pool: Pool
) -> None:
    assert counted(list(headers_of([directory], pool))) == expected


@pytest.mark.parametrize("name", [path.name for path in sorted(DISCS.glob("DICOMDIR-*"))])
def test_whatever_its_form_a_disc_lists_the_same(name: str, pool: Pool) -> None:
    listed = pool.listed(DISCS / name)

    assert listed == (frozenset() if "empty" in name else pool.listed(DISCS / "DICOMDIR"))


def test_what_a_disc_lists_outside_of_itself_is_not_there(pool: Pool, tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    disc.mkdir()
    honest, evil = b"77654033\\CR1\\6154", b"..\\..\\secret.dcm "
    assert len(honest) == len(evil)
    written = (DISCS / "DICOMDIR").read_bytes()
    (disc / "DICOMDIR").write_bytes(written.replace(honest, evil))
    (tmp_path / "secret.dcm").write_bytes((DISCS / "77654033" / "CR1" / "6154").read_bytes())

    outcomes = list(headers_of([disc / "dicomdir", disc / "DICOMDIR"], pool))

    assert counted(outcomes) == {"unreadable No such file or directory": 1, "not_there": 31}
    assert any(outcome.name.endswith(": ../../SECRET.DCM") for outcome in outcomes)
