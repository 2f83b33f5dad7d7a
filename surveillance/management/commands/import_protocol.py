import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from schedules.actions import import_protocol
from schedules.rules.protocol import ProtocolError
from surveillance.fhir.plan_definitions import protocol_of


class Command(BaseCommand):
    help = (
        "Read a PlanDefinition (FHIR R4, JSON), as /fhir/PlanDefinition gives it, as the draft of "
        "a protocol. Nobody is followed by it before a clinician has drafted it anew and another "
        "has signed it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            plan = json.loads(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise CommandError(f"{file} is no JSON: {error}.") from error
        try:
            protocol, is_new = import_protocol(
                told=protocol_of(plan), by="manage.py import_protocol"
            )
        except (ProtocolError, ValidationError) as error:
            raise CommandError(f"{file}: {_said(error)}") from error
        self.stdout.write(f"Drafted {protocol}." if is_new else f"{protocol} says the same.")


def _said(error: ProtocolError | ValidationError) -> str:
    return str(error) if isinstance(error, ProtocolError) else " ".join(error.messages)
