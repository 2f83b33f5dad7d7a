"""What the elements of a dataset say, as text that may be stored.

Whatever bytes or objects stand there, what comes out is text without control characters, a day, a
UID, or codes. Elements are taken as they were read, without pydicom's own conversion of values: it
raises and warns where a text can be had all the same.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Final

from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import read_sequence
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from imaging.coverage import Code
from imaging.headers import tags
from imaging.headers.header import Refused

LONGEST_KEY = 64  # characters: what tells one patient or order from others is never cut
LONGEST_NAME = 324  # five parts of 64
LONGEST_TEXT = 128  # characters, cut; 64 are allowed
MOST_ITEMS = 100  # of a sequence
UNDEFINED: Final = 0xFFFFFFFF  # a length
YEARS = range(1900, 2101)
UNDECLARED: Final = ("utf-8", "latin-1")  # tried in turn where no character set is named
# Behind these signs the first character set is in force again.
_OF_TEXT: Final = frozenset(TEXT_VR_DELIMS)
_OF_NAME: Final = frozenset(PN_DELIMS | {ord("=")})
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_DAY = re.compile(r"(\d{4})([.-]?)(\d\d)\2(\d\d)(?:\d\d.*)?", re.ASCII)  # and a time
_BLANK = re.compile(r"[\t\n\f\r]+")
# Control characters, what turns the direction of writing, and halves of characters.
_NEVER_STORED = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Said:
    """The elements of one dataset or item. An element that is missing says the empty text.

    Raises:
        Refused: a value is not whole.
    """

    def __init__(self, dataset: Dataset, above: tuple[str, ...] = UNDECLARED) -> None:
        self._elements = {int(element.tag): element for element in dataset.values()}
        if any(map(_is_cut_off, self._elements.values())):
            raise Refused("cut_off")
        self._encodings = _encodings(self._elements.get(tags.SPECIFIC_CHARACTER_SET)) or above

    def text(self, tag: int) -> str:
        """Return a text, cut if it is far too long."""
        return self.whole(tag)[:LONGEST_TEXT].rstrip()

    def key(self, tag: int) -> str:
        """Return a text that tells one from others.

        Raises:
            Refused: it is too long to be one.
        """
        return _no_longer(self.whole(tag), tag, LONGEST_KEY)

    def name(self, tag: int) -> str:
        """Return the name of a person, its groups parted by "=", without empty ones at the end."""
        groups = self.whole(tag, _OF_NAME).split("=")
        name = "=".join(group.strip().rstrip("^") for group in groups).rstrip("=")
        return _no_longer(name, tag, LONGEST_NAME)

    def words(self, tag: int) -> list[str]:
        """Return the values of an element that may have several, in capitals."""
        return [word.strip().upper() for word in self.text(tag).split("\\")]

    def uid(self, tag: int) -> str:
        """Return a UID.

        Raises:
            Refused: it is missing or none.
        """
        text = self.whole(tag)
        if not text:
            raise Refused("missing", what=tags.NAMES[tag])
        if len(text) > LONGEST_KEY or not _UID.fullmatch(text):
            raise Refused("no_uid", what=tags.NAMES[tag])
        return text

    def day(self, tag: int) -> date | None:
        """Return a day, or the day of a moment; nothing if it is none, or of another age."""
        found = _DAY.fullmatch(self.whole(tag))
        if found and int(found[1]) in YEARS:
            with suppress(ValueError):
                return date(int(found[1]), int(found[3]), int(found[4]))
        return None

    def items(self, tag: int) -> list["Said"]:
        """Return the items of a sequence.

        Raises:
            Refused: there are more than any real one has.
        """
        items = self.every_item(tag)
        if len(items) > MOST_ITEMS:
            raise Refused("too_long", what=tags.NAMES[tag])
        return items

    def every_item(self, tag: int) -> list["Said"]:
        return [Said(item, self._encodings) for item in self._items(tag)]

    def codes(self, tag: int) -> Iterator[Code]:
        """Yield the codes of a sequence that has them, without those that say nothing."""
        for item in self.items(tag):
            scheme = item.key(tags.CODING_SCHEME)
            value = next(filter(None, map(item.key, tags.CODE_VALUES)), "")
            if scheme and value:
                yield Code(scheme, value)

    def whole(self, tag: int, delimiters: frozenset[int] = _OF_TEXT) -> str:
        """Return a text, however long; several values are parted by backslashes."""
        element = self._elements.get(tag)
        value = element.value if element is not None else None
        if isinstance(value, bytes):
            return _decoded(value, self._encodings, delimiters)
        if value is None or isinstance(value, Items):
            return ""
        several = value if isinstance(value, MultiValue) else [value]
        return _clean("\\".join(map(str, several)))

    def _items(self, tag: int) -> Sequence[Dataset]:
        element = self._elements.get(tag)
        value = element.value if element is not None else None
        if isinstance(element, RawDataElement) and isinstance(value, bytes) and value:
            return read_sequence(
                BytesIO(value),
                element.is_implicit_VR,
                element.is_little_endian,
                len(value),
                ["iso8859"],  # not used: what is decoded is decoded here
            )
        return [] if value is None or isinstance(value, bytes | str) else list(value)


def _encodings(element: DataElement | RawDataElement | None) -> tuple[str, ...]:
    """Return Python's names of the character sets that an element names, none if it names none."""
    value = element.value if element is not None else None
    if isinstance(value, bytes):
        value = value.decode("latin-1").split("\\")
    names = [
        str(name).strip(" \0") for name in ([value] if isinstance(value, str) else value or ())
    ]
    return tuple(convert_encodings(names)) if any(names) else ()


@lru_cache(maxsize=1024)  # most of what one slice says the next one says again
def _decoded(value: bytes, encodings: tuple[str, ...], delimiters: frozenset[int]) -> str:
    if encodings == UNDECLARED:
        with suppress(UnicodeDecodeError):
            return _clean(value.decode())
        return _clean(value.decode("latin-1"))
    try:
        return _clean(decode_bytes(value, encodings, {*delimiters}))
    except (LookupError, UnicodeError):
        return _clean(value.decode("ascii", "replace"))


def _clean(text: str) -> str:
    return _NEVER_STORED.sub("", _BLANK.sub(" ", text)).strip()


def _is_cut_off(element: DataElement | RawDataElement) -> bool:
    value = element.value
    return (
        isinstance(value, bytes)
        and isinstance(element, RawDataElement)
        and len(value) < element.length < UNDEFINED
    )


def _no_longer(text: str, tag: int, longest: int) -> str:
    if len(text) > longest:
        raise Refused("too_long", what=tags.NAMES[tag])
    return text
