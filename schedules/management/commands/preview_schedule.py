import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import ProgrammingError
from django.utils import timezone

from schedules.models import Protocol, ProtocolState
from schedules.protocol_files import read_protocols
from schedules.rules.explain import Explanation, phase_at
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, ProtocolError
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
        known = _known()
        if protocol not in known:
            raise CommandError(f"There is no protocol {protocol}. Known: {', '.join(known)}.")
        try:
            slots = list(_slots(known[protocol], anchor, on or timezone.localdate()))
        except ProtocolError as error:
            raise CommandError(
                f"{protocol} is a draft that nobody can follow yet: {error}."
            ) from error
        if options["json"]:
            preview = {"protocol": protocol, "anchor_on": anchor, "slots": slots}
            self.stdout.write(json.dumps(preview, cls=DjangoJSONEncoder, indent=2))
            return
        for slot in slots:
            self.stdout.write("  ".join(str(slot[column]) for column in COLUMNS))
            self.stdout.write(f"    {slot['why']}")


def _known() -> dict[str, dict[str, Any]]:
    """Return the protocols of the files, and over them what has become active since, by code."""
    known = {data["code"]: data for data in read_protocols()}
    try:
        active = list(Protocol.objects.filter(state=ProtocolState.ACTIVE))
    except ProgrammingError:  # nothing has been migrated yet: the files are all there is
        return known
    for one in active:
        known[one.code] = {
            "code": one.code,
            "version": one.version,
            "citation": one.citation,
            "phases": one.phases,
        }
    return known


def _slots(protocol: dict[str, Any], anchor: date, on: date) -> Iterator[dict[str, Any]]:
    definition = Definition.from_data(protocol)
    for slot in plan(definition, anchor):
        explanation = Explanation(
            protocol=f"{protocol['code']} version {protocol['version']}",
            phase=phase_at(definition, slot.exam.key, slot.month, slot.weeks),
            anchor_event="the anchor",
            anchor_on=anchor,
            became="",
            citation=protocol["citation"],
            **slot._asdict() | {"exam": slot.exam.key},
        )
        yield {
            "n": slot.n,
            "exam": slot.exam.key,
            "earliest_on": slot.earliest_on,
            "due_on": slot.due_on,
            "latest_on": slot.latest_on,
            "lapses_on": slot.lapses_on,
            "status": window_status(slot, on),
            "why": explanation.sentence,
        }
