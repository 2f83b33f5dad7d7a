"""A backup is brought back, into an empty database or in the place of another."""

from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from surveillance.backups.place import BackupError, elsewhere, load
from surveillance.backups.state import State, differences, state, tables


def restore(folder: Path, *, replace: bool) -> str:
    """Bring `dump` into the database, compare with `state.json`; return what there is to say.

    A database that holds something is refused; with `replace` it makes way once all is well, and is
    kept under another name.

    Errors: BackupError; a database that held something is as it was.
    """
    told = _told(folder / "state.json")
    if not tables():
        return _load(folder / "dump", told)
    if not replace:
        raise BackupError("The database is not empty. It would make way with --replace.")

    _must_be_alone()
    name = connection.settings_dict["NAME"]
    kept = f"replaced_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    fresh = f"for_{kept}"
    _execute(f'CREATE DATABASE "{fresh}" TEMPLATE template0')
    try:
        with elsewhere(NAME=fresh):
            said = _load(folder / "dump", told)
        _must_be_alone()
    except BaseException:
        _execute(f'DROP DATABASE "{fresh}"')
        raise
    with elsewhere(NAME="template1"), transaction.atomic():
        _execute(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
        _execute(f'ALTER DATABASE "{fresh}" RENAME TO "{name}"')
    return f"{said} What was there before is kept as the database {kept}."


def _told(path: Path) -> State | None:
    try:
        return State.from_json(path.read_text()) if path.exists() else None
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("What lies beside the backup is not what bin/backup wrote.") from error


def _load(dump: Path, told: State | None) -> str:
    load(dump)
    found = state(told.on if told else datetime.now(UTC).date())
    if told is None:
        return f"Restored, with nothing to compare it with: {found.in_words}."
    if wrong := differences(told, found):
        raise BackupError("What was restored is not what was backed up.\n" + "\n".join(wrong))
    said = f"Restored and found the same: {found.in_words}."
    if told.safety_net and not found.safety_net:
        said += f" It is of another release; its safety net held {told.safety_net.count}."
    return said


def _must_be_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        [others] = cursor.fetchone()
    if others:
        raise BackupError(
            f"The database is in use, by {others} others. Stop all that works with it first."
        )


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
