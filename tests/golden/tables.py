import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import schedules
from schedules.rules.months import long_date
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition, ProtocolError

FOLDER = Path(__file__).parent
ANCHORS = (date(2026, 1, 15), date(2026, 11, 30), date(2024, 2, 29))
COLUMNS = (
    "n",
    "exam",
    "months after the anchor",
    "opens",
    "due",
    "overdue after",
    "lapses after",
)


def shipped() -> list[dict[str, Any]]:
    """Return the protocols that come with the software."""
    files = sorted((Path(schedules.__file__).parent / "protocols").glob("*.toml"))
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


def why_not(protocol: dict[str, Any]) -> str:
    """Return what keeps a protocol from being followed, or nothing."""
    try:
        Definition.from_data(protocol)
    except ProtocolError as error:
        return str(error)
    return ""


def table_file(protocol: dict[str, Any]) -> Path:
    return FOLDER / f"{protocol['code']}.txt"


def table(protocol: dict[str, Any]) -> str:
    """Return the dates that a protocol gives from each of the anchors."""
    return "\n".join([f"{protocol['code']} version {protocol['version']}", *_parts(protocol), ""])


def _parts(protocol: dict[str, Any]) -> Iterator[str]:
    definition = Definition.from_data(protocol)
    for anchor in ANCHORS:
        rows = [COLUMNS, *map(_cells, plan(definition, anchor))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield f"\nFrom {long_date(anchor)}\n"
        for row in rows:
            yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _cells(slot: PlannedSlot) -> tuple[str, ...]:
    weeks = f" + {slot.weeks} weeks" if slot.weeks else ""
    return (
        str(slot.n),
        slot.exam.key,
        f"{slot.month}{weeks}",
        *(day.isoformat() for day in slot[-4:]),
    )
