"""A database as Django's own connection has it, and PostgreSQL's programs on the same one."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import environ
from django.db import connection

from surveillance.embedded.postgres import Postgres
from surveillance.embedded.wheels import postgres_programs


class BackupError(Exception):
    """Why there is no backup, or why a restore is not to be relied on."""


def dump(path: Path, snapshot: str) -> None:
    """Write what stood in the database at a snapshot, in PostgreSQL's custom format.

    Errors: BackupError with what pg_dump said.
    """
    _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={path}")


def load(path: Path) -> None:
    """Bring all of a dump into the database, which must be empty, or nothing.

    Errors: BackupError with what pg_restore said.
    """
    name = connection.settings_dict["NAME"]
    how = ["--single-transaction", "--exit-on-error", "--no-owner"]
    _run("pg_restore", f"--dbname={name}", *how, str(path))


def _run(program: str, *arguments: str) -> None:
    """The password goes by the environment: any user may list a process's arguments."""
    at = connection.settings_dict
    names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
    given = {theirs: str(at[ours]) for ours, theirs in names.items() if at[ours]}
    given["PGDATABASE"] = at["NAME"]
    if "sslmode" in at["OPTIONS"]:
        given["PGSSLMODE"] = at["OPTIONS"]["sslmode"]
    done = subprocess.run(
        [postgres_programs() / program, "--no-password", *arguments],
        env={**os.environ, **given},
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


@contextmanager
def elsewhere(**place: Any) -> Iterator[None]:
    """Let Django's connection lead to another database meanwhile."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(place)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextmanager
def empty_server() -> Iterator[None]:
    """Let Django's connection lead to a new, empty server, which is deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        postgres = Postgres(Path(folder), durable=False)
        try:
            url = postgres.start()
            with elsewhere(**{"OPTIONS": {}, **environ.Env.db_url_config(url)}):
                yield
        finally:
            postgres.discard()
