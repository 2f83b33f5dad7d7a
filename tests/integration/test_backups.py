"""What `bin/backup` wrote comes back by `bin/restore`, or somebody hears that it would not."""

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db import connection

from surveillance.embedded.postgres import Postgres
from tests.factories import ScheduleFactory

BIN = Path(__file__).resolve().parents[2] / "bin"
pytestmark = pytest.mark.django_db(transaction=True)


def run(program: str, *arguments: str | Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / program, *arguments],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
    )


def ask(url: str, statement: str) -> list[str]:
    """The first column of what a database answers."""
    with closing(psycopg2.connect(url)) as other, other, other.cursor() as cursor:
        cursor.execute(statement)
        return [str(first) for first, *_ in cursor.fetchall()] if cursor.description else []


@pytest.fixture
def own_url() -> str:
    """The database of this test, in which somebody is followed."""
    ScheduleFactory.create()
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    server = Postgres(tmp_path / "server", durable=False)
    (tmp_path / "server").mkdir()
    try:
        yield server.start()
    finally:
        server.discard()


def test_what_was_backed_up_is_restored(own_url: str, empty_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a copy.dump"
    made = run("backup", file, url=own_url)
    assert made.returncode == 0, made.stderr
    assert "Restored on trial and found the same" in made.stderr
    assert "2 on the safety net" in made.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        "a copy.dump",
        "a copy.dump.json",
        "server",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"PGDMP")

    nothing = run("backup", tmp_path / "nothing", url=empty_url)
    assert nothing.returncode == 1
    assert "there is nothing to back up" in nothing.stderr
    back = run("restore", file, url=empty_url)
    assert back.returncode == 0, back.stderr
    assert "Restored and found the same" in back.stderr
    events = "SELECT public_id FROM audit_event ORDER BY 1"
    assert ask(empty_url, events) == ask(own_url, events) != []

    # Somebody goes on working, and then wishes to have it back as it was.
    ask(empty_url, "ALTER TABLE audit_event DISABLE TRIGGER USER")
    ask(empty_url, "DELETE FROM audit_event")
    refused = run("restore", file, url=empty_url)
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    with closing(psycopg2.connect(empty_url)):
        in_use = run("restore", file, "--replace", url=empty_url)
    assert in_use.returncode == 1
    assert "in use, by 1 others" in in_use.stderr
    other = tmp_path / "other.dump"
    other.write_bytes(file.read_bytes()[:-2000])
    cut_off = run("restore", other, "--replace", url=empty_url)
    assert cut_off.returncode == 1
    assert "pg_restore failed" in cut_off.stderr
    other.write_bytes(file.read_bytes())
    told = (tmp_path / "a copy.dump.json").read_text()
    Path(f"{other}.json").write_text(
        re.sub(r'("public.audit_event": \{\s+"count": )\d+', r"\g<1>99", told)
    )
    differs = run("restore", other, "--replace", url=empty_url)
    assert differs.returncode == 1
    assert "public.audit_event: 99 before, " in differs.stderr
    assert ask(empty_url, events) == []

    replaced = run("restore", file, "--replace", url=empty_url)
    assert replaced.returncode == 0, replaced.stderr
    assert ask(empty_url, events) == ask(own_url, events)
    databases = ask(empty_url, "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")
    assert [name[:9] for name in databases] == ["postgres", "replaced_"]


def test_a_backup_that_cannot_be_restored_is_none(own_url: str, tmp_path: Path) -> None:
    make = [
        "CREATE TABLE zz (id int)",
        "INSERT INTO zz VALUES (1)",
        "CREATE FUNCTION zz_holds() RETURNS bool LANGUAGE sql AS 'SELECT EXISTS (TABLE public.zz)'",
        "CREATE TABLE aa (id int CHECK (public.zz_holds()))",  # loaded first, while zz is empty
        "INSERT INTO aa VALUES (1)",
    ]
    for statement in make:
        ask(own_url, statement)
    try:
        made = run("backup", tmp_path / "backup", url=own_url)
    finally:
        ask(own_url, "DROP TABLE aa, zz; DROP FUNCTION zz_holds")
    assert made.returncode == 1
    assert "pg_restore failed" in made.stderr
    assert list(tmp_path.iterdir()) == []
