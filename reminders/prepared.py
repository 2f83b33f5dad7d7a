"""Statements about a few rows at a time, asked again and again: PostgreSQL plans each only once.

To plan one takes about as long as to run it. After `plan_once` it is planned for few rows and by
indexes alone. What is planned for an empty table may read all of it for each row, so whoever writes
many rows has the statements planned anew while the tables grow.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.expressions import RawSQL
from psycopg2.extensions import AsIs

THEM = AsIs("$1")  # where the ids of the rows take their place in a statement


class Prepared:
    """A statement that each session of the database reads but once, as soon as it executes it."""

    def __init__(self, name: str, sql: str, params: Sequence[Any] = ()) -> None:
        self._name, self._sql, self._params = name, sql, params
        self._known_to: object = None  # which connection to the database

    def execute(self, *values: object) -> list[tuple[Any, ...]]:
        """Execute it with the values of its $1, $2 …, and return its rows, if it has any."""
        with connection.cursor() as cursor:
            if self._known_to is not connection.connection:
                self._prepare(cursor)
                self._known_to = connection.connection
            cursor.execute(f"EXECUTE {self._name} %s", [values])
            return cursor.fetchall() if cursor.description else []

    def _prepare(self, cursor: CursorWrapper) -> None:
        """Make it known, in place of an older one of that name."""
        cursor.execute("SELECT FROM pg_prepared_statements WHERE name = %s", [self._name])
        if cursor.fetchone() is not None:
            cursor.execute(f"DEALLOCATE {self._name}")
        cursor.execute(f"PREPARE {self._name} AS {self._sql}", self._params)


def among_them(path: str) -> Func:
    """Return the condition that an id is one of those that the statement is executed with."""
    return Func(
        F(path),
        RawSQL("%s::bigint[]", [THEM]),
        template="(%(expressions)s)",
        arg_joiner=" = ANY ",
        output_field=BooleanField(),
    )


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
