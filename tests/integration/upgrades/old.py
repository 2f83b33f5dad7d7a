"""What the previous release knows of the tables, and whether it can still work on them.

Its code names each column that it knows, in whatever it reads and writes, and no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import Error, connection, transaction
from psycopg2 import errors, sql

# Tables that the code works on. Of Django's list of migrations it reads what it needs at its start.
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.attgenerated <> '' OR a.attidentity <> '', atthasdef OR a.attidentity <> ''
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
    AND NOT a.attisdropped AND c.relname <> 'django_migrations'
ORDER BY 1, a.attnum
"""


@dataclass(frozen=True)
class Column:
    """A column as PostgreSQL has it."""

    kind: str
    is_needed: bool
    is_filled_in: bool  # by PostgreSQL alone
    has_default: bool


Tables = dict[str, dict[str, Column]]


def tables() -> Tables:
    """Every table with its columns."""
    found: Tables = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, name, *rest in cursor.fetchall():
            found.setdefault(table, {})[name] = Column(*rest)
    return found


def broken(old: Tables, new: Tables) -> set[str]:
    """What the code of `old` can no longer do with the tables of `new`, in words."""
    return {line for table in old for line in _broken(table, old[table], new.get(table))}


def _broken(table: str, old: dict[str, Column], new: dict[str, Column] | None) -> Iterator[str]:
    if new is None:
        yield f"{table} is gone"
        return
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            yield f"{table}.{name} is gone, and the old code names it"
        elif after.kind != before.kind:
            yield f"{table}.{name} was {before.kind} and is {after.kind}"
        elif after.is_needed and not before.is_needed:
            yield f"{table}.{name} must be filled in, and the old code leaves it empty"
    for name in new.keys() - old.keys():
        if new[name].is_needed and not (new[name].has_default or new[name].is_filled_in):
            yield f"{table}.{name} is needed, and only the new code knows of it"


@dataclass(frozen=True)
class Statement:
    """One that the old code's statements are like: its columns are those that it knows."""

    does: str
    text: sql.Composed


def statements(old: Tables) -> list[Statement]:
    """Each table is read; its first row is changed into itself, and entered a second time."""
    return [one for table, columns in old.items() for one in _statements(table, columns)]


def _statements(table: str, columns: dict[str, Column]) -> Iterator[Statement]:
    some = [sql.Identifier(name) for name, column in columns.items() if not column.is_filled_in]
    named = {
        "table": sql.Identifier(table),
        "all": sql.SQL(", ").join(map(sql.Identifier, columns)),
        "some": sql.SQL(", ").join(some),
        "same": sql.SQL(", ").join(sql.SQL("{0} = {0}").format(name) for name in some),
    }
    for does, text in (
        ("read", "SELECT {all} FROM {table} LIMIT 5"),
        ("enter", "INSERT INTO {table} ({some}) SELECT {some} FROM {table} LIMIT 1"),
        ("change", "UPDATE {table} SET {same} WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)"),
    ):
        yield Statement(f"{does} {table}", sql.SQL(text).format(**named))


def refused(work: list[Statement]) -> dict[str, str]:
    """What PostgreSQL refuses of it, and why; nothing of it stays."""
    said = {}
    for one in work:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(one.text)
                transaction.set_rollback(True)
        except Error as error:
            if not is_there(error.__cause__):
                said[one.does] = str(error).splitlines()[0]
    return said


def is_there(error: BaseException | None) -> bool:
    """That a row is there already is no refusal: so far, nothing else was in the way."""
    return isinstance(error, errors.UniqueViolation | errors.ExclusionViolation)
