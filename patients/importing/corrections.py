"""A list once more, to be corrected and loaded again; and an empty one, to begin with."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from patients.importing.cells import SAFE
from patients.importing.columns import BY_KEY, COLUMNS, REASONS, in_every_language
from patients.importing.deciding import Problem
from patients.importing.reading import Table

_RUNS = ("\t", "\r", *(one[1] for one in SAFE))  # what a spreadsheet would take for a formula


def corrections(table: Table, keys: Mapping[str, str], problems: Iterable[Problem]) -> bytes:
    """Return the whole list with what is wrong beside each line, in the form that it came in.

    All of it, not the wrong lines alone: none of it has been loaded.
    """
    headings = {key: heading for heading, key in keys.items() if key}
    reasons: dict[int, list[str]] = {}
    for one in problems:
        told = {"column": headings.get(one.key, BY_KEY[one.key].label), "reason": one.reason}
        reasons.setdefault(one.line, []).append(_("%(column)s: %(reason)s") % told)
    from_before = in_every_language(REASONS)
    places = [n for n, heading in enumerate(table.headings) if heading not in from_before]

    def lines() -> Iterator[Sequence[str]]:
        yield [str(REASONS), *(table.headings[n] for n in places)]
        for number, row in table.lines:
            yield [" ".join(reasons.get(number, ())), *(row[n] for n in places)]

    if table.sheet:
        return _workbook({table.sheet: lines()})
    return _csv(lines(), table.delimiter)


def template(kind: str) -> bytes:
    """Return an empty list as "csv" or "xlsx", with the headings in the reader's language."""
    headings = [str(column.label) for column in COLUMNS]
    if kind == "csv":
        return _csv([headings], ",")
    explained = [(str(column.label), str(column.help)) for column in COLUMNS]
    heads = (_("Column"), _("What it holds"))
    return _workbook({_("Patients"): [headings], _("Columns"): [heads, *explained]})


def _csv(lines: Iterable[Sequence[str]], delimiter: str) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    for line in lines:
        writer.writerow([f"'{cell}" if cell.startswith(_RUNS) else cell for cell in line])
    return file.getvalue().encode("utf-8-sig", errors="replace")  # so that Excel knows it


def _workbook(sheets: Mapping[str, Iterable[Sequence[str]]]) -> bytes:
    book = Workbook(write_only=True)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for line in lines:
            sheet.append([_cell(sheet, value) for value in line])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, value: str) -> Any:
    """Return a cell that is text, whatever it begins with; what XML cannot hold is a blank."""
    held = "".join(one if one >= " " or one in "\t\n\r" else " " for one in value[:32767])
    cell = WriteOnlyCell(sheet, held)
    cell.data_type = "s"
    return cell
