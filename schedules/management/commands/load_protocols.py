from typing import Any

from django.core.management.base import BaseCommand, CommandError

from schedules.protocol_files import load_protocols
from schedules.rules.protocol import ProtocolError


class Command(BaseCommand):
    help = "Add the protocol versions that stand in schedules/protocols/ and are not here yet."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            new = load_protocols()
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        for protocol in new:
            self.stdout.write(f"added {protocol}")
