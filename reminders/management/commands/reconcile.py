import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from reminders.management.commands.sweep import moment
from reminders.models import Alarm, AlarmKind
from reminders.reconciliation import reconcile


class Command(BaseCommand):
    help = (
        "Compares what should have been said with what was said and delivered; the exit code is 1 "
        "if they differ."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=moment, metavar="DATETIME", help="as if it were then")

    def handle(self, *args: Any, on: datetime | None, **options: Any) -> None:
        compared = reconcile(at=on)
        self.stdout.write(str(compared))
        if compared.differences:
            alarm = Alarm.objects.get(kind=AlarmKind.DIFFERENCE, ended_at=None)
            self.stdout.write(alarm.detail)
            sys.exit(1)
