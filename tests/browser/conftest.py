"""A real browser on the real pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import HOW, chromium
from tests.browser.person import DESK, Person

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not chromium():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, and not only to who asks for reasons, that these tests did not run."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", ())
        if report.nodeid.startswith("tests/browser/")
    ]
    if skipped and not chromium():
        terminalreporter.write_line(
            f"{len(skipped)} browser tests skipped: no Chromium on this machine; {HOW}.",
            yellow=True,
        )


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here; each person gets a session of their own in it."""
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright keeps an event loop running in this thread, in which Django then refuses to
        # ask the database. Nothing here is asynchronous: the loop waits while a test asks.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with playwright.chromium.launch(executable_path=chromium()) as browser:
            yield browser


@pytest.fixture
def somebody(browser: Browser, live_server: LiveServer) -> Iterator[Person]:
    """Someone at a screen, not signed in yet."""
    with browser.new_context(base_url=live_server.url, viewport=DESK) as context:
        yield Person(context.new_page())
