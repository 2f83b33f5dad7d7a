"""Exports: a million slots as CSV, and fewer as an Excel workbook.

`csv_1m` is the product's own export of all slots of a clinic, every cell made safe, as bytes that
are thrown away; beside it stands one COPY … TO STDOUT of PostgreSQL with the same columns, as quick
as it can be written: in no order, with nothing made safe. Both must give the same number of lines
and of bytes. `xlsx` is the same export as a workbook, beside openpyxl's write-only workbook of the
same values, which it is given.

Of each there is also when the first rows come (`…_first_byte`, beside the whole), and by how much
memory grows at most (`…_memory`, beside the 64 MiB that are allowed). A workbook is a ZIP file, and
leaves only once its last row is written: its first byte is not told.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import Row, compare, own_database, show
from benchmarks.alerts import USUAL_OUTCOMES, execute
from benchmarks.plan import enrolled_without_slots

if TYPE_CHECKING:
    from patients.models import Clinic
    from schedules.models import FileFormat

ALLOWED = 64.0  # MiB

# What `ours` writes, in the words of somebody who knows these tables, and these rows, by heart.
BY_HAND = """
SELECT k.code, q.mrn_issuer, q.mrn, q.family_name, q.given_name, q.birth_date, p.code, p.version,
    h.anchor_on, h.state, s.exam, s.n, s.earliest_on, s.due_on, s.latest_on, s.lapses_on, s.outcome,
    nullif(s.outcome_reason, ''),
    CASE WHEN s.outcome = 'open' THEN array_to_string(s.regions, ' ') END, %(on)s,
    CASE WHEN s.outcome <> 'open' THEN NULL WHEN %(on)s < s.earliest_on THEN 'upcoming'
        WHEN %(on)s <= s.latest_on THEN 'due' WHEN %(on)s <= s.lapses_on THEN 'overdue'
        ELSE 'lapsed' END,
    CASE WHEN s.outcome = 'open' THEN greatest(0, %(on)s - s.latest_on) END, b.state, b.starts_at
FROM schedules_slot s
JOIN schedules_schedule h ON h.id = s.schedule_id
JOIN schedules_protocol p ON p.id = h.protocol_id
JOIN patients_tumour t ON t.id = h.tumour_id
JOIN patients_patient q ON q.id = t.patient_id
JOIN patients_clinic k ON k.id = q.clinic_id
LEFT JOIN LATERAL (
    SELECT state, starts_at FROM schedules_booking WHERE slot_id = s.id ORDER BY id DESC LIMIT 1
) b ON true
WHERE q.clinic_id = %(clinic)s
"""


def fill(patients: int) -> "Clinic":
    """Enter a clinic whose patients have 20 slots each, most of them behind them."""
    from django.db import transaction

    from schedules.bulk import lay_out

    with transaction.atomic():
        schedules = enrolled_without_slots(patients)
        lay_out(schedules)
    execute(USUAL_OUTCOMES)
    execute("VACUUM FULL ANALYZE schedules_slot")  # as if they had been so all along
    execute("VACUUM ANALYZE")
    return schedules[0].tumour.patient.clinic


class Sink:
    """What counts bytes and lines, and keeps none; and when the first came after the header."""

    def __init__(self) -> None:
        self.lines = self.bytes = 0
        self.begun = perf_counter()
        self.first = 0.0

    def write(self, part: bytes) -> int:
        if self.lines > 1 and not self.first:
            self.first = perf_counter() - self.begun
        self.lines += part.count(b"\n")
        self.bytes += len(part)
        return len(part)

    def take(self, parts: Iterator[bytes]) -> None:
        for part in parts:
            self.write(part)


def export(clinic: "Clinic", file_format: "FileFormat", sink: Sink) -> None:
    """Do what a page or a job does, the record of it included."""
    from schedules.actions import export as take_out
    from schedules.exports.asked import Asked
    from schedules.exports.tables import TABLES
    from schedules.models import ExportTable

    asked = Asked(
        table=ExportTable.SCHEDULES,
        file_format=file_format,
        clinics=(clinic.code,),
        columns=TABLES[ExportTable.SCHEDULES].usual,
    )
    take_out(asked=asked, clinics=[clinic], by="benchmark", keep=sink.take, for_excel=False)


def memory(name: str, run: Any) -> Row:
    """Return by how many MiB the process grows at most while it runs."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = resident("VmRSS")
    run()
    grown = resident("VmHWM") - before
    return Row(f"{name}_memory", grown, ALLOWED, "MiB", grown / ALLOWED)


def resident(what: str) -> float:
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith(what)]
    return int(line.split()[1]) / 1024


def csv_rows(clinic: "Clinic") -> list[Row]:
    from django.db import connection

    from schedules.models import FileFormat

    firsts, wholes = [], []

    def ours() -> tuple[int, int]:
        sink = Sink()
        export(clinic, FileFormat.CSV, sink)
        firsts.append(sink.first)
        wholes.append(perf_counter() - sink.begun)
        return sink.lines - 1, sink.bytes - header

    def by_hand() -> tuple[int, int]:
        sink = Sink()
        with connection.cursor() as cursor:
            told = {"clinic": clinic.pk, "on": clinic.today()}
            statement = cursor.mogrify(BY_HAND, told).decode()
            cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT csv)", sink)
        return sink.lines, sink.bytes

    header = len(header_of())
    whole = compare("csv_1m", ours=ours, baseline=by_hand, unit="s")
    nth = sorted(range(len(wholes)), key=wholes.__getitem__)[len(wholes) // 2]
    first = Row("csv_1m_first_byte", firsts[nth], wholes[nth], "s", firsts[nth] / wholes[nth])
    return [whole, first, memory("csv_1m", ours)]


def header_of() -> str:
    from schedules.exports.tables import TABLES
    from schedules.models import ExportTable

    return ",".join(TABLES[ExportTable.SCHEDULES].usual) + "\n"


def xlsx_rows(clinic: "Clinic") -> list[Row]:
    from django.db import connection
    from openpyxl import Workbook

    from schedules.models import FileFormat

    with connection.cursor() as cursor:
        cursor.execute(BY_HAND, {"clinic": clinic.pk, "on": clinic.today()})
        values: list[tuple[Any, ...]] = cursor.fetchall()

    def ours() -> int:
        export(clinic, FileFormat.XLSX, Sink())
        return len(values)

    def openpyxl() -> int:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(header_of().strip().split(","))
        for row in values:
            sheet.append(row)
        with TemporaryFile() as file:
            book.save(file)
        return len(values)

    whole = compare("xlsx", ours=ours, baseline=openpyxl, unit="s")
    return [whole, memory("xlsx", ours)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=50_000, metavar="N", help="of 20 slots")
    parser.add_argument("--in-workbook", type=int, default=2_000, metavar="N", help="of them")
    options = parser.parse_args()
    with own_database():
        few, many = fill(options.in_workbook), fill(options.patients)
        rows = [*csv_rows(many), *xlsx_rows(few)]
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
