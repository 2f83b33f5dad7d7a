from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from surveillance.retention import forget_texts, old_texts, patients_over


class Command(BaseCommand):
    help = (
        "Forget the texts of old messages, and list the patients whose records have been kept long"
        " enough: erase_patient erases them, one by one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say it, and forget nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        texts = old_texts(now).count() if dry_run else forget_texts(now)
        self.stdout.write(f"Texts of messages {'to be ' if dry_run else ''}forgotten: {texts}")
        for patient in patients_over(now.date()).select_related("clinic"):
            told = f"{patient.clinic_code} {patient.mrn}, last on {patient.last_on}"
            self.stdout.write(f"To be erased: {told}")
