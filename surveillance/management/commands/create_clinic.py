from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.clinic_actions import create_clinic
from surveillance.accounts.models import User


class Command(BaseCommand):
    help = "Enter a clinic with its first administrator, who does the rest on the page Clinics."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", required=True, help="short and without spaces; never changes")
        parser.add_argument("--name", required=True)
        parser.add_argument("--time-zone", required=True, help="such as Asia/Tokyo")
        parser.add_argument(
            "--mrn-issuer", required=True, help="who issues the record numbers; never changes"
        )
        parser.add_argument("--administrator", required=True, metavar="USERNAME")
        parser.add_argument(
            "--email", help="where reminders and alerts go at first; else the administrator's"
        )

    def handle(
        self,
        *args: Any,
        code: str,
        name: str,
        time_zone: str,
        mrn_issuer: str,
        administrator: str,
        email: str | None,
        **options: Any,
    ) -> None:
        user = User.objects.filter(username=administrator, is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody signs in as “{administrator}”.")
        email = email or user.email
        if not email:
            raise CommandError(f"{user} has no e-mail address: give one with --email.")
        try:
            clinic = create_clinic(
                administrator=user,
                by="manage.py create_clinic",
                code=code,
                name=name,
                time_zone=time_zone,
                mrn_issuer=mrn_issuer,
                booking_email=email,
                alert_email=email,
            )
        except ValidationError as error:
            said = [f"{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
            raise CommandError("; ".join(said)) from error
        self.stdout.write(f"Entered {clinic}, with {user} as its administrator.")
