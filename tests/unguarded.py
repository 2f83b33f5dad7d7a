"""The tables of the audit without their triggers, as a superuser can have them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from pghistory.core import event_models


def let_the_audit_be_emptied() -> None:
    """Take away what keeps its tables from it, so that they can be emptied after a test."""
    history = [model._meta.db_table for model in event_models()]
    with connection.cursor() as cursor:
        for table in ("audit_event", "audit_look", "audit_seal", *history):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_never_emptied")


@contextmanager
def unguarded() -> Iterator[None]:
    """Let rows be changed and removed that the product never changes."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")
