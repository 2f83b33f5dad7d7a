"""An export as the bytes of a file, from its first row on."""

import csv
import json
from collections.abc import Iterator, Sequence
from io import StringIO

from schedules.exports.columns import Column, Kind, safe_in_sql
from schedules.exports.reading import Taking
from schedules.exports.workbook import workbook
from schedules.models import FileFormat

MARK = "\ufeff".encode()  # by which Excel knows that a CSV file is UTF-8
MOMENT = """'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'"""  # ISO 8601, in the zone of the session

# Signs that are in no JSON: what is written stays as it is.
_AS_IT_IS = r"FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01'"


def file_of(taking: Taking, *, for_excel: bool) -> Iterator[bytes]:
    """Yield the file of an export, in its form. In a transaction.

    A CSV file for Excel begins with a mark without which Excel would not read it as UTF-8; to
    other programs that mark is a stain on the first column's name.
    """
    if taking.asked.file_format == FileFormat.XLSX:
        yield from workbook(taking)
    elif taking.asked.file_format == FileFormat.JSON:
        yield from taking.copied(_object(taking.columns), _AS_IT_IS)
    else:
        header = StringIO()
        csv.writer(header, lineterminator="\n").writerow(column.name for column in taking.columns)
        yield (MARK if for_excel else b"") + header.getvalue().encode()
        yield from taking.copied(", ".join(map(_cell, taking.columns)), "FORMAT csv")


def _cell(column: Column) -> str:
    """Return how a CSV file holds a column. Dates are ISO 8601, moments on the clinic's clock."""
    match column.kind:
        case Kind.TEXT:
            return safe_in_sql(column.sql)
        case Kind.TEXTS:
            return safe_in_sql(f"array_to_string({column.sql}, '; ')")
        case Kind.WORDS:
            return f"nullif(array_to_string({column.sql}, ' '), '')"
        case Kind.MOMENT:
            return f"to_char({column.sql}, {MOMENT})"
        case Kind.FLAG:
            return f"({column.sql})::text"
        case Kind.WORD:
            return f"nullif({column.sql}, '')"
        case Kind.NUMBER | Kind.DATE:
            return column.sql


def _object(columns: Sequence[Column]) -> str:
    """Return how a line of JSON holds a row: as it was typed, each value with its type."""
    cells = ", ".join(f"{column.sql} AS {json.dumps(column.name)}" for column in columns)
    return f"row_to_json((SELECT told FROM (SELECT {cells}) AS told))"  # noqa: S608 - our own
