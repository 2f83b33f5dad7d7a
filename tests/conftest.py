"""What holds for every test."""

import logging
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings
from django.utils import translation

from tests.integration.faults.table import print_faults
from tests.logs import PEOPLE, Kept
from tests.unguarded import empty_tables_quickly


def pytest_configure() -> None:
    # The demo's people sign in often; a slow hash would only cost time here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    print_faults(terminalreporter)


# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def kept_log() -> Iterator[Kept]:
    """What production would have written since the last test."""
    kept = Kept()
    logging.getLogger().addHandler(kept)
    yield kept
    logging.getLogger().removeHandler(kept)


@pytest.fixture(autouse=True)
def no_log_tells_of_a_patient(kept_log: Kept) -> Iterator[None]:
    """Grep the log of every test for those whom the tests have entered."""
    yield
    assert PEOPLE.findall(kept_log.taken()) == []


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """A request leaves its language behind in the thread; the next test starts without."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Let tables be emptied after a test, those of the audit too; elsewhere nobody may do that."""
    empty_tables_quickly()
