"""The embedded servers, shared and thrown away, through every kind of death."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg2
import pytest
import redis

from surveillance.embedded import EmbeddedError
from surveillance.embedded.account import hand_over
from surveillance.embedded.paths import server_home
from surveillance.embedded.postgres import Postgres
from surveillance.embedded.services import Services, services, throwaway_services
from surveillance.embedded.valkey import Valkey
from tests.integration.embedded.conftest import Holder

Hold = Callable[..., Holder]


def query(database_url: str, sql: str) -> object:
    """The single value that a statement returns."""
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def answer(found: Services) -> bool:
    """Whether both servers do their work."""
    with redis.Redis.from_url(found.redis_url) as client:
        return query(found.database_url, "SELECT 1") == 1 and bool(client.ping())


def is_stopped(found: Services, data_dir: Path) -> bool:
    """Whether neither server answers, and no process of theirs is left."""
    servers = (Postgres(data_dir), Valkey(data_dir))
    urls = (found.database_url, found.redis_url)
    folders = {str(server.folder) for server in servers}
    return not any(
        server.answers(url) for server, url in zip(servers, urls, strict=True)
    ) and not any(process.info["cwd"] in folders for process in psutil.process_iter(["cwd"]))


def server_pids(data_dir: Path) -> list[int]:
    """The main processes of both servers."""
    records = (data_dir / "postgres.json", data_dir / "valkey-server.json")
    return [json.loads(record.read_text())["pid"] for record in records]


def with_password(url: str, password: str) -> str:
    """The same address with another password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@127.0.0.1:{parts.port}"))


def test_closed_to_everyone_without_the_password(data_dir: Path) -> None:
    with services(data_dir) as found:
        assert answer(found)
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(with_password(found.database_url, "guessed"))
        with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
            psycopg2.connect(with_password(found.database_url, ""))
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=urlsplit(found.redis_url).port or 0).ping()

        secrets = [urlsplit(url).password or "" for url in (found.database_url, found.redis_url)]
        for pid in server_pids(data_dir):
            process = psutil.Process(pid)
            assert not any(secret in " ".join(process.cmdline()) for secret in secrets)
            listening = [c for c in process.net_connections("inet") if c.status == "LISTEN"]
            assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
            assert not [c for c in process.net_connections("unix") if c.laddr]
        for record in data_dir.glob("*.json"):
            assert record.stat().st_mode & 0o777 == 0o600


def test_set_up_the_same_everywhere(data_dir: Path) -> None:
    with services(data_dir) as found:
        assert query(found.database_url, "SHOW server_encoding") == "UTF8"
        assert query(found.database_url, "SHOW timezone") == "UTC"
        assert query(found.database_url, "SELECT upper('é')") == "É"
        with redis.Redis.from_url(found.redis_url, decode_responses=True) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_data_outlives_a_stop(data_dir: Path) -> None:
    with services(data_dir) as found, redis.Redis.from_url(found.redis_url) as client:
        query(found.database_url, "CREATE TABLE kept AS SELECT 7 AS n; SELECT 1")
        client.set("kept", 7)
    assert is_stopped(found, data_dir)
    with services(data_dir) as found, redis.Redis.from_url(found.redis_url) as client:
        assert query(found.database_url, "SELECT n FROM kept") == 7
        assert client.get("kept") == b"7"


def test_the_last_one_out_stops_them(data_dir: Path, hold: Hold) -> None:
    first = hold()
    with services(data_dir) as found:
        assert found == first.services
        first.leave()
        assert answer(found)
    assert is_stopped(found, data_dir)


def test_a_killed_users_servers_are_taken_over(data_dir: Path, hold: Hold) -> None:
    killed = hold()
    killed.kill()
    with services(data_dir) as found:
        assert found == killed.services
        assert answer(found)
    assert is_stopped(found, data_dir)


def test_killed_servers_are_started_again(data_dir: Path, hold: Hold) -> None:
    killed = hold()
    query(killed.services.database_url, "CREATE TABLE survivor AS SELECT 7 AS n; SELECT 1")
    killed.kill()
    for pid in server_pids(data_dir):
        os.kill(pid, signal.SIGKILL)
    with services(data_dir) as found:
        assert answer(found)
        assert query(found.database_url, "SELECT n FROM survivor") == 7


def test_a_stranger_with_the_recorded_number_is_left_alone(
    data_dir: Path, stranger: subprocess.Popen[bytes]
) -> None:
    with services(data_dir):
        lock = server_home(data_dir) / "postgres" / "postmaster.pid"
        left_by_a_crash = lock.read_text().split("\n")
    left_by_a_crash[0] = str(stranger.pid)
    lock.write_text("\n".join(left_by_a_crash))
    hand_over(lock)
    for record in (data_dir / "postgres.json", data_dir / "valkey-server.json"):
        record.write_text(json.dumps(json.loads(record.read_text()) | {"pid": stranger.pid}))

    with services(data_dir) as found:
        assert answer(found)
    assert stranger.poll() is None


def test_a_failed_start_is_one_clear_line(data_dir: Path) -> None:
    with services(data_dir):
        pass
    version = server_home(data_dir) / "postgres" / "PG_VERSION"
    real = version.read_text()
    version.write_text("9.6\n")
    with pytest.raises(EmbeddedError) as failure, services(data_dir):
        pass
    version.write_text(real)
    said = str(failure.value)
    assert said.startswith("PostgreSQL did not start: ")
    assert "incompatible" in said
    assert said.endswith(f"(log: {data_dir}/log/postgres.log)")
    assert "\n" not in said


def test_throwaway_servers_leave_nothing(data_dir: Path) -> None:
    with throwaway_services(data_dir) as first, throwaway_services(data_dir) as second:
        assert first.database_url != second.database_url
        assert answer(first)
        assert answer(second)
    for number, used in enumerate((first, second), start=1):
        folder = data_dir / f"throwaway-{number}"
        assert is_stopped(used, folder)
        assert not (server_home(folder) / "postgres").exists()


def test_a_killed_throwaway_is_cleared_by_the_next(data_dir: Path, hold: Hold) -> None:
    killed = hold("throwaway_services")
    query(killed.services.database_url, "CREATE TABLE left_over (); SELECT 1")
    killed.kill()
    with throwaway_services(data_dir) as fresh:
        assert query(fresh.database_url, "SELECT to_regclass('left_over')") is None
        assert not Postgres(data_dir).answers(killed.services.database_url)
    assert is_stopped(killed.services, data_dir / "throwaway-1")
