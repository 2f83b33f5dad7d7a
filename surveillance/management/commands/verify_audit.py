import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from surveillance.audit.chain import verify


class Command(BaseCommand):
    help = "Compare the audit with the seals of its days; the exit code is 1 if one does not fit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kept", default="", metavar="DIGEST", help="a seal kept elsewhere")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, kept: str, **options: Any) -> None:
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
