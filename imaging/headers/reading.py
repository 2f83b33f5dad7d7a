"""From bytes to a `Header`, or to the reason why not. What stands behind a header is not read.

`read` takes a file, `read_dataset` what a peer sends (no file meta information, but a transfer
syntax), `from_dataset` what has been decoded already, `from_json` what DICOMweb says. All four
validate alike, and raise `Refused` for whatever is wrong, never anything else but for what ends the
program. What is read and inflated is bounded, and how often; files of unknown origin are read by
the processes of `imaging.headers.pool` all the same, which can be lost.
"""

import logging
import re
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import chain
from threading import RLock
from typing import IO, Any, Final

from pydicom import Dataset
from pydicom.filereader import read_dataset as parse
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    MediaStorageDirectoryStorage,
)

from imaging.coverage import Code
from imaging.headers import tags
from imaging.headers.header import Header, Identity, Order, Refused
from imaging.headers.kinds import FRAMED_CT, kind_of
from imaging.headers.values import UNDEFINED, Said

# How much is read, and how much of what is deflated is inflated: little is enough as a rule.
READ: Final = (1 << 16, 1 << 24)
LONGEST_VALUE: Final = 1 << 12  # bytes; texts have at most 64 characters
LONGEST_SEQUENCE: Final = 1 << 16
MOST_READS: Final = 100_000  # two or three for each element
_PREAMBLE: Final = 128
_MEDIA_CLASS: Final = 0x00020002
_TRANSFER_SYNTAX: Final = 0x00020010
_WITH_MORE: Final = ("header_too_long", "damaged")  # refusals that more bytes may undo
_CODE_STRING: Final = re.compile(r"[A-Z0-9_ ]{1,16}")
_QUIET: Final = RLock()  # what is done with warnings is done for all threads
# What pydicom quotes of a file is the patient's, and no log's.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)


def read(stream: IO[bytes]) -> Header:
    """Return the header of a DICOM file, of which no more is read than its header.

    Raises:
        Refused: it is none, is broken, or says too much or too little.
    """
    return _read(stream, None)


def read_dataset(stream: IO[bytes], transfer_syntax: str) -> Header:
    """Return the header of a dataset that is encoded as the transfer syntax says.

    Raises:
        Refused: as `read`.
    """
    return _read(stream, transfer_syntax)


def from_dataset(dataset: Dataset) -> Header:
    """Return the header of a dataset, whether its values are decoded yet or not.

    Raises:
        Refused: as `read`.
    """
    with refusing():
        return _header(Said(dataset))


def from_json(said: Mapping[str, Any]) -> Header:
    """Return the header of an instance, or of a study, as DICOMweb's JSON has it.

    Raises:
        Refused: as `read`.
    """
    names = {f"{tag:08X}" for tag in tags.WANTED}
    with refusing():
        wanted = {name: said[name] for name in said if name.upper() in names}
        return from_dataset(Dataset.from_json(wanted))


@contextmanager
def refusing(otherwise: str = "damaged") -> Iterator[None]:
    """Turn whatever pydicom and its like may raise into a refusal; what they warn of is no news."""
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Refused:
        raise
    except RecursionError as error:
        raise Refused("nested") from error
    except MemoryError as error:
        raise Refused("memory") from error
    except Exception as error:
        raise Refused(otherwise, error=type(error).__name__) from error


def _read(stream: IO[bytes], transfer_syntax: str | None) -> Header:
    head = b""
    for most in READ:
        try:
            with refusing():
                head += stream.read(most - len(head))
                return _header(_said(head, transfer_syntax, most))
        except Refused as refused:
            if refused.key not in _WITH_MORE or most == READ[-1]:
                raise
    raise AssertionError("the last attempt returns or raises")


def _said(head: bytes, transfer_syntax: str | None, most: int) -> Said:
    """Return what the beginning of a file says. If it is as long as `most`, there may be more."""
    start, is_whole = 0, len(head) < most
    if transfer_syntax is None:
        start, transfer_syntax = _meta(head)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        head, start = inflating.decompress(head[start:], most), 0
        is_whole = is_whole and len(head) < most
    said = _parsed(head, start, is_whole, transfer_syntax, tags.LAST)
    if said.text(tags.SOP_CLASS) in FRAMED_CT:
        return _parsed(head, start, is_whole, transfer_syntax, tags.SHARED_GROUPS)
    return said


def _meta(head: bytes) -> tuple[int, str]:
    """Return where the dataset begins, and its transfer syntax, which may be unsaid."""
    has_preamble = head[_PREAMBLE : _PREAMBLE + 4] == b"DICM"
    # Old files begin at once, with group 2 or 8, in either order of bytes.
    if not has_preamble and head[:2] not in (b"\x02\0", b"\x08\0", b"\0\x08"):
        raise Refused("not_dicom")
    stream = BytesIO(head)
    stream.seek(_PREAMBLE + 4 if has_preamble else 0)
    meta = Said(parse(stream, False, True, stop_when=_behind_meta))
    if meta.text(_MEDIA_CLASS) == MediaStorageDirectoryStorage:
        raise Refused("directory")
    return stream.tell(), meta.text(_TRANSFER_SYNTAX)


def _behind_meta(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag >> 16 != 2


def _parsed(head: bytes, start: int, is_whole: bool, transfer_syntax: str, last: int) -> Said:
    stream = _Counted(head)
    stream.seek(start)
    end, is_behind = len(head), False

    def stop_when(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal end, is_behind
        end = len(head) if length == UNDEFINED else stream.tell() + length
        is_behind = int.__gt__(tag, last)  # BaseTag's own comparison is slow
        if length > LONGEST_VALUE and not is_behind and tag in tags.WANTED:
            _check_length(tag, length)
        return is_behind

    is_implicit, is_little_endian = _encoding(head[start : start + 6], transfer_syntax)
    wanted: list[BaseTag | int] = [*tags.WANTED]
    try:
        found = parse(stream, is_implicit, is_little_endian, None, stop_when, specific_tags=wanted)
    finally:
        if stream.left < 0:  # whatever pydicom made of it
            raise Refused("too_many_elements")
    if not is_behind and not is_whole:
        raise Refused("header_too_long")
    if not is_behind and end != len(head):  # in the middle of an element
        raise Refused("cut_off")
    return Said(found)


class _Counted(BytesIO):
    """Bytes that are read often enough for any real header, and then no more.

    Small elements cost a thousand times their length once they are parsed.
    """

    left = MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise EOFError
        return super().read(size)


def _check_length(tag: int, length: int) -> None:
    longest = LONGEST_SEQUENCE if tag in tags.SEQUENCES else LONGEST_VALUE
    if longest < length < UNDEFINED:
        raise Refused("too_long", what=tags.NAMES[tag])


def _encoding(first: bytes, transfer_syntax: str) -> tuple[bool, bool]:
    """Return whether value representations are left out, and whether bytes come lowest first.

    The first element is believed more than the transfer syntax.
    """
    is_implicit = not (first[4:6].isalpha() and first[4:6].isupper())
    is_big = transfer_syntax == ExplicitVRBigEndian or (not transfer_syntax and first[:1] == b"\0")
    return is_implicit, not is_big


def _header(said: Said) -> Header:
    series_description = said.text(tags.SERIES_DESCRIPTION)
    requests = said.items(tags.REQUEST_ATTRIBUTES)
    sop_class = said.uid(tags.SOP_CLASS)
    modality = said.text(tags.MODALITY).upper()
    return Header(
        study_uid=said.uid(tags.STUDY_INSTANCE),
        series_uid=said.uid(tags.SERIES_INSTANCE),
        sop_uid=said.uid(tags.SOP_INSTANCE),
        sop_class=sop_class,
        modality=modality if _CODE_STRING.fullmatch(modality) else "",
        kind=kind_of(sop_class, said.words(tags.IMAGE_TYPE), series_description),
        identity=_identity(said),
        performed_on=next(filter(None, map(said.day, tags.DAYS)), None),
        orders=tuple(sorted(set(chain.from_iterable(map(_order, (said, *requests)))))),
        procedures=_codes(
            said.codes(tags.PROCEDURE),
            *(one.codes(tags.REQUESTED_PROCEDURE_CODE) for one in (said, *requests)),
        ),
        anatomy=_codes(*(one.codes(tags.ANATOMIC_REGION) for one in (said, *_frames(said)))),
        description=said.text(tags.STUDY_DESCRIPTION) or said.text(tags.REQUESTED_PROCEDURE),
        protocol_name=said.text(tags.PROTOCOL_NAME),
        body_part=said.text(tags.BODY_PART),
    )


def _identity(said: Said) -> Identity:
    sex = said.text(tags.SEX).upper()
    qualifiers = said.items(tags.ISSUER_OF_PATIENT_ID_QUALIFIERS)
    return Identity(
        patient_id=said.key(tags.PATIENT_ID),
        issuer=said.key(tags.ISSUER_OF_PATIENT_ID) or _issuer(qualifiers),
        name=said.name(tags.PATIENT_NAME),
        birth_date=said.day(tags.BIRTH_DATE),
        sex=sex if sex in ("M", "F", "O") else "",
    )


def _issuer(entities: Sequence[Said]) -> str:
    """Return the ID of who issued something: the one in use here, else the one for anywhere."""
    ids = (entity.key(tag) for entity in entities for tag in tags.ENTITY_IDS)
    return next(filter(None, ids), "")


def _order(said: Said) -> Iterator[Order]:
    if accession := said.key(tags.ACCESSION):
        yield Order(accession, _issuer(said.items(tags.ISSUER_OF_ACCESSION)))


def _frames(said: Said) -> Iterator[Said]:
    """Yield what an instance with frames says of the anatomy of them all."""
    for group in said.items(tags.SHARED_GROUPS):
        yield from group.items(tags.FRAME_ANATOMY)


def _codes(*found: Iterable[Code]) -> tuple[Code, ...]:
    return tuple(sorted(set(chain.from_iterable(found))))
