from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError

from patients.models import Clinic
from schedules.actions import export, export_calendar
from schedules.exports.asked import Asked
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat

BY = "manage.py export_schedules"


class Command(BaseCommand):
    help = (
        "Write the schedules of all clinics, or of one, or another table, to a file in UTF-8; or "
        "their appointments as ics, with what each clinic lets calendars tell of a patient. It is "
        "recorded in the audit."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=[*FileFormat.values, "ics"], default="csv")
        parser.add_argument("--output", type=Path, required=True, metavar="PATH")
        parser.add_argument("--clinic", metavar="CODE", help="only this clinic")
        parser.add_argument("--table", choices=ExportTable.values, help="by default: schedules")

    def handle(
        self, *args: Any, output: Path, clinic: str | None, table: str | None, **options: Any
    ) -> None:
        is_calendar = options["format"] == "ics"
        if is_calendar and table not in (None, ExportTable.BOOKINGS):
            raise CommandError("A calendar holds appointments: leave --table out.")
        clinics = Clinic.objects.order_by("code")
        if clinic:
            clinics = clinics.filter(code=clinic)
            if not clinics:
                raise CommandError(f"There is no clinic with the code {clinic}.")
        try:
            with output.open("wb") as file:
                if is_calendar:
                    events = export_calendar(clinics=list(clinics), by=BY, keep=file.writelines)
                    said = f"{events} appointments"
                else:
                    table = table or ExportTable.SCHEDULES
                    rows = _export(table, options["format"], list(clinics), file)
                    said = f"{rows} rows of {table}"
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{said} written to {output}")


def _export(table: str, file_format: str, clinics: list[Clinic], file: BinaryIO) -> int:
    asked = Asked(
        table=ExportTable(table),
        file_format=FileFormat(file_format),
        clinics=tuple(clinic.code for clinic in clinics),
        columns=TABLES[ExportTable(table)].usual,
    )
    return export(asked=asked, clinics=clinics, by=BY, keep=file.writelines, for_excel=False)
