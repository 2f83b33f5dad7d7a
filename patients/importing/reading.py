"""A file into lines of text: CSV in the encodings that hospitals have, or an Excel workbook."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import load_workbook

MOST_BYTES = 20 * 2**20
MOST_LINES = 100_000
MOST_COLUMNS = 200
MOST_IN_A_CELL = 100_000  # characters; what is longer is a quotation mark that nobody closed
# Of an unpacked workbook, in bytes: its sheets are read as a stream, the rest is held whole.
MOST_SHEETS, MOST_STRINGS, MOST_ELSE = 400 * 2**20, 64 * 2**20, 8 * 2**20


class Encoding(models.TextChoices):
    UTF_8 = "utf-8-sig", gettext_lazy("UTF-8")
    UTF_16 = "utf-16", gettext_lazy("UTF-16")
    SHIFT_JIS = "cp932", gettext_lazy("Shift_JIS (CP932)")
    LATIN_1 = "cp1252", gettext_lazy("Latin-1 (Windows-1252)")


class Delimiter(models.TextChoices):
    COMMA = ",", gettext_lazy("comma")
    SEMICOLON = ";", gettext_lazy("semicolon")
    TAB = "\t", gettext_lazy("tab")


class Unreadable(ValidationError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Table:
    """The headings, and the lines below with their numbers, as a spreadsheet numbers them.

    The lines are read as they are asked for, and so may still turn out to be unreadable.
    """

    headings: list[str]
    lines: Iterator[tuple[int, list[str]]]
    about: int  # how many lines there are, or a few more
    encoding: str = ""  # as it was read; a workbook has neither
    delimiter: str = ""
    sheet: str = ""


def read(data: bytes, *, encoding: str = "", delimiter: str = "") -> Table:
    """Read a file; encoding and delimiter are found out unless they are told.

    Raises:
        Unreadable: it is none that can be read, or too large.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(too_large())
    if data.startswith(b"PK\x03\x04"):
        return _workbook(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            _("This is a workbook of the old kind, or one with a password. Save it as .xlsx.")
        )
    if not data.strip():
        raise Unreadable(_("The file is empty."))
    return _text(data, encoding or encoding_of(data), delimiter)


def too_large() -> str:
    return _("The file is larger than %(most)s MB.") % {"most": MOST_BYTES // 2**20}


def encoding_of(data: bytes) -> str:
    """Return the encoding that a text is in: the first in which every byte has a meaning.

    UTF-8 and UTF-16 prove themselves. Almost any text of Western Europe is Shift_JIS too, with an
    ideograph where each accent stands: there it is no Shift_JIS. Any text at all is Latin-1: it is
    taken for that only if its words could be some, and nothing that is EUC is guessed.

    Raises:
        Unreadable: it is in none that is known.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Encoding.UTF_16
    makes_sense: dict[str, Callable[[str], bool]] = {
        Encoding.UTF_8: lambda text: True,
        Encoding.SHIFT_JIS: lambda text: _is_japanese(text) and not _is_euc(data),
        Encoding.LATIN_1: lambda text: not (_NOT_WESTERN.search(text) or _is_euc(data)),
    }
    if b"\0" in data[: 2**12]:  # without a mark of its own it shows by its line breaks
        makes_sense = {
            "utf-16-le": lambda text: "\n" in text,
            "utf-16-be": lambda text: "\n" in text,
        } | makes_sense
    for encoding, is_it in makes_sense.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_it(text):
            return encoding
    raise Unreadable(
        _("The file is in none of the encodings that can be read: save it as CSV in UTF-8.")
    )


_PRIVATE = re.compile("[\ue000-\uf8ff]")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_LETTER, _SIGN = r"[^\W\d_]", "[¢£¤¥¦¬¶±×÷]"
# A sign within a word, four accents in a row, a capital one amid small letters, UTF-8 read twice.
_NOT_WESTERN = re.compile(
    f"{_SIGN}{_LETTER}|{_LETTER}{_SIGN}|[À-ÖØ-öø-ÿ]{{4}}|[a-z][À-ÖØ-ÞŒŠŸŽ][a-z]|[ÂÃ][¡-¿]"
)


def _is_euc(data: bytes) -> bool:
    """Whether a text that is no UTF-8 may be EUC: each sign that is no ASCII is one of a pair."""
    try:
        data.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return True


def _is_japanese(text: str) -> bool:
    """Whether a text that was read as Shift_JIS makes sense so.

    Japanese stands in words. What was an accented letter stands alone in a word of Latin letters,
    or has no character in Shift_JIS that anybody but its maker knows.
    """
    if _PRIVATE.search(text):
        return False
    words = accents = 0
    for found in _FOREIGN.finditer(text):
        words += 1
        begin, end = found.span()
        if end - begin == 1:
            beside = text[max(begin - 1, 0) : begin] + text[end : end + 1]
            accents += any(one.isascii() and one.isalpha() for one in beside)
    return accents * 2 <= words


def _text(data: bytes, encoding: str, delimiter: str) -> Table:
    file = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    try:
        if not delimiter:
            delimiter = _delimiter_of(file.readline(MOST_IN_A_CELL))
            file.seek(0)
        csv.field_size_limit(MOST_IN_A_CELL)
        rows = enumerate(_in_words(csv.reader(file, delimiter=delimiter, strict=True)), start=1)
        headings = _headings(rows)
    except UnicodeError as error:
        raise Unreadable(_undecodable(error)) from error
    about = data.count(b"\n") or data.count(b"\r")
    return Table(headings, _below(rows, headings), about, encoding, delimiter)


def _in_words(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield rows, and say for people what breaks them off."""
    number, rows = 0, iter(rows)
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except UnicodeError as error:
            raise Unreadable(_undecodable(error)) from error
        except csv.Error as error:
            raise Unreadable(
                _(
                    "Line %(line)s cannot be read: a quotation mark is not closed there, or a cell "
                    "holds more than %(most)s characters."
                )
                % {"line": number, "most": f"{MOST_IN_A_CELL:,}"}
            ) from error
        yield row


def _undecodable(error: UnicodeError) -> str:
    return _("A character of the file does not exist in the encoding %(encoding)s.") % {
        "encoding": getattr(error, "encoding", "")
    }


def _delimiter_of(first: str) -> str:
    """Return what makes most columns of the first line."""
    return max(Delimiter.values, key=lambda one: len(next(csv.reader([first], delimiter=one), [])))


def _headings(rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    """Return the first line that is not empty; a column without a heading is known by its number.

    Raises:
        Unreadable: there is none, it is too long, or a heading stands there twice.
    """
    for _number, row in rows:
        headings = [heading.strip() for heading in row]
        while headings and not headings[-1]:
            headings.pop()
        if len(headings) > MOST_COLUMNS:
            raise Unreadable(_too_wide(len(headings)))
        if headings:
            named = [heading or f"#{n}" for n, heading in enumerate(headings, start=1)]
            if len(set(named)) < len(named):
                twice = next(one for one in named if named.count(one) > 1)
                raise Unreadable(
                    _("Two columns have the heading “%(heading)s”.") % {"heading": twice[:60]}
                )
            return named
    raise Unreadable(_("The file is empty."))


def _too_wide(columns: int) -> str:
    return _("The file has %(columns)s columns; %(most)s are the most that are read.") % {
        "columns": f"{columns:,}",
        "most": MOST_COLUMNS,
    }


def _below(
    rows: Iterator[tuple[int, list[str]]], headings: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, each with a cell for each heading.

    Raises:
        Unreadable: there are too many, or one has cells that stand below no heading.
    """
    width, count = len(headings), 0
    for number, row in rows:
        if not any(row):
            continue
        if len(row) > width:
            if any(cell.strip() for cell in row[width:]):
                raise Unreadable(
                    _("Line %(line)s has more cells than there are headings.") % {"line": number}
                )
            row = row[:width]
        elif len(row) < width:
            row = row + [""] * (width - len(row))
        count += 1
        if count > MOST_LINES:
            raise Unreadable(
                _("The file has more than %(most)s lines: load it in parts.")
                % {"most": f"{MOST_LINES:,}"}
            )
        yield number, row


def _workbook(data: bytes) -> Table:
    _check_size(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of looks that openpyxl does not know
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = [one for one in book.worksheets if one.sheet_state == "visible"]
    except Exception as error:  # openpyxl has many words for a workbook that is none
        raise Unreadable(_not_a_workbook()) from error
    for sheet in sheets:
        about = min(sheet.max_row or 0, MOST_LINES)
        sheet.reset_dimensions()  # what it says of its size may be wrong
        rows = enumerate(_values(sheet), start=1)
        try:
            first = next((number, row) for number, row in rows if any(row))
        except StopIteration:
            continue
        headings = _headings(chain([first], rows))
        return Table(headings, _below(rows, headings), about, sheet=sheet.title)
    raise Unreadable(_("The file is empty."))


def _check_size(data: bytes) -> None:
    """Refuse a workbook that is small only while it is packed, before anything of it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [one for one in archive.infolist() if one.filename.endswith((".xml", ".rels"))]
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Unreadable(_not_a_workbook()) from error
    sheets = sum(one.file_size for one in parts if "worksheets/" in one.filename)
    strings = sum(one.file_size for one in parts if "sharedStrings" in one.filename)
    rest = sum(one.file_size for one in parts) - sheets - strings
    if sheets > MOST_SHEETS or strings > MOST_STRINGS or rest > MOST_ELSE:
        raise Unreadable(_("The workbook is too large once it is unpacked: save it as CSV."))


def _not_a_workbook() -> str:
    return _("This is no workbook that can be read: save it anew as .xlsx, or as CSV.")


def _values(sheet: Any) -> Iterator[list[str]]:
    try:
        for row in sheet.iter_rows(values_only=True):
            if len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]):
                raise Unreadable(_too_wide(len(row)))
            yield [value if type(value) is str else _as_text(value) for value in row[:MOST_COLUMNS]]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(_not_a_workbook()) from error


def _as_text(value: Any) -> str:
    """Return what a typed cell says, as somebody would type it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
