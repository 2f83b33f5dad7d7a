"""Somebody without a mouse: Tab until what they want has the focus, then a key."""

from collections.abc import Mapping

from playwright.sync_api import Page, expect

from surveillance.accounts.models import User
from tests.browser.person import PASSWORD, Person

# What a press of Enter would act on, and how many pixels show that it has the focus.
FOCUS = """() => {
    const it = document.activeElement, style = getComputedStyle(it);
    return [
        it.type === 'checkbox' ? it.value
            : it.matches('input, select, textarea') ? it.name : it.textContent,
        it === document.body || style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    ];
}"""
MOST_STOPS = 90  # the days of a window are some sixty


def focus(page: Page) -> tuple[str, float]:
    words, outline = page.evaluate(FOCUS)
    return " ".join(words.split()), outline


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until what is called `name` has the focus; each stop on the way must be seen."""
    passed: list[str] = []
    while name not in passed[-1:]:
        page.keyboard.press(key)
        words, outline = focus(page)
        if passed[-1:] == [words]:
            continue  # a part of a date, which the browser marks itself
        passed.append(words)
        assert outline >= 2, passed  # past the last stop there is none
        assert len(passed) < MOST_STOPS, passed


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def type_in(page: Page, told: Mapping[str, str]) -> None:
    """Type into fields by their names, in the order of the page; what stood there goes."""
    for name, text in told.items():
        tab_to(page, name)
        page.keyboard.press("Control+A")
        page.keyboard.type(text)


def sign_in(person: Person, user: User) -> None:
    user.set_password(PASSWORD)
    user.save()
    page = person.page
    page.goto("/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(user.username)
    type_in(page, {"password": PASSWORD})
    page.keyboard.press("Enter")
    expect(person.heading).to_have_text("Today’s work")
