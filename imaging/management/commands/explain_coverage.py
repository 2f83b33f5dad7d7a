import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imaging.coverage import Series, Study, covered

FIELDS = ("study_description", "protocol_name", "body_part_examined")


class Command(BaseCommand):
    help = "Show, as JSON, which regions the words of a CT study would be read to cover, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--description", default="", metavar="TEXT")
        parser.add_argument("--protocol-name", default="", metavar="TEXT")
        parser.add_argument("--body-part", default="", metavar="TEXT")
        parser.add_argument(
            "--jsonl",
            type=Path,
            metavar="FILE",
            help=f"read studies from this file, an object a line, with any of {', '.join(FIELDS)}",
        )

    def handle(
        self,
        *args: Any,
        description: str,
        protocol_name: str,
        body_part: str,
        jsonl: Path | None,
        **options: Any,
    ) -> None:
        if jsonl is None:
            explained = _explained(description, protocol_name, body_part)
            self.stdout.write(json.dumps(explained, ensure_ascii=False, indent=2))
            return
        if description or protocol_name or body_part:
            raise CommandError("--jsonl reads all from its file: give it alone.")
        try:
            with jsonl.open(encoding="utf-8-sig") as lines:
                for words in _read(jsonl, lines):
                    # Escaped: JSON may hold half a sign, which no file can.
                    self.stdout.write(json.dumps(_explained(*words)))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{jsonl} cannot be read: {error}.") from error


def _read(path: Path, lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each line, in the order of `FIELDS`."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _words(line)
        except ValueError as error:
            raise CommandError(f"{path}, line {number}: {error}.") from error


def _words(line: str) -> list[str]:
    try:
        said = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise ValueError("this is no object")
    words = [said.get(field) or "" for field in FIELDS]
    for field, text in zip(FIELDS, words, strict=True):
        if not isinstance(text, str):
            raise ValueError(f"{field} is no text")
    return words


def _explained(description: str, protocol_name: str, body_part: str) -> dict[str, Any]:
    series = Series(protocol_name=protocol_name, body_part=body_part)
    return asdict(covered(Study(description=description, series=(series,)), {}))
