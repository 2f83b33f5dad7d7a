"""Statements about a few rows at a time, asked again and again: PostgreSQL plans each only once.

To plan one takes about as long as to run it. It is planned for few rows and by indexes alone. What
is planned for an empty table may read all of it for each row, so whoever writes many rows has the
statements planned anew while the tables grow.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func
from django.db.models.expressions import RawSQL
from psycopg2.extensions import AsIs

THEM = AsIs("$1")  # where the ids of the rows take their place in a statement


def among_them(path: str) -> Func:
    """Return the condition that an id is one of those that the statement is executed with."""
    return Func(
        F(path),
        RawSQL("%s::bigint[]", [THEM]),
        template="(%(expressions)s)",
        arg_joiner=" = ANY ",
        output_field=BooleanField(),
    )


def prepare(name: str, sql: str, params: Sequence[Any]) -> None:
    """Make a statement known to this session, in place of an older one of that name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = %s", [name])
        if cursor.fetchone():
            cursor.execute(f"DEALLOCATE {name}")
        cursor.execute(f"PREPARE {name} (bigint[]) AS {sql}", params)


def plan_once() -> None:
    """Have what is executed in this transaction planned as this module says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off"
        )


def plan_anew() -> None:
    """Have each statement planned for the tables as large as they are now."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def execute(name: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """Execute a statement that was prepared, and return its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXECUTE {name} (%s)", [list(ids)])
        return cursor.fetchall() if cursor.description else []
