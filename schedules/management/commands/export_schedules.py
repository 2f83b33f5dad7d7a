from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.models import Clinic
from schedules.actions import export
from schedules.exports import csv_lines


class Command(BaseCommand):
    help = "Write the schedules of all clinics, or of one, to a file. It is recorded in the audit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["csv"], default="csv")
        parser.add_argument("--output", type=Path, required=True, metavar="PATH")
        parser.add_argument("--clinic", metavar="CODE", help="only this clinic")

    def handle(self, *args: Any, output: Path, clinic: str | None, **options: Any) -> None:
        clinics = Clinic.objects.order_by("code")
        if clinic:
            clinics = clinics.filter(code=clinic)
            if not clinics:
                raise CommandError(f"There is no clinic with the code {clinic}.")
        table = export(clinics=clinics, by="manage.py export_schedules")
        try:
            with output.open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_lines(table))
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{len(table)} slots written to {output}")
