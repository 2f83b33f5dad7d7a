from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.queries import without_administrator
from surveillance.door.actions import close_account, open_account


class Command(BaseCommand):
    help = (
        "Closes the account of somebody who left: sessions, tokens and the password end. With"
        " --open it is opened again; then invite them, for a new password."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="why; it stands in the audit")
        parser.add_argument("--open", action="store_true", help="open it again")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        do = open_account if options["open"] else close_account
        try:
            user = do(username=username, reason=options["reason"], by="Command line")
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"The account of {user} is {'open' if options['open'] else 'closed'}.")
        for clinic in without_administrator(user):
            self.stdout.write(
                f"{clinic} has no administrator any more: open the account again, let its owner"
                " make another one under Clinics, and close it then."
            )
