"""The probes: is the process alive, and does it have what it needs?"""

import socket
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def _without_redis(settings: Settings) -> Iterator[None]:
    """Its address is a port that is held, and where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        settings.CACHES = {
            name: cache | {"LOCATION": f"redis://127.0.0.1:{port}"}
            for name, cache in settings.CACHES.items()
        }
        yield


@pytest.mark.usefixtures("_without_redis")
def test_the_process_is_alive_without_database_and_redis(client: Client) -> None:
    answer = client.get("/healthz")  # the test is given no database

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_it_is_ready_with_database_migrations_and_redis_in_order(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "redis": "ok"})


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_redis")
def test_it_is_not_ready_while_redis_cannot_be_reached(client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "redis": "unreachable"})


@pytest.mark.django_db
def test_it_is_not_ready_while_a_migration_is_pending(client: Client) -> None:
    [the_last] = MigrationLoader(connection).graph.leaf_nodes("schedules")
    MigrationRecorder(connection).record_unapplied(*the_last)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        {"database": "migrations pending", "redis": "ok"},
    )
