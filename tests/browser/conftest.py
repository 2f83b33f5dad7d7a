"""A real browser on the real pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.browser.chromium import HOW, chromium
from tests.browser.person import DESK, Person
from tests.browser.scene import NAMES
from tests.factories import ClinicFactory
from tests.integration.pages.scene import member

HERE = Path(__file__).parent
expect.set_options(timeout=15_000)  # milliseconds; a machine may have much else to do


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


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def has_javascript(request: pytest.FixtureRequest) -> bool:
    """Asked for by what must work both ways."""
    return bool(request.param)


@pytest.fixture
def somebody(
    browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Person]:
    """Someone at a screen, not signed in yet; at the end the console must have been silent."""
    runs = "has_javascript" not in request.fixturenames or request.getfixturevalue("has_javascript")
    with browser.new_context(
        base_url=live_server.url, viewport=DESK, java_script_enabled=runs
    ) as context:
        person = Person(context.new_page())
        yield person
    assert person.complaints == []


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def nurse(clinic: Clinic) -> User:
    return member(clinic, Role.NURSE, NAMES[Role.NURSE])


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return member(clinic, Role.CLINICIAN, NAMES[Role.CLINICIAN])


@pytest.fixture
def administrator(clinic: Clinic) -> User:
    return member(clinic, Role.ADMINISTRATOR, NAMES[Role.ADMINISTRATOR])
