"""Gives a test run its own servers. Loaded by "-p" in pyproject.toml."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from surveillance.embedded import EmbeddedError, environment
from surveillance.translations import compile_translations


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Starts them before pytest-django reads the settings, hence a wrapper.

    When the tests run in several processes, each of these has its own; the first only hands out.
    """
    compile_translations()
    servers = ExitStack()
    early_config.add_cleanup(servers.close)
    try:
        servers.enter_context(environment(throwaway=True))
    except EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    return (yield)
