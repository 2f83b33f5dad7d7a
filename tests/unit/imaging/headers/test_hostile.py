"""Files that were made to hurt: refused early, with their reason, in bounded memory and time."""

import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from signal import SIGKILL, SIGSTOP
from struct import pack
from time import monotonic
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging.headers.files import headers_of
from imaging.headers.header import Header, Refused
from imaging.headers.pool import Pool
from imaging.headers.process import File
from imaging.headers.worker import MEMORY
from tests.dicom import made_ct, write
from tests.unit.imaging.headers.test_reading import FULL, full_ct, in_file

SECONDS = 5  # the machine may be busy; the slowest takes one
LITTLE = 256 << 20  # bytes; half of it is never needed
ZEROS = bytes(1 << 20)
ITEM, ITEM_ENDS = pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF), pack("<HHL", 0xFFFE, 0xE00D, 0)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(processes=1)
    list(made.read([File(Path("/dev/null"))]))  # started before anybody waits
    yield made
    made.close()


def begins(syntax: str, *elements: bytes) -> bytes:
    """Return a file with its meta information, and the elements as they are."""
    told = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = b"\x02\0\x10\0UI" + pack("<H", len(told)) + told
    return (
        bytes(128) + b"DICM\x02\0\0\0UL\x04\0" + pack("<L", len(meta)) + meta + b"".join(elements)
    )


def explicit(group: int, element: int, vr: bytes, length: int) -> bytes:
    return pack("<HH2sHL", group, element, vr, 0, length)


def implicit(group: int, element: int, length: int) -> bytes:
    return pack("<HHL", group, element, length)


def deflated(beginning: bytes, megabytes: int) -> bytes:
    packing = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    parts = [packing.compress(beginning), *(packing.compress(ZEROS) for _ in range(megabytes))]
    return begins(DeflatedExplicitVRLittleEndian, *parts, packing.flush())


def sequences(deep: int, tag: bytes = b"\x09\0\x10\x10") -> bytes:
    return begins(ExplicitVRLittleEndian, (tag + b"SQ\0\0\xff\xff\xff\xff" + ITEM) * deep)


def many_items() -> bytes:
    items = (ITEM + ITEM_ENDS) * (1 << 19)
    return begins(ExplicitVRLittleEndian, explicit(9, 0x1010, b"SQ", 0xFFFFFFFF), items)


HOSTILE: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "inflates to zeros": (lambda: deflated(b"", 512), {"too_many_elements"}),
    "inflates to a long element": (
        lambda: deflated(explicit(9, 0x1010, b"OB", 1 << 30), 512),
        {"header_too_long"},
    ),
    "inflates to a name": (
        lambda: deflated(explicit(16, 16, b"UT", 1 << 30), 512),
        {"too_long"},
    ),
    "a name of 4 GB": (
        lambda: begins(ImplicitVRLittleEndian, implicit(16, 16, 0xFFFFFFFE), ZEROS),
        {"too_long"},
    ),
    "a description of 4 GB": (
        lambda: begins(ExplicitVRLittleEndian, explicit(8, 0x1030, b"UT", 0xFFFFFFF0), ZEROS),
        {"too_long"},
    ),
    "codes of 4 GB": (
        lambda: begins(ImplicitVRLittleEndian, implicit(8, 0x1032, 0xFFFFFFF0), ZEROS),
        {"too_long"},
    ),
    "something private of 4 GB": (
        lambda: begins(ImplicitVRLittleEndian, implicit(9, 0x1010, 0xFFFFFFF0), ZEROS),
        {"cut_off"},
    ),
    "something endless": (
        lambda: begins(ExplicitVRLittleEndian, explicit(9, 0x1010, b"OB", 0xFFFFFFFF), ZEROS * 20),
        {"header_too_long"},
    ),
    "sequences 200 deep": (lambda: sequences(200), {"nested"}),
    "sequences 10 000 deep": (lambda: sequences(10_000), {"nested"}),
    "codes 10 000 deep": (lambda: sequences(10_000, b"\x08\0\x32\x10"), {"nested"}),
    "half a million items": (many_items, {"too_many_elements"}),
    "nothing but empty elements": (
        lambda: begins(ImplicitVRLittleEndian, ZEROS),
        {"too_many_elements"},
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_made_to_hurt_is_refused_and_the_next_is_read(
    name: str, pool: Pool, tmp_path: Path
) -> None:
    made, reasons = HOSTILE[name]
    (hostile := tmp_path / "hostile.dcm").write_bytes(made())
    (good := tmp_path / "good.dcm").write_bytes(in_file(full_ct()))

    started = monotonic()
    first, second = pool.read([File(hostile), File(good)])
    took = monotonic() - started

    assert isinstance(first.found, Refused)
    assert first.found.key in reasons
    assert second.found == FULL
    assert took < SECONDS
    assert most_memory(pool) < LITTLE


def most_memory(pool: Pool) -> int:
    """Return the most that the process of a pool has had, in bytes."""
    [process] = pool.processes
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def test_memory_has_an_end(pool: Pool, tmp_path: Path) -> None:
    (good := tmp_path / "good.dcm").write_bytes(in_file(full_ct()))
    directory = tmp_path / "DICOMDIR"
    directory.write_bytes(deflated(b"", 640))  # which pydicom inflates whole

    first, second = headers_of([directory, good], pool)

    assert isinstance(first.found, Refused)
    assert first.found.key == "memory"
    assert second.found == FULL
    assert most_memory(pool) < MEMORY + LITTLE
    pool.processes[0].end()  # the next is measured from the beginning


def test_of_two_gigabytes_only_the_header_is_read(pool: Pool, tmp_path: Path) -> None:
    [good] = write(made_ct(study_uid="1.2.3", slices=1), tmp_path)
    os.truncate(good, 2 << 30)
    (nothing := tmp_path / "nothing").touch()
    os.truncate(nothing, 2 << 30)

    started = monotonic()
    first, second = pool.read([File(good), File(nothing)])

    assert monotonic() - started < SECONDS
    assert isinstance(first.found, Header)
    assert isinstance(second.found, Refused)
    assert second.found.key == "not_dicom"
    assert most_memory(pool) < LITTLE


def test_an_archive_is_not_unpacked(pool: Pool, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    good = in_file(full_ct())
    with ZipFile(bomb, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("../../etc/passwd", good)
        for name, beginning in (
            ("zeros", b""),
            ("long", begins(ExplicitVRLittleEndian, explicit(9, 0x1010, b"OB", 1 << 30))),
        ):
            with archive.open(name, "w") as member:
                member.write(beginning)
                for _ in range(512):
                    member.write(ZEROS)
        inner = BytesIO()
        with ZipFile(inner, "w") as inside:
            inside.writestr("good.dcm", good)
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("last.dcm", good)

    started = monotonic()
    outcomes = list(pool.read([File(bomb)]))

    assert monotonic() - started < SECONDS
    assert most_memory(pool) < LITTLE
    assert [outcome.name.removeprefix(f"{bomb}: ") for outcome in outcomes] == [
        "../../etc/passwd",
        "zeros",
        "long",
        "inner.zip",
        "last.dcm",
    ]
    assert [one.found.key if isinstance(one.found, Refused) else one.found for one in outcomes] == [
        FULL,
        "not_dicom",
        "header_too_long",
        "archive_in_archive",
        FULL,
    ]
    assert not (tmp_path / "etc").exists()


def test_archives_that_cannot_be_opened_say_why(pool: Pool, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "good.zip", "w") as archive:
        archive.writestr("good.dcm", in_file(full_ct()))
    good = (tmp_path / "good.zip").read_bytes()
    # The flag that a member is encrypted, in its own header and in the list at the end.
    locked = bytearray(good)
    locked[6] |= 1
    locked[good.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    (tmp_path / "cut.zip").write_bytes(good[:-30])
    (tmp_path / "wrong.zip").write_bytes(good[:500] + bytes(400) + good[900:])

    found = [
        outcome.found
        for outcome in pool.read(
            File(tmp_path / f"{name}.zip") for name in ("locked", "cut", "wrong")
        )
    ]

    assert [one.key for one in found if isinstance(one, Refused)] == [
        "encrypted",
        "broken_archive",
        "broken_archive",
    ]


def test_a_process_that_hangs_or_dies_is_replaced(tmp_path: Path) -> None:
    (good := tmp_path / "good.dcm").write_bytes(in_file(full_ct()))
    shared = Pool(processes=1)
    [process] = shared.processes
    try:
        for signal, reason in ((SIGSTOP, "too_slow"), (SIGKILL, "killed")):
            assert [one.found for one in shared.read([File(good)])] == [FULL]
            assert process.pid
            os.kill(process.pid, signal)
            process.seconds = 1
            first, *_ = shared.read([File(good)])
            assert isinstance(first.found, Refused)
            assert first.found.key == reason
            process.seconds = 20
        assert [one.found for one in shared.read([File(good)] * 3)] == [FULL] * 3
    finally:
        shared.close()


def test_a_process_that_reads_knows_no_secrets_and_no_django() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, imaging.headers.worker\n"
            "print([name for name in sys.modules if name in ('django', 'psycopg2')])",
        ],
        env={},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "[]"
