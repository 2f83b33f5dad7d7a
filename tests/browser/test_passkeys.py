"""Passkeys, with an authenticator that Chromium plays, and the pages of the second factor."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, expect

from surveillance.accounts.models import User
from tests.browser.axe import looks_right
from tests.browser.person import PASSWORD, Person

SET_UP = "/account/second-factor/"


@pytest.fixture
def finger(somebody: Person) -> Iterator[CDPSession]:
    """A keeper of passkeys in the computer, whose owner puts a finger on it when asked."""
    session = somebody.page.context.new_cdp_session(somebody.page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield session
    session.detach()


def test_a_passkey_is_added_signs_in_and_proves_who_one_is(
    somebody: Person, finger: CDPSession, nurse: User
) -> None:
    page = somebody.page
    somebody.sign_in(nurse)
    page.goto(SET_UP)
    somebody.follow("Add a passkey")
    page.get_by_label("Name").fill("Ward computer")
    looks_right(page)
    somebody.press("Add a passkey")

    expect(somebody.heading).to_have_text("Recovery codes")
    codes = page.locator(".codes code")
    expect(codes).to_have_count(10)
    code = codes.first.inner_text()
    looks_right(page)

    somebody.press("Sign out")
    looks_right(page)
    somebody.press("Use a passkey")
    expect(somebody.heading).to_have_text("Today’s work")

    # With the password the passkey is the second factor, or a recovery code is.
    somebody.press("Sign out")
    page.goto("/account/")
    page.get_by_label("Username").fill(nurse.username)
    page.get_by_label("Password").fill(PASSWORD)
    somebody.press("Sign in")
    expect(somebody.heading).to_have_text("Second factor")
    looks_right(page)
    somebody.press("Use a passkey")
    expect(somebody.heading).to_have_text("Your account")

    somebody.press("Sign out")
    page.get_by_label("Username").fill(nurse.username)
    page.get_by_label("Password").fill(PASSWORD)
    somebody.press("Sign in")
    page.get_by_label("Code of the app, or a recovery code").fill(code)
    somebody.press("Sign in")
    expect(somebody.heading).to_have_text("Today’s work")

    # Who refuses the finger is told, and stays.
    page.goto("/account/again/passkey/?next=" + SET_UP)
    looks_right(page)
    somebody.press("Use a passkey")
    expect(somebody.heading).to_have_text("Second factor")
    somebody.follow("Remove “Ward computer”")
    looks_right(page)
    somebody.press("Remove")
    expect(page.get_by_text("Ward computer")).to_have_count(0)
    expect(page.get_by_role("heading", name="Recovery codes")).to_have_count(0)


def test_who_refuses_a_passkey_is_told_and_may_sign_in_otherwise(
    somebody: Person, finger: CDPSession
) -> None:
    somebody.page.goto("/sign-in/")
    somebody.press("Use a passkey")  # there is none

    expect(somebody.page.get_by_text("No passkey was used.")).to_be_visible()
