import json
import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from patients.models import Clinic
from patients.queries import clinic_days
from surveillance.safety_net import fallen_through
from surveillance.safety_net_api import FallenThroughSerializer


class Command(BaseCommand):
    help = "List who has fallen through, by reason; the exit code is 1 if anyone has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="not today")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, on: date | None, **options: Any) -> None:
        gaps = fallen_through(clinic_days(Clinic.objects.all(), on=on))
        if options["json"]:
            found: Any = [row for rows in gaps.values() for row in rows]
            listed = FallenThroughSerializer(found, many=True).data
            answer = {"fallen_through": len(listed), "rows": listed}
            self.stdout.write(json.dumps(answer, indent=2))
        else:
            for gap, rows in gaps.items():
                self.stdout.write(f"{gap.label}: {len(rows)}")
                for row in rows:
                    who = " or ".join(role.label.lower() for role in row.who)
                    whose = f" {row.patient.mrn}" if row.patient else ""
                    self.stdout.write(
                        f"  {row.clinic.code}{whose} since {row.since}: {row.detail} ({who})"
                    )
            if not gaps:
                self.stdout.write("Nobody has fallen through.")
        if gaps:
            sys.exit(1)
