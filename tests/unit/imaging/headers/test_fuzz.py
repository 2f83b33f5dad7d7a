"""Headers that were altered at random: read or refused, and what is read can be kept and judged."""

import json
import os
import resource
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from time import process_time

import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from imaging.coverage import Series, Study, covered
from imaging.headers.header import Header, Refused
from imaging.headers.kept import as_kept, digest, from_kept
from imaging.headers.reading import read
from imaging.refusals import in_words
from tests.unit.imaging.headers.test_reading import full_ct, in_file

MANY = 20_000 if "CI" in os.environ else 400
SLOWEST = 1.0  # seconds of processor time; as a rule a thousandth
TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
HEAD = 1 << 14  # bytes, of files whose pixels would take all the blows
# What length fields, delimiters and character sets are made of.
TELLING = (
    *(b"\0", b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff"),
    *(b"\xfe\xff\xdd\xe0\0\0\0\0", b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0", b"\x1b$B", b"\\", b"^=^"),
    *(b"\x08\0\x05\0CS\x0a\0ISO_IR 192", b"\x0d\0\x20\0", b"\x10\0\x20\0", b"\xed\xa0\x80"),
)


def seeds() -> list[bytes]:
    ours = [
        in_file(full_ct(), syntax)
        for syntax in (
            ImplicitVRLittleEndian,
            ExplicitVRLittleEndian,
            ExplicitVRBigEndian,
            DeflatedExplicitVRLittleEndian,
        )
    ]
    theirs = [path.read_bytes()[:HEAD] for path in sorted(TEST_FILES.glob("*.dcm"))]
    return ours * 10 + theirs


def altered(seed: bytes, random: Random) -> bytes:
    """Return a file with a few bytes changed, put in, taken out, or repeated."""
    data = bytearray(seed)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        at = random.randrange(132, len(data)) if len(data) > 132 else 0
        length = random.choice((1, 2, 4, 8, 64))
        match random.randrange(6):
            case 0:
                data[at : at + 1] = random.randbytes(1)
            case 1:
                telling = random.choice(TELLING)
                data[at : at + len(telling)] = telling
            case 2:
                data[at:at] = random.choice(TELLING)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length] * random.choice((1, 2, 1_000))
            case 5 if random.random() < 0.1:
                del data[at:]
    return bytes(data)


def fuzz(many: int, start: int = 0) -> dict[str, object]:
    """Read so many, and return what became of them, and what it cost."""
    found: Counter[str] = Counter()
    slowest, files = 0.0, seeds()
    for number in range(start, start + many):
        random = Random(number)
        data = altered(random.choice(files), random)
        started = process_time()
        try:
            header = read(BytesIO(data))
        except Refused as refused:
            in_words(refused)
            found[refused.key] += 1
        else:
            check(header)
            found["read"] += 1
        slowest = max(slowest, process_time() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return {"found": dict(found.most_common()), "slowest_s": slowest, "most_mib": memory}


def check(header: Header) -> None:
    """Whatever was read can be stored in PostgreSQL, comes back the same, and can be judged."""
    kept = as_kept(header)
    text = json.dumps(kept, ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()  # no half of a character
    back = from_kept(json.loads(text), study_uid=header.study_uid, series_uid=header.series_uid)
    assert digest(as_kept(back)) == digest(kept)
    assert len(text) < 1 << 16
    series = Series(header.protocol_name, header.body_part, header.anatomy, header.kind)
    covered(Study(header.modality, header.procedures, header.description, (series,)), {})


@pytest.mark.parametrize("part", range(4))
def test_altered_headers_are_read_or_refused(part: int) -> None:
    outcome = fuzz(MANY // 4, start=part * MANY // 4)

    assert outcome["slowest_s"] < SLOWEST  # type: ignore[operator]
    assert set(outcome["found"]) > {"read"}  # type: ignore[call-overload]
