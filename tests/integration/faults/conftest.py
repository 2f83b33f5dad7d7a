"""Servers for these tests alone, and the rows of the table of what was injected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from pytest_django import DjangoDbBlocker, Settings

from surveillance.settings import env
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Crew, crew
from tests.integration.faults.reckoning import Reckoning
from tests.integration.faults.servers import Servers
from tests.integration.faults.table import ROW
from tests.unguarded import unguarded

HERE = Path(__file__).parent
TAKE_LONGEST = ("test_workers.py", "test_servers.py", "test_clocks.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.long)
    # What takes longest begins first, so that no process is left with it alone.
    items.sort(key=lambda item: item.path.parent != HERE or item.path.name not in TAKE_LONGEST)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A PostgreSQL with the product's tables, and a Valkey."""
    folder = tmp_path_factory.mktemp("faults")
    servers = Servers(folder)
    try:
        yield servers
    finally:
        servers.discard()


@pytest.fixture(scope="session")
def _post_office() -> Iterator[PostOffice]:
    with PostOffice() as post_office:
        yield post_office


@pytest.fixture
def post_office(_post_office: PostOffice, settings: Settings) -> PostOffice:
    """The mail server that everything goes to: empty, and in a good mood."""
    _post_office.reset()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _post_office.port
    return _post_office


@pytest.fixture(scope="module")
def _tables(servers: Servers, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Our own PostgreSQL in place of the test run's."""
    theirs = dict(connections.settings["default"])
    connection.close()
    connections.settings["default"].update(env.db_url_config(servers.database_url))
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        yield
        connection.close()
    connections.settings["default"].update(theirs)


@pytest.fixture(autouse=True)
def database(_tables: None) -> Iterator[None]:
    """Empty tables."""
    with unguarded(), connection.cursor() as cursor:
        kept = {"django_migrations", "django_content_type", "auth_permission"}
        tables = set(connection.introspection.table_names(cursor)) - kept
        cursor.execute(f"TRUNCATE {', '.join(sorted(tables))} CASCADE")
    yield
    connection.close()


@pytest.fixture
def processes(servers: Servers, post_office: PostOffice, tmp_path: Path) -> Iterator[Crew]:
    """Where workers and beats come from."""
    environment = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": "only-for-this-test-" * 3,
        "EMAIL_URL": f"smtp://127.0.0.1:{post_office.port}",
        "DEFAULT_FROM_EMAIL": "surveillance@example.org",
        "SITE_URL": "https://surveillance.example.org",
        "SWEEP_EVERY_SECONDS": "1",
    }
    servers.flush_valkey()
    with crew(environment, tmp_path) as people:
        yield people


@pytest.fixture
def reckoning(request: pytest.FixtureRequest, post_office: PostOffice) -> Iterator[Reckoning]:
    """The row that a test adds to the table."""
    reckoning = Reckoning(request.node.name, post_office)
    yield reckoning
    request.node.user_properties.append((ROW, reckoning.row))
