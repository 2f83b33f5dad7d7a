from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from surveillance.accounts.models import User
from surveillance.door.actions import enter_account, invite

FACTS = ("email", "given_name", "family_name", "language")


class Command(BaseCommand):
    help = (
        "Mails somebody a link by which they set their password themselves: it counts once, for"
        " three days. Who has no account yet is entered, with --email, --given-name and"
        " --family-name. For who forgot the password say the username alone, and be sure whom you"
        " speak with."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--given-name", default="")
        parser.add_argument("--family-name", default="")
        parser.add_argument("--language", default="", choices=dict(settings.LANGUAGES))
        parser.add_argument(
            "--print", action="store_true", help="print the link instead, to be handed over"
        )
        parser.add_argument(
            "--password",
            action="store_true",
            help="a link also where people come by single sign-on, for who cannot",
        )

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        facts = {name: options[name] for name in FACTS}
        by = "Command line"
        try:
            with transaction.atomic():
                if any(facts.values()) or not User.objects.filter(username=username).exists():
                    enter_account(username=username, **facts, by=by)
                address = invite(
                    username=username,
                    by=by,
                    by_mail=not options["print"],
                    by_password=options["password"],
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OSError as error:  # as it is where no mail server answers; the account is there
            raise CommandError(
                f"The mail did not leave: {error}. When it can, invite {username} again, by the"
                " username alone; or print the link with --print."
            ) from error
        self.stdout.write(address if options["print"] else f"Invited {username} by mail.")
