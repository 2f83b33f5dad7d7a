"""A person's browser, as far as a walk without JavaScript needs one: cookies, links and forms."""

from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener

from bs4 import BeautifulSoup, Tag


class Browser:
    def __init__(self, base: str) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.address = base
        self.status = 0
        self.body = ""

    @property
    def page(self) -> BeautifulSoup:
        return BeautifulSoup(self.body, "html.parser")

    @property
    def text(self) -> str:
        return self.page.get_text(" ", strip=True)

    def open(self, address: str, data: dict[str, str] | None = None) -> None:
        """Open an address, relative to the present one, as a GET or with `data` as a POST."""
        target = urljoin(self.address, address)
        try:
            answer = self._opener.open(
                target, urlencode(data).encode() if data is not None else None, timeout=30
            )
        except HTTPError as refused:
            answer = refused
        with answer:
            self.address, self.status = answer.url, answer.status
            self.body = answer.read().decode()

    def follow(self, link: str) -> None:
        """Follow the first link whose text begins with `link`; the page's own come first."""
        for anchor in self.page.select("main a") + self.page.select("nav a"):
            if anchor.get_text(" ", strip=True).startswith(link):
                self.open(str(anchor["href"]))
                return
        raise AssertionError(f"no link “{link}” on {self.address}")

    def submit(self, button: str, **fields: str) -> None:
        """Fill in `fields` and press the first button whose text begins with `button`."""
        for form in self.page.find_all("form"):
            pressed = form.find("button")
            if pressed and pressed.get_text(" ", strip=True).startswith(button):
                self.open(str(form.get("action") or self.address), _values(form) | fields)
                return
        raise AssertionError(f"no button “{button}” on {self.address}")

    def sign_in(self, name: str, password: str) -> None:
        self.open("/sign-in/")
        self.submit("Sign in", login=name, password=password)


def _values(form: Tag) -> dict[str, str]:
    """What the form would send as it stands, but for checkboxes and radio buttons."""
    values = {
        str(field["name"]): str(field.get("value", ""))
        for field in form.find_all("input")
        if field.get("name") and field.get("type") not in ("checkbox", "radio")
    }
    for select in form.find_all("select"):
        chosen = select.find("option", selected=True) or select.find("option")
        values[str(select["name"])] = str(chosen.get("value", "")) if chosen else ""
    return values
