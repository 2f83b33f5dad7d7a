"""Someone at a screen: what they read, by role and label, and what they do."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, ViewportSize

from surveillance.accounts.models import User

DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 640}
PASSWORD = "a long enough pass phrase"
# Who begins to type before a page has put the cursor anywhere is not moved elsewhere: that is well.
TYPED_AT_ONCE = "Autofocus processing was blocked because a document already has a focused element."


class Person:
    """A person with a browser of their own. Whatever the console says is kept in `complaints`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.clicks = 0
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: str) -> None:
        if said != TYPED_AT_ONCE:
            self.complaints.append(said)

    def is_signed_in_as(self, user: User) -> None:
        """Carry the session of somebody who has signed in before."""
        client = Client()
        client.force_login(user)
        self.page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "domain": "localhost",
                    "path": "/",
                }
            ]
        )

    def sign_in(self, user: User) -> None:
        """Sign in at the page that asks for it."""
        user.set_password(PASSWORD)
        user.save()
        self.page.goto("/")
        self.page.get_by_label("Username").fill(user.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def follow(self, link: str) -> None:
        """Follow the link of that name; one in a closed menu is brought out first."""
        self.page.wait_for_load_state("domcontentloaded")  # half a page has not all its links yet
        found = self.page.get_by_role("link", name=link, exact=True).first
        if not found.count():
            self.page.get_by_role("navigation").get_by_text("More").click()
        found.click()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def click(self, what: Locator) -> None:
        """Click what is in sight as the page stands: nobody scrolls for it."""
        what.wait_for()
        box, screen = what.bounding_box(), self.page.viewport_size
        assert box is not None
        assert screen is not None
        assert 0 <= box["x"] <= screen["width"] - box["width"], box
        assert 0 <= box["y"] <= screen["height"] - box["height"], box
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.clicks += 1

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def told(self) -> Locator:
        """What the page says of the act before it."""
        return self.page.get_by_role("status")
