from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.models import Clinic
from schedules.actions import export
from schedules.exports.asked import Asked
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat


class Command(BaseCommand):
    help = (
        "Write the schedules of all clinics, or of one, or another table, to a file in UTF-8. "
        "It is recorded in the audit."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=[*FileFormat.values, "ics"], default="csv")
        parser.add_argument("--output", type=Path, required=True, metavar="PATH")
        parser.add_argument("--clinic", metavar="CODE", help="only this clinic")
        parser.add_argument("--table", choices=ExportTable.values, default="schedules")

    def handle(
        self, *args: Any, output: Path, clinic: str | None, table: str, **options: Any
    ) -> None:
        if options["format"] == "ics":
            raise CommandError("There is no calendar to export yet: choose csv, xlsx or json.")
        clinics = Clinic.objects.order_by("code")
        if clinic:
            clinics = clinics.filter(code=clinic)
            if not clinics:
                raise CommandError(f"There is no clinic with the code {clinic}.")
        asked = Asked(
            table=ExportTable(table),
            file_format=FileFormat(options["format"]),
            clinics=tuple(one.code for one in clinics),
            columns=TABLES[ExportTable(table)].usual,
        )
        try:
            with output.open("wb") as file:
                rows = export(
                    asked=asked,
                    clinics=list(clinics),
                    by="manage.py export_schedules",
                    keep=file.writelines,
                    for_excel=False,
                )
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{rows} rows of {table} written to {output}")
