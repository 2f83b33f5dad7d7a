"""Gives a test run its own servers. Loaded by "-p" in pyproject.toml."""

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from surveillance.embedded import EmbeddedError, environment
from surveillance.translations import compile_translations

SERVERS = pytest.StashKey[ExitStack]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Starts them before pytest-django reads the settings, hence a wrapper."""
    compile_translations()
    servers = early_config.stash[SERVERS] = ExitStack()
    early_config.add_cleanup(servers.close)
    before = dict(os.environ)
    try:
        servers.enter_context(environment(throwaway=True))
    except EmbeddedError as error:
        raise pytest.UsageError(str(error)) from error
    for name in os.environ.keys() - before.keys():
        servers.callback(os.environ.pop, name, None)
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Stops them where the tests run in other processes, which inherit none and start their own."""
    config.stash[SERVERS].close()
