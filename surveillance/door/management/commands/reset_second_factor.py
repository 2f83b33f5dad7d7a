from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from surveillance.door.actions import reset_second_factor


class Command(BaseCommand):
    help = (
        "Takes away the app, passkeys and recovery codes of somebody who lost them, and ends their"
        " sessions. Be sure whom you speak with: from then on the password alone lets them in, to"
        " set up new ones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="why; it stands in the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reset_second_factor(
                username=options["username"], reason=options["reason"], by="Command line"
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{options['username']}: no second factor any more.")
