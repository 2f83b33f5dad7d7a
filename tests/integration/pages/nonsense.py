"""Forms as a browser sends them, filled with what no field can mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bs4 import Tag
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from tests.integration.pages.reading import Page, text_of

TYPED = "textarea, select, input:not([type=hidden], [type=submit], [readonly])"
BY_MEANS_OF_THE_BROWSER = ("date", "month")  # which sends a day or nothing
NONSENSE = "nonsense" * 200


@dataclass(frozen=True)
class Sent:
    """A form of a page, what was sent with it, and the page that came back."""

    on: str  # the name of the page's address
    to: str  # the name of the address that it was sent to
    told: dict[str, Any]
    page: Page

    def __str__(self) -> str:
        return f"{self.on} → {self.to} ({list(self.told)[-1]})"

    def faults(self) -> Iterator[str]:
        """Yield what somebody would miss who must find and mend what they typed."""
        page = self.page
        if page.status != 200:
            yield f"answered {page.status}"
            return
        if not page.title.startswith("Error: "):
            yield f"the title is “{page.title}”"
        summary = page.document.select_one("main .error-summary")
        if summary is None:
            yield "no summary of what is wrong"
            return
        invalid = page.document.select("[aria-invalid=true]")
        if len(summary.find_all_next(attrs={"aria-invalid": "true"})) != len(invalid):
            yield "the summary does not stand on top"
        for link in summary.select("a"):
            if not page.document.select_one(f"[id='{str(link['href'])[1:]}']"):
                yield f"“{text_of(link)}” leads nowhere"
        for field in invalid:
            if not self._told_of(field, summary):
                yield f"what is wrong with {field['name']} is not said at it and in the summary"
        if not invalid and not summary.select("li"):
            yield "nothing says what is wrong"
        yield from (f"{name} is not kept" for name in self._lost())

    def _told_of(self, field: Tag, summary: Tag) -> bool:
        """Say whether a field is described by its error, and the summary leads to it."""
        is_one_of_many = field.get("type") in ("radio", "checkbox")
        whole = field.find_parent("fieldset") if is_one_of_many else field
        if whole is None:
            return False
        described_by = str(whole.get("aria-describedby", "")).split()
        ids = [one for one in described_by if one.endswith("_error")]
        said = [self.page.document.select_one(f"[id='{one}']") for one in ids]
        leads = {str(link["href"])[1:] for link in summary.select("a")}
        names = {str(one.get("id")) for one in [whole, *whole.select("[id]")]}
        return bool(said and all(said) and leads & names)

    def _lost(self) -> Iterator[str]:
        kept: dict[str, set[str]] = {}
        for field in self.page.document.select("main textarea, main input"):
            value = field.text if field.name == "textarea" else str(field.get("value", ""))
            kept.setdefault(str(field.get("name")), set()).add(value.strip())
        for name, value in self.told.items():
            if value == NONSENSE and value not in kept.get(name, ()) and "password" not in name:
                yield name


def send_nonsense(client: Client, page: Page, address: str, seen: set[str]) -> Iterator[Sent]:
    """Send each form of a page in which something can be typed, but for those `seen` before."""
    on = name_of(address)
    for form in page.document.select("main form"):
        to = str(form.get("action") or address)
        fields = form.select(TYPED) + page.document.select(f"[form='{form.get('id')}']")
        told: dict[str, Any] = {
            str(field["name"]): str(field.get("value", ""))
            for field in form.select("input[type=hidden]")
        }
        typed = {
            str(field["name"]): _nonsense(field)
            for field in fields
            if not str(field["name"]).endswith("-DELETE")  # what is ticked off is not looked at
        }
        if not any(typed.values()):
            continue
        told |= typed
        button = form.select_one("button[name]")
        if button:
            told[str(button["name"])] = str(button.get("value", ""))
        mark = f"{on} {name_of(to)} {sorted(told)}"
        if mark not in seen:
            seen.add(mark)
            send = client.post if form.get("method") == "post" else client.get
            yield Sent(on, name_of(to), told, Page(send(to, told)))


def name_of(address: str) -> str:
    return resolve(urlsplit(address).path).url_name or ""


def _nonsense(field: Tag) -> str | SimpleUploadedFile:
    kind = field.get("type", "text")
    if kind == "file":
        return SimpleUploadedFile("nonsense.csv", b"\x81\x8d\x00\xff")
    if field.name == "select" or kind in ("radio", "checkbox"):
        return "none of these"
    return "" if kind in BY_MEANS_OF_THE_BROWSER else NONSENSE
