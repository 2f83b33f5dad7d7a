"""The previous release's data is brought up to date while people work on it with its code."""

import json
import lzma
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from io import StringIO
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import psycopg2.extensions
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations import Migration
from psycopg2 import sql
from pytest_django import DjangoDbBlocker

from schedules.models import Study
from surveillance.backups.place import elsewhere, load
from surveillance.backups.state import Part, state
from surveillance.management.commands import migrate
from tests.integration.upgrades.old import (
    Statement,
    Tables,
    broken,
    is_there,
    refused,
    statements,
    tables,
)
from tests.integration.upgrades.previous import DUMP, EXCUSED, told

# Django enters there what is new in the models.
GROW = {"auth_permission", "django_content_type"}
# So long nobody may wait. A machine of tests can be ten times slower than one that serves people.
MOST_SECONDS = 60
NAME = f"previous_{os.getpid()}"


@dataclass(frozen=True)
class Previous:
    """The previous release's database, and what a new one looks like today."""

    url: str
    tables_of_today: Tables
    objects_of_today: dict[str, Part]


@pytest.fixture
def previous(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[Previous]:
    """Django's connection leads there meanwhile."""
    dump = tmp_path / "dump"
    dump.write_bytes(lzma.decompress(DUMP.read_bytes()))
    url = urlsplit(os.environ["DATABASE_URL"])
    with django_db_blocker.unblock(), closing(psycopg2.connect(url.geturl())) as server:
        today = tables(), state(date.today()).objects  # noqa: DTZ011
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME}")
            try:
                with elsewhere(NAME=NAME):
                    load(dump)
                    yield Previous(url._replace(path=f"/{NAME}").geturl(), *today)
            finally:
                cursor.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


class Watched(migrate.Command):
    """Looks after each migration whether the old code can still work, so as to name that one."""

    def __init__(self, old: Tables) -> None:
        super().__init__(stdout=StringIO())
        self._old = old
        self._known: set[str] = set()
        self.broken: list[str] = []

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        super().migration_progress_callback(action, migration, fake)
        if action == "apply_success":
            new = broken(self._old, tables()) - self._known
            self._known |= new
            if str(migration) not in EXCUSED:
                self.broken += [f"{migration}: {line}" for line in sorted(new)]


class Person:
    """Does one thing after the other, in transactions that last a while and leave nothing."""

    def __init__(self, url: str, work: list[Statement]) -> None:
        self.went_wrong: list[str] = []
        self.done = 0
        self.longest = 0.0  # seconds that one statement took
        self._url = url
        self._work = work
        self._stop = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _go_on(self) -> None:
        with closing(psycopg2.connect(self._url)) as own, own.cursor() as cursor:
            for one in cycle(self._work):
                if self._stop.is_set():
                    return
                began = time.monotonic()
                try:
                    cursor.execute(one.text)
                except psycopg2.Error as error:
                    if not is_there(error):
                        self.went_wrong.append(f"{one.does}: {error}")
                self.longest = max(self.longest, time.monotonic() - began)
                time.sleep(0.01)
                own.rollback()
                self.done += 1


def counts(names: Tables) -> dict[str, int]:
    found = {}
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            [found[name]] = cursor.fetchone()
    return found


def test_the_upgrade_holds_nobody_up_breaks_nothing_and_loses_nothing(previous: Previous) -> None:
    old, rows = tables(), counts(tables())
    not_for_the_old = refused(statements(old))
    work = [one for one in statements(old) if one.does not in not_for_the_old]

    command, person = Watched(old), Person(previous.url, work)
    with person.at_work():
        call_command(command)

    assert command.broken == []
    assert person.went_wrong == []
    assert person.done
    assert person.longest < MOST_SECONDS
    assert refused(work) == {}
    for name, count in counts(old).items():
        assert count == rows[name] or (name in GROW and count > rows[name]), name
    net = StringIO()
    with suppress(SystemExit):  # somebody is on it
        call_command("safety_net", on=date.fromisoformat(told()["on"]), json=True, stdout=net)
    assert json.loads(net.getvalue()) == told()["safety_net"]
    call_command("verify_audit", stdout=StringIO())
    awaiting = Study.objects.filter(awaits_result=True)
    assert set(awaiting) == set(Study.objects.filter(result=None)) != set()
    assert tables() == previous.tables_of_today
    assert state(date.today()).objects == previous.objects_of_today  # noqa: DTZ011


def test_migrate_lets_people_through_and_says_whom_it_waits_for(
    previous: Previous, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LOCK_SECONDS": 0.2, "PAUSE_SECONDS": 0, "TRIES": 2}.items():
        monkeypatch.setattr(migrate, name, value)
    last = "0017_one_feed_of_a_name"
    call_command("migrate", "schedules", "0016", verbosity=0)
    said = StringIO()
    with closing(psycopg2.connect(previous.url)) as person, person.cursor() as busy:
        pid = person.info.backend_pid
        busy.execute("LOCK TABLE schedules_feed IN ROW EXCLUSIVE MODE")
        time.sleep(0.3)
        with pytest.raises(CommandError) as given_up:
            call_command("migrate", "schedules", last, stdout=said)
    why = str(given_up.value)
    assert f"schedules.{last} could not get its locks; nothing of it was done." in why
    assert f"process {pid} of surveillance, idle in transaction for " in why
    assert "Trying again, 1 times at most." in said.getvalue()

    call_command("migrate", "schedules", last, stdout=said)
    assert "OK" in said.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("ADD new int", None),
        ("ADD new int NOT NULL DEFAULT 0", None),
        ("ADD new int GENERATED ALWAYS AS IDENTITY", None),
        ("ALTER kept DROP NOT NULL", None),
        ("ADD new int NOT NULL", "a.new is needed, and only the new code knows of it"),
        ("DROP kept", "a.kept is gone, and the old code names it"),
        ("RENAME kept TO other", "a.kept is gone, and the old code names it"),
        ("ALTER kept TYPE bigint", "a.kept was integer and is bigint"),
        ("ALTER empty SET NOT NULL", "a.empty must be filled in, and the old code leaves it empty"),
        ("RENAME TO b", "a is gone"),
    ],
)
@pytest.mark.django_db
def test_what_breaks_the_old_code_is_found(change: str, says: str | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE a (kept int NOT NULL, empty int)")
        before = tables()
        cursor.execute(f"ALTER TABLE a {change}")
    assert (says in broken(before, tables())) if says else not broken(before, tables())


@pytest.mark.django_db
def test_what_the_old_code_is_refused_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE a (kept int UNIQUE)")
        cursor.execute("INSERT INTO a VALUES (1)")
        work = statements({"a": tables()["a"]})
        assert refused(work) == {}
        cursor.execute("ALTER TABLE a ADD CHECK (kept > 1) NOT VALID")
        assert refused(work).keys() == {"enter a", "change a"}
