"""A backup, and its trial."""

from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from surveillance.backups.place import BackupError, dump, empty_server, load
from surveillance.backups.state import State, differences, state, tables


def backup(folder: Path) -> State:
    """Write `dump` and `state.json`, both of one moment, and return the state.

    Errors: BackupError if it could not be made, or if a restore gives back something else.
    """
    if not tables():
        raise BackupError("The database is empty: there is nothing to back up.")
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # Others go on working: both are of this snapshot.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        dump(folder / "dump", snapshot)
        told = state(datetime.now(UTC).date())
    (folder / "state.json").write_text(told.to_json())

    with empty_server():
        load(folder / "dump")
        if wrong := differences(told, state(told.on)):
            raise BackupError("A restore gave back something else.\n" + "\n".join(wrong))
    return told
