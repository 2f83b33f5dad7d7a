"""axe-core's look at a page: what stands between it and somebody who sees, hears or types less."""

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.person import NARROW

WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# What depends on the colours; all else is the same in the dark.
OF_COLOUR = ("color-contrast", "link-in-text-block")


def violations(page: Page, rules: Sequence[str] = (), *, within: str = "html") -> list[str]:
    """Return what breaks WCAG 2.2 A and AA, or just `rules`: each with its element and the reason.

    `within` is the part of the page that is looked at, such as a menu that lies over the rest.

    The script is evaluated from outside the page, where the content security policy has no say.
    """
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG_22_AA}
    options = {
        "runOnly": only,
        "resultTypes": ["violations"],
        **({} if rules else {"rules": {"target-size": {"enabled": True}}}),  # off unless asked for
    }
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} – {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def looks_right(page: Page) -> None:
    """Hold a page that is open to axe's rules in light and dark, and to a narrow screen."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, OF_COLOUR) == []
    size = page.viewport_size
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert size
    page.set_viewport_size(size)
