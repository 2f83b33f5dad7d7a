import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from schedules.protocol_files import read_protocols
from schedules.rules.explain import explain
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition
from schedules.rules.windows import window_status

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
        known = {data["code"]: data for data in read_protocols()}
        if protocol not in known:
            raise CommandError(f"There is no protocol {protocol}. Known: {', '.join(known)}.")
        slots = list(_slots(known[protocol], anchor, on or timezone.localdate()))
        if options["json"]:
            preview = {"protocol": protocol, "anchor_on": anchor, "slots": slots}
            self.stdout.write(json.dumps(preview, cls=DjangoJSONEncoder, indent=2))
            return
        for slot in slots:
            self.stdout.write("  ".join(str(slot[column]) for column in COLUMNS))
            self.stdout.write(f"    {slot['why']}")


def _slots(protocol: dict[str, Any], anchor: date, on: date) -> Iterator[dict[str, Any]]:
    for slot in plan(Definition.from_data(protocol), anchor):
        yield {
            "n": slot.n,
            "exam": slot.exam.key,
            "earliest_on": slot.earliest_on,
            "due_on": slot.due_on,
            "latest_on": slot.latest_on,
            "lapses_on": slot.lapses_on,
            "status": window_status(slot, on),
            "why": explain(
                slot,
                exam=slot.exam.key,
                protocol=f"{protocol['code']} version {protocol['version']}",
                anchor=anchor,
                citation=protocol["citation"],
            ),
        }
