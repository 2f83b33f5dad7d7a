"""What `bin/backup` and `bin/restore` run.

    python -m surveillance.backups make > backup.tar
    python -m surveillance.backups restore [--replace] < backup.tar

The tar holds `dump`, in pg_dump's custom format, and `state.json`, what was in the database then.
What there is to say goes to standard error.
"""

import argparse
import os
import sys
import tarfile
import tempfile
from pathlib import Path

import django
from django.db import Error

from surveillance.backups.place import BackupError
from surveillance.embedded import EmbeddedError, environment, leave_in_order


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m surveillance.backups")
    parser.add_argument("what", choices=("make", "restore"))
    parser.add_argument("--replace", action="store_true", help="a database that is not empty")
    options = parser.parse_args()
    leave_in_order()  # a signal must not leave the server behind that a backup is tried on
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")
    with environment(), tempfile.TemporaryDirectory() as folder:
        django.setup()
        said = make(Path(folder)) if options.what == "make" else restore(Path(folder), options)
    print(said, file=sys.stderr)


def make(folder: Path) -> str:
    from surveillance.backups.making import backup  # it stands on the models

    told = backup(folder)
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
        for name in ("dump", "state.json"):
            out.add(folder / name, name)
    return f"Restored on trial and found the same: {told.in_words}."


def restore(folder: Path, options: argparse.Namespace) -> str:
    from surveillance.backups.restoring import restore

    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as given:
        given.extractall(folder, filter="data")
    return restore(folder, replace=options.replace)


if __name__ == "__main__":
    try:
        main()
    except (BackupError, EmbeddedError, Error, OSError, tarfile.TarError) as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)
