"""What a database holds, as figures by which two can be compared. No patient is in them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Self

from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from psycopg2 import sql

from patients.models import Clinic
from patients.queries import clinic_days
from surveillance.audit.models import Event, Look
from surveillance.safety_net import fallen_through
from surveillance.safety_net_api import FallenThroughSerializer

# What belongs to PostgreSQL itself, or to an extension, is no part of a backup.
_TABLES = """
    SELECT schemaname, tablename FROM pg_tables
    WHERE schemaname !~ '^pg_|^information_schema$' ORDER BY 1, 2
"""
_OBJECTS = """
    SELECT kind, name FROM (
        SELECT 'indexes' AS kind, schemaname AS schema, indexname AS name FROM pg_indexes
        UNION ALL
        SELECT 'sequences', schemaname, sequencename FROM pg_sequences
        UNION ALL
        SELECT 'triggers', relnamespace::regnamespace::name, tgname
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal
        UNION ALL  -- PostgreSQL 18 has those that say "not null" in it, older ones do not
        SELECT 'constraints', connamespace::regnamespace::name, conname
        FROM pg_constraint WHERE contype <> 'n'
        UNION ALL
        SELECT 'functions', pronamespace::regnamespace::name, proname
        FROM pg_proc p
        WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    ) AS everything
    WHERE schema !~ '^pg_|^information_schema$' ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Part:
    """How many there are of something, and what they come to."""

    count: int
    digest: str


@dataclass(frozen=True)
class State:
    """What a database holds, and who is on the safety net on the day `on`.

    `safety_net` is nothing where the tables are those of another release than the code.
    """

    on: date
    tables: dict[str, Part]
    objects: dict[str, Part]
    latest: dict[str, str]
    safety_net: Part | None

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Errors: ValueError, KeyError or TypeError if this is no state."""
        told = json.loads(text)
        net = told["safety_net"]
        return cls(
            date.fromisoformat(told["on"]),
            {name: Part(**part) for name, part in told["tables"].items()},
            {name: Part(**part) for name, part in told["objects"].items()},
            told["latest"],
            Part(**net) if net else None,
        )

    @property
    def in_words(self) -> str:
        rows = sum(part.count for part in self.tables.values())
        words = f"{len(self.tables)} tables with {rows} rows"
        if self.safety_net:
            words += f", {self.safety_net.count} on the safety net"
        return words + "".join(f"; last {what}: {at}" for what, at in self.latest.items())


def tables() -> list[tuple[str, str]]:
    """Return schema and name of every table."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        found: list[tuple[str, str]] = cursor.fetchall()
    return found


def state(on: date) -> State:
    """Return what the database holds. It reads every row once, whatever there is."""
    executor = MigrationExecutor(connection)
    is_of_this_release = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return State(
        on,
        {".".join(name): _rows(*name) for name in tables()},
        _objects(),
        {"event": _latest(Event), "look": _latest(Look)} if is_of_this_release else {},
        _safety_net(on) if is_of_this_release else None,
    )


def differences(told: State, found: State) -> list[str]:
    """Return what differs, one line each, without any content."""
    lines = []
    for what in ("tables", "objects"):
        before, after = getattr(told, what), getattr(found, what)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                lines.append(_line(name, before.get(name), after.get(name)))
    if told.safety_net and found.safety_net and told.safety_net != found.safety_net:
        lines.append(_line("safety net", told.safety_net, found.safety_net))
    return lines


def _line(name: str, before: Part | None, after: Part | None) -> str:
    counts = [part.count if part else "none" for part in (before, after)]
    if counts[0] == counts[1]:
        return f"{name}: {counts[0]}, but not the same ones"
    return f"{name}: {counts[0]} before, {counts[1]} after"


def _rows(schema: str, name: str) -> Part:
    """A sum does not mind the order that rows come in, so nothing is sorted."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} t"
            ).format(sql.Identifier(schema, name))
        )
        count, digest = cursor.fetchone()
    return Part(count, str(digest))


def _objects() -> dict[str, Part]:
    """What the tables are held by, by their names: PostgreSQL may reword what they say."""
    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS)
        found = groupby(cursor.fetchall(), key=itemgetter(0))
        return {kind: _part([name for _, name in rows]) for kind, rows in found}


def _latest(model: type[models.Model]) -> str:
    at = model._default_manager.aggregate(at=models.Max("at"))["at"]
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "none"


def _safety_net(on: date) -> Part:
    gaps = fallen_through(clinic_days(Clinic.objects.all(), on=on))
    rows: Any = [row for rows in gaps.values() for row in rows]
    return _part(list(FallenThroughSerializer(rows, many=True).data))


def _part(rows: Sequence[Any]) -> Part:
    text = json.dumps(rows, default=str, sort_keys=True)
    return Part(len(rows), hashlib.sha256(text.encode()).hexdigest())
