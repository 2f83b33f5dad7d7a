"""Files as hospitals have them, and files that must be refused before they are held whole."""

import io
import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from patients.importing.columns import COLUMNS, matched
from patients.importing.corrections import corrections, template
from patients.importing.deciding import Problem
from patients.importing.reading import MOST_BYTES, Table, Unreadable, read

JAPANESE = "患者番号,氏名,性別\nA1,山田 花子,女\nA2,見本 太郎,男\n"
WESTERN = (
    "MRN;Name;Ort\nA1;Jörg Müller;Köln\nA2;Søren Sørensen;Århus\nA3;André Peña;\nA4;Zoë É.;¿Ö?\n"
)


def lines(data: bytes, **told: str) -> list[list[str]]:
    table = read(data, **told)
    return [table.headings, *(row for _, row in table.lines)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932"]
)
def test_a_japanese_list_is_read_in_each_encoding(encoding: str) -> None:
    assert lines(JAPANESE.encode(encoding)) == [row.split(",") for row in JAPANESE.splitlines()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_with_accents_is_read_in_each_encoding(encoding: str) -> None:
    assert lines(WESTERN.encode(encoding)) == [row.split(";") for row in WESTERN.splitlines()]


def test_a_person_may_say_that_it_is_another_encoding() -> None:
    assert lines("mrn\nRénée\n".encode("cp1252"), encoding="cp932")[1] != ["Rénée"]
    with pytest.raises(Unreadable, match="does not exist in the encoding"):
        lines("mrn\nMüller\n".encode("cp1252"), encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "euc_jp"),
        ("mrn,name\n1,ｻﾄｳ ﾊﾅｺ\n2,ｽｽﾞｷ ｲﾁﾛｳ\n", "euc_jp"),
        ("mrn,name\n1,王伟\n2,李娜\n", "gb18030"),
        ("mrn,name\n1,김민수\n2,박지훈\n", "euc-kr"),
        ("mrn;name\n1;Иванов Сергей\n", "cp1251"),
        ("mrn;name\n1;Łukasz Wiśniewski\n", "cp1250"),
        ("mrn;name\n1;Désirée Ève\n", "mac-roman"),
        ("mrn;name\n1;MÃ¼ller\n2;Jörg\n", "cp1252"),
    ],
)
def test_an_encoding_is_not_guessed_where_names_would_turn_into_others(
    text: str, encoding: str
) -> None:
    with pytest.raises(Unreadable, match="none of the encodings"):
        lines(text.encode(encoding))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_by_the_headings(delimiter: str) -> None:
    table = read(f"mrn{delimiter}family name\n1{delimiter}x\n".encode())
    assert (table.delimiter, table.headings) == (delimiter, ["mrn", "family name"])


def test_lines_are_numbered_as_a_spreadsheet_does_and_empty_ones_count() -> None:
    table = read(b'mrn,name\n1,"two\nlines"\n\n,\n2\n')
    assert list(table.lines) == [(2, ["1", "two\nlines"]), (5, ["2", ""])]


def book(*rows: list[object], title: str = "List") -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def test_a_workbook_gives_typed_cells_as_somebody_would_type_them() -> None:
    data = book(
        ["mrn", "born", "size", "at", "is"],
        [12345, datetime(1960, 5, 17), 45.0, datetime(2026, 1, 2, 9, 30), None],  # noqa: DTZ001
        ["00012", date(1970, 1, 2), 4.5, "=1+1", "x"],
    )
    assert lines(data)[1:] == [
        ["12345", "1960-05-17", "45", "2026-01-02 09:30:00", ""],
        ["00012", "1970-01-02", "4.5", "", "x"],  # nobody has worked the formula out
    ]
    assert read(data).sheet == "List"


def bomb() -> bytes:
    """A workbook of some kilobytes, whose styles are 16 MB, each of which would become objects."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/styles.xml", b" " * 2**24)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"x" * (MOST_BYTES + 1), "larger than 20 MB"),
        (bomb(), "too large once it is unpacked"),
        (b"PK\x03\x04 no workbook", "no workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "old kind"),
        (b"mrn,name\n\x81\x8d\x00\xff,x\n", "none of the encodings"),
        (",".join(f"c{n}" for n in range(10_000)).encode(), "10,000 columns"),
        (book([f"c{n}" for n in range(10_000)]), "10,000 columns"),
        (b"mrn,name,mrn\n1,2,3\n", "Two columns have the heading"),
        (b"mrn,name\n1,2,3\n", "more cells than there are headings"),
        (b'mrn,name\n1,"never closed\n', "Line 2 cannot be read"),
        (b"mrn,name\n1," + b"x" * 2**20, "Line 2 cannot be read"),
        (b"mrn\n" + b"1\n" * 100_001, "more than 100,000 lines"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_list_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        lines(data)
    assert why in refused.value.messages[0]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xff\xfe"):
        with suppress(Unreadable):
            lines(start + data)


HOSTILE = ["=HYPERLINK(1)", "@x", "+81 90", "-1", "\t=1", "x"]


@pytest.mark.parametrize("is_book", [False, True])
def test_corrections_hold_each_line_with_its_reasons_and_run_nothing(is_book: bool) -> None:
    rows = [[str(n), cell] for n, cell in enumerate(HOSTILE)]
    numbered = iter(list(enumerate(rows, start=2)))
    sheet = "List" if is_book else ""
    table = Table(["mrn", "phone"], numbered, len(rows), delimiter=";", sheet=sheet)
    keys = {"mrn": "mrn", "phone": "phone"}

    def correct(table: Table) -> bytes:
        return corrections(table, keys, [Problem(3, "phone", "@x", "It is wrong.")])

    corrected = correct(table)
    head, *got = lines(corrected)
    assert head == ["To correct", "mrn", "phone"]
    assert [row[0] for row in got] == ["", "phone: It is wrong.", "", "", "", ""]
    if is_book:
        assert [row[1:] for row in got] == rows
    else:
        assert {row[2][0] for row in got} == {"'", "x"}
    assert lines(correct(read(corrected)))[0] == head  # reasons stand there once


def test_a_template_is_known_by_its_own_headings() -> None:
    for kind in ("csv", "xlsx"):
        headings = read(template(kind)).headings
        assert matched(headings, {}) == (
            {str(column.label): column.key for column in COLUMNS},
            [],
        )


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY a0 "aaaaaaaaaa">'
        + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        + '<!ENTITY x "&a9;">',
    ],
    ids=["another file", "a thousand million times"],
)
def test_a_workbook_cannot_reach_out_of_itself(entities: str, tmp_path: Path) -> None:
    """As production reads it: without defusedxml and lxml, which come with the tests."""
    file = tmp_path / "list.xlsx"
    with (
        zipfile.ZipFile(io.BytesIO(book(["mrn", "name"], ["1", "whole"]))) as whole,
        zipfile.ZipFile(file, "w") as altered,
    ):
        for name in whole.namelist():
            text = whole.read(name)
            if b"whole" in text:
                text = text.removeprefix(b"<?xml version='1.0' encoding='UTF-8'?>")
                text = f"<!DOCTYPE x [{entities}]>".encode() + text.replace(b"whole", b"&x;")
            altered.writestr(name, text)
    script = (
        "import sys; from django.conf import settings; settings.configure(USE_I18N=False)\n"
        "import openpyxl; assert not (openpyxl.DEFUSEDXML or openpyxl.LXML)\n"
        "from patients.importing.reading import Unreadable, read\n"
        "try: print(list(read(open(sys.argv[1], 'rb').read()).lines))\n"
        "except Unreadable as refused: print(refused.messages[0])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, file],
        env={"OPENPYXL_DEFUSEDXML": "False", "OPENPYXL_LXML": "False"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "This is no workbook that can be read" in ran.stdout, ran.stderr
