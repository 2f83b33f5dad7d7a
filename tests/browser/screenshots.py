"""Pictures of the demo for README and guides. The day and the data are fixed, so that a picture
changes when a page does and at no other time.
"""

import argparse
import base64
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self
from unittest.mock import patch

import django
from playwright.sync_api import Page, ViewportSize, sync_playwright

from surveillance.embedded import environment
from surveillance.translations import compile_translations

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
NOW = datetime(2026, 6, 15, 8, 30, tzinfo=UTC)  # a Monday, half past nine at the demo's clinic
SEED = 1
QUALITY = 65  # of WebP: letters stay sharp
PASSWORD = "demo-only-password"


@dataclass(frozen=True)
class Picture:
    """What one of the demo's people sees after following some links from an address."""

    name: str
    of: str
    address: str
    links: tuple[str, ...] = ()
    search: str = ""  # what is searched for first
    dark: bool = False


PICTURES = (
    Picture("today", "nurse", "/"),
    Picture("to-book", "nurse", "/worklists/to-book/"),
    Picture("book", "nurse", "/worklists/to-book/", ("Book",)),
    Picture("overdue", "clinician", "/worklists/overdue/"),
    Picture("decide", "clinician", "/worklists/overdue/", ("Decide",)),
    Picture("patient", "clinician", "/patients/", ("Published",), "CASE-1"),
    Picture("patient-dark", "clinician", "/patients/", ("Published",), "CASE-1", dark=True),
    Picture("inbox", "clinician", "/inbox/"),
    Picture("safety-net", "clinician", "/safety-net/"),
    Picture("protocol", "clinician", "/protocols/ct-chest-abdomen-3m/1/"),
    Picture("figures", "clinician", "/figures/"),
    Picture("exports", "admin", "/exports/"),
)
# Each with what its pictures' names end in.
SCREENS: dict[str, ViewportSize] = {
    "": {"width": 1366, "height": 768},
    "-phone": {"width": 390, "height": 844},
}


class Stopped(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOW.timestamp(), tz)


@contextmanager
def stage() -> Iterator[str]:
    """The demo on throwaway servers, on a day that does not pass. Gives its address."""
    compile_translations()
    with environment(throwaway=True), ExitStack() as ends:
        os.environ["DJANGO_SETTINGS_MODULE"] = "surveillance.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # see tests/browser/conftest.py
        django.setup()
        from django.core.management import call_command
        from pytest_django.live_server_helper import LiveServer

        from reminders.actions import sweep

        call_command("migrate", verbosity=0)
        call_command("load_protocols", verbosity=0)
        call_command("seed_demo", seed=SEED, today=NOW.date(), verbosity=0)
        clock = ends.enter_context(patch("django.utils.timezone.now"))
        for days in (3, 2, 1, 0):
            clock.return_value = NOW - timedelta(days=days)
            sweep()
        # “2 hours ago” asks a clock of its own.
        ends.enter_context(patch("django.contrib.humanize.templatetags.humanize.datetime", Stopped))
        server = LiveServer("localhost")
        ends.callback(server.stop)
        yield server.url


def take(page: Page, path: Path) -> None:
    """Save what the screen shows as WebP: a third of a PNG."""
    shot = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY}
    )
    path.write_bytes(base64.b64decode(shot["data"]))


def visit(page: Page, picture: Picture) -> None:
    page.emulate_media(color_scheme="dark" if picture.dark else "light")
    page.goto(picture.address)
    if picture.search:
        page.get_by_role("searchbox").fill(picture.search)
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    for link in picture.links:
        starts = re.compile(rf"^\s*{link}\b")
        page.locator("main a, main summary", has_text=starts).first.click()
    page.wait_for_load_state("networkidle")  # what opens in place is there, too


def main() -> None:
    from tests.browser.chromium import chromium

    parser = argparse.ArgumentParser(prog="bin/screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these pictures", metavar="NAME")
    names = set(parser.parse_args().names)
    FOLDER.mkdir(exist_ok=True)
    with (
        stage() as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium()) as browser,
    ):
        for suffix, screen in SCREENS.items():
            for user in ("nurse", "clinician", "admin"):
                with browser.new_context(base_url=address, viewport=screen) as context:
                    page = context.new_page()
                    page.goto("/sign-in/")
                    page.get_by_label("Username").fill(user)
                    page.get_by_label("Password").fill(PASSWORD)
                    page.get_by_role("button", name="Sign in").click()
                    for picture in PICTURES:
                        if picture.of == user and (not names or picture.name in names):
                            visit(page, picture)
                            take(page, FOLDER / f"{picture.name}{suffix}.webp")


if __name__ == "__main__":
    main()
