from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reminders import actions


def moment(text: str) -> datetime:
    """Read an ISO 8601 date and time; without an offset it is UTC."""
    value = datetime.fromisoformat(text)
    return value if timezone.is_aware(value) else timezone.make_aware(value)


class Command(BaseCommand):
    help = "One pass of what beat does: raise what is due, deliver what is queued."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=moment, metavar="DATETIME", help="as if it were then")

    def handle(self, *args: Any, on: datetime | None, **options: Any) -> None:
        self.stdout.write(str(actions.sweep(at=on)))
