import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveillance.accounts.models import User
from surveillance.audit.actions import explain_changes
from surveillance.audit.chain import verify


class Command(BaseCommand):
    help = (
        "Compare the audit with the seals of its days, and each change of a row with the audit;"
        " the exit code is 1 if one does not fit."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kept", default="", metavar="DIGEST", help="a seal kept elsewhere")
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--explain",
            default="",
            metavar="REASON",
            help="why rows were changed around the application so far; name no patient",
        )
        parser.add_argument("--by", default="", metavar="USERNAME", help="who explains it")

    def handle(self, *args: Any, kept: str, explain: str, by: str, **options: Any) -> None:
        if explain:
            user = User.objects.filter(username=by, is_active=True).first()
            if user is None:
                raise CommandError("Name with --by who explains it, as they sign in.")
            explain_changes(reason=explain, by=user)
        found = verify(kept)
        latest = found.latest
        if options["json"]:
            answer = {
                "fits": not found.faults,
                "days": found.days,
                "events": found.events,
                "looks": found.looks,
                "latest": {"day": str(latest.day), "digest": latest.digest} if latest else None,
                "faults": [
                    {"day": str(one.day) if one.day else None, "why": one.why}
                    for one in found.faults
                ],
            }
            self.stdout.write(json.dumps(answer, indent=2))
        else:
            for fault in found.faults:
                self.stdout.write(str(fault))
            told = f"{found.days} days sealed, {found.events} events, {found.looks} looks"
            self.stdout.write(f"{told}: {'not all fit' if found.faults else 'all fit'}.")
            if latest:
                self.stdout.write(f"The latest seal: {latest}")
        if found.faults:
            sys.exit(1)
