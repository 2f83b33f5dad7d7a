from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.importing.columns import BY_KEY, matched
from patients.importing.corrections import corrections
from patients.importing.deciding import Plan, decide
from patients.importing.loading import load
from patients.importing.reading import Encoding, Table, read
from patients.importing.said import what_changes
from patients.models import Clinic


class Command(BaseCommand):
    help = (
        "Load patients, tumours and treatments from a CSV or XLSX file into a clinic: all of it or "
        "nothing. It is recorded in the audit."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
        parser.add_argument("--clinic", metavar="CODE", help="needed if there are several")
        parser.add_argument("--encoding", choices=Encoding.values, default="")
        parser.add_argument("--day-first", action="store_true", help="3/4/2026 is 3 April")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="HEADING=COLUMN",
            help="which column a heading means that is not known; nothing after = leaves it out",
        )
        parser.add_argument(
            "--corrections", type=Path, metavar="PATH", help="where the list goes if it is wrong"
        )

    def handle(self, *args: Any, file: Path, clinic: str | None, **options: Any) -> None:
        told: dict[str, Any] = {"clinic": _clinic(clinic), "day_first": options["day_first"]}
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error

        def table() -> Table:
            return read(data, encoding=options["encoding"])

        try:
            first = table()
            told["keys"] = _keys(first.headings, options["column"])
            plan = decide(first, **told)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self._say(plan, first)
        if plan.problems:
            if to := options["corrections"]:
                to.write_bytes(corrections(table(), told["keys"], plan.problems))
                self.stdout.write(f"Correct the lines in {to} and load that.")
            raise CommandError(f"Nothing was loaded: {len(plan.problems)} cells are wrong.")
        if options["dry_run"]:
            self.stdout.write("A dry run: nothing was changed.")
            return
        try:
            load(table=table(), by="manage.py import_patients", shown=plan.digest, **told)
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write("Loaded.")

    def _say(self, plan: Plan, table: Table) -> None:
        read_as = Encoding(table.encoding).label if table.encoding in Encoding else table.encoding
        self.stdout.write(f"{plan.lines} lines, read as {table.sheet or read_as}")
        for what, count in sorted(plan.counts.items()):
            self.stdout.write(f"{what.replace('_', ' ')}: {count}")
        for change in what_changes(plan):
            self.stdout.write(
                f"line {change.line}: {change.patient}: {change.what}: {change.column}: "
                f"{change.before or '-'} -> {change.after}"
            )
        for one in plan.problems:
            self.stdout.write(
                f"line {one.line}, {BY_KEY[one.key].label}: “{one.value}”: {one.reason}"
            )


def _clinic(code: str | None) -> Clinic:
    clinics = Clinic.objects.order_by("code")
    found = list(clinics.filter(code=code) if code else clinics[:2])
    if len(found) == 1:
        return found[0]
    if code or not found:
        raise CommandError(f"There is no clinic with the code {code}." if code else "No clinic.")
    raise CommandError("There are several clinics: say which by --clinic CODE.")


def _keys(headings: list[str], told: list[str]) -> dict[str, str]:
    remembered = dict(one.rpartition("=")[::2] for one in told)
    if unknown := set(remembered.values()) - {"", *BY_KEY}:
        raise CommandError(f"There is no column {unknown.pop()}. There are: {', '.join(BY_KEY)}.")
    keys, asked = matched(headings, remembered)
    if asked:
        raise CommandError(
            f"It is not known what is in {', '.join(asked)}: say it by --column HEADING=COLUMN."
        )
    return keys
