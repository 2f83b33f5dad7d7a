"""Django's own command, for a database at which people work meanwhile.

A change to a table waits until nobody is in the middle of something there, and whoever comes after
it waits behind it. So it gives up soon, undoes what it began, lets people through, and tries again.
"""

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from psycopg2.errors import DeadlockDetected, LockNotAvailable

LOCK_SECONDS = 3
PAUSE_SECONDS = 5
TRIES = 30

_OPEN = """
SELECT format('process %%s of %%s, %%s for %%s s', pid, usename, state,
    extract(epoch FROM now() - xact_start)::int)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND xact_start < now() - make_interval(secs => %s)
ORDER BY xact_start
"""


class Command(migrate.Command):
    _applying: Migration

    def handle(self, *args: Any, **options: Any) -> None:
        self._connection = connections[options["database"]]
        for tries_left in reversed(range(TRIES)):
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                    raise
                said = f"{self._applying} could not get its locks; nothing of it was done."
                _let_wait(self._connection, 0)
                open_now = "; ".join(_open_for_long(self._connection)) or "none"
                said += f" Transactions open for longer than {LOCK_SECONDS} s: {open_now}."
                if not tries_left:
                    raise CommandError(
                        f"{said} What came before it stays. Run this again once they have ended."
                    ) from error
                self.stdout.write(f"\n  {said} Trying again, {tries_left} times at most.")
                time.sleep(PAUSE_SECONDS)
            else:
                _let_wait(self._connection, 0)
                return

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        super().migration_progress_callback(action, migration, fake)
        if action in ("apply_start", "unapply_start") and migration:
            self._applying = migration
            # What runs outside a transaction, as CREATE INDEX CONCURRENTLY, holds nobody up while
            # it waits, and would leave something half done.
            _let_wait(self._connection, LOCK_SECONDS if migration.atomic else 0)


def _let_wait(connection: BaseDatabaseWrapper, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])


def _open_for_long(connection: BaseDatabaseWrapper) -> list[str]:
    """Without what they ask: that may tell of patients."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [LOCK_SECONDS])
        return [line for (line,) in cursor.fetchall()]
