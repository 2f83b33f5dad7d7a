from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.integration.reminders.mail_server import MailServer, send_to


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A mail server that all mail goes to."""
    with MailServer() as server:
        send_to(settings, server.port)
        yield server
