import json
from argparse import ArgumentParser
from contextlib import suppress
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import ProgrammingError
from django.utils import timezone

from schedules.models import Protocol, ProtocolState
from schedules.preview import Previewed, preview
from schedules.protocol_files import read_protocols
from schedules.rules.protocol import ProtocolError

COLUMNS = ("n", "exam", "earliest_on", "due_on", "latest_on", "lapses_on", "status")


class Command(BaseCommand):
    help = "Show the slots that a protocol gives from an anchor, each with its dates and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--protocol", required=True, metavar="CODE")
        parser.add_argument("--anchor", required=True, type=date.fromisoformat, metavar="DATE")
        parser.add_argument(
            "--on", type=date.fromisoformat, metavar="DATE", help="status on this day, not today"
        )
        parser.add_argument("--json", action="store_true")

    def handle(
        self, *args: Any, protocol: str, anchor: date, on: date | None, **options: Any
    ) -> None:
        known = _known()
        if protocol not in known:
            raise CommandError(f"There is no protocol {protocol}. Known: {', '.join(known)}.")
        try:
            slots = [
                _told(one) for one in preview(known[protocol], anchor, on or timezone.localdate())
            ]
        except ProtocolError as error:
            raise CommandError(
                f"{protocol} is a draft that nobody can follow yet: {error}."
            ) from error
        if options["json"]:
            told = {"protocol": protocol, "anchor_on": anchor, "slots": slots}
            self.stdout.write(json.dumps(told, cls=DjangoJSONEncoder, indent=2))
            return
        for slot in slots:
            self.stdout.write("  ".join(str(slot[column]) for column in COLUMNS))
            self.stdout.write(f"    {slot['why']}")


def _known() -> dict[str, Protocol]:
    """Return the protocols of the files, and over them what has become active since, by code."""
    known = {data["code"]: Protocol(**data) for data in read_protocols()}
    with suppress(ProgrammingError):  # nothing has been migrated yet: the files are all there is
        known |= {one.code: one for one in Protocol.objects.filter(state=ProtocolState.ACTIVE)}
    return known


def _told(one: Previewed) -> dict[str, Any]:
    return {
        "n": one.slot.n,
        "exam": one.slot.exam.key,
        "earliest_on": one.slot.earliest_on,
        "due_on": one.slot.due_on,
        "latest_on": one.slot.latest_on,
        "lapses_on": one.slot.lapses_on,
        "status": one.status,
        "why": one.why,
    }
