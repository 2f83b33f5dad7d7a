"""An export as an Excel workbook: typed cells, a row at a time, on the disk until it is whole."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schedules.exports.columns import Column, Kind, runs
from schedules.exports.reading import Taking

MOST_ROWS = 1_048_575  # below the header: a sheet holds no more, so what is left goes on another
MOST_SIGNS = 32_767  # of a cell, as UTF-16 counts them
CUT = "… [cut: %s characters in all]"
PART = 1024 * 1024  # bytes
_BEFORE_DAY_1 = date(1899, 12, 31).toordinal()

Put = Callable[[int, int, Any], object]  # row, column, value


def workbook(taking: Taking) -> Iterator[bytes]:
    """Yield the file, once all rows are written; meanwhile they stand in files without a name."""
    with TemporaryFile() as file:
        with Workbook(file, {"constant_memory": True}) as book:
            book.set_properties({"title": taking.asked.table.label, "comments": ""})
            _write(book, taking)
        file.seek(0)
        while part := file.read(PART):
            yield part


def _write(book: Workbook, taking: Taking) -> None:
    cells = _Cells(book)
    sheet, row = _sheet(book, taking), 1
    put = cells.into(sheet, taking.columns)
    for rows in taking.fetched(", ".join(map(_value, taking.columns))):
        for values in rows:
            if row > MOST_ROWS:
                sheet, row = _sheet(book, taking), 1
                put = cells.into(sheet, taking.columns)
            for place, value in enumerate(values):
                if value is not None:
                    put[place](row, place, value)
            row += 1


def _sheet(book: Workbook, taking: Taking) -> Worksheet:
    """Begin a sheet: its header stays in sight, and each column can be filtered."""
    nth = len(book.worksheets()) + 1
    name = taking.asked.table.value
    sheet: Worksheet = book.add_worksheet(name if nth == 1 else f"{name} {nth}")
    columns = taking.columns
    bold = book.add_format({"bold": True})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, max(12, len(column.name) + 4))
        sheet.write_string(0, place, column.name, bold)
    sheet.freeze_panes(1, 0)
    # To the last row that there may be: Excel looks no further than there is something.
    sheet.autofilter(0, 0, MOST_ROWS, len(columns) - 1)
    return sheet


def _value(column: Column) -> str:
    """Return how a column is asked for; a moment as the clinic's clock showed it."""
    return f"({column.sql})::timestamp" if column.kind == Kind.MOMENT else column.sql


class _Cells:
    """How each kind of value is put into a cell."""

    def __init__(self, book: Workbook) -> None:
        self._day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        # Excel's own mark that a cell is text, also if somebody edits it or saves it as CSV.
        self._quoted: Format = book.add_format({"quote_prefix": True})

    def into(self, sheet: Worksheet, columns: list[Column]) -> list[Put]:
        """Return for each column what puts a value into a sheet."""

        def word(row: int, place: int, value: str) -> None:
            if value:
                sheet.write_string(row, place, value)

        def text(row: int, place: int, value: str) -> None:
            if len(value) > MOST_SIGNS // 2:
                value = _fitting(value)
            if runs(value):
                sheet.write_string(row, place, value, self._quoted)
            else:
                word(row, place, value)

        def day(row: int, place: int, value: date) -> None:
            number = _days(value)
            if number < 1:  # before Excel's calendar begins
                word(row, place, value.isoformat())
            else:
                sheet.write_number(row, place, number, self._day)

        def moment(row: int, place: int, value: datetime) -> None:
            seconds = value.hour * 3600 + value.minute * 60 + value.second
            sheet.write_number(row, place, _days(value) + seconds / 86400, self._moment)

        def texts(row: int, place: int, value: list[str]) -> None:
            text(row, place, "; ".join(value))

        def words(row: int, place: int, value: list[str]) -> None:
            word(row, place, " ".join(value))

        put: dict[Kind, Put] = {
            Kind.TEXT: text,
            Kind.WORD: word,
            Kind.TEXTS: texts,
            Kind.WORDS: words,
            Kind.NUMBER: sheet.write_number,
            Kind.FLAG: sheet.write_boolean,
            Kind.DATE: day,
            Kind.MOMENT: moment,
        }
        return [put[column.kind] for column in columns]


def _days(day: date) -> int:
    """Return a day as Excel counts them, with the 29 February 1900 that never was."""
    number = day.toordinal() - _BEFORE_DAY_1
    return number if number < 60 else number + 1


def _fitting(text: str) -> str:
    """Return a text as it is or, if no cell holds it, its beginning and how long it was."""
    if len(text.encode("utf-16-le")) // 2 <= MOST_SIGNS:
        return text
    told = CUT % len(text)
    whole = text.encode("utf-16-le")[: 2 * (MOST_SIGNS - len(told))]
    return whole.decode("utf-16-le", errors="ignore") + told
