"""Pages as a person reads them: by title, message, table, and what stands beside a field."""

from bs4 import BeautifulSoup, Tag
from django.http import HttpResponseBase


class Page:
    """One answer, read. What it is asked for and does not have fails the test."""

    def __init__(self, response: HttpResponseBase) -> None:
        self.status = response.status_code
        self.document = BeautifulSoup(response.getvalue(), "html.parser")

    @property
    def title(self) -> str:
        return self.text("title")

    @property
    def messages(self) -> list[str]:
        """What the page says of the act before it."""
        return [text_of(message) for message in self.document.select("[role=status] p")]

    @property
    def error_summary(self) -> list[str]:
        return [text_of(error) for error in self.document.select(".error-summary li")]

    def text(self, selector: str = "main") -> str:
        return text_of(self.find(selector))

    def find(self, selector: str) -> Tag:
        found = self.document.select_one(selector)
        assert found is not None, f"no {selector} on “{self.title}”"
        return found

    def link(self, words: str) -> str:
        """Where the first link leads that says `words`."""
        for link in self.document.select("a[href]"):
            if words in text_of(link):
                return str(link["href"])
        raise AssertionError(f"no link says “{words}” on “{self.title}”")

    def table(self, under: str = "") -> list[dict[str, str]]:
        """The rows of the first table below the heading that starts with `under`, by column."""
        for table in self.document.select("table"):
            heading = table.find_previous(["h1", "h2"])
            if isinstance(heading, Tag) and text_of(heading).startswith(under):
                columns = [text_of(cell) for cell in table.select("thead th")]
                return [
                    dict(zip(columns, map(text_of, row.select("td")), strict=True))
                    for row in table.select("tbody tr")
                ]
        return []

    def cases(self) -> list[dict[str, str]]:
        """What the cases of a list say: who, how late, what, why there, what was done about it."""
        parts = ("who", "late", "what", "why", "done", "decision")
        return [
            {part: text_of(case.select(f".case-{part}")[0]) for part in parts}
            for case in self.document.select(".case")
        ]

    def error_beside(self, field: str) -> str:
        """The errors by which a field is described, also to who cannot see it."""
        control = self.find(f"[name={field}]")
        described = control.find_parent("fieldset") or control
        if control.has_attr("aria-describedby"):
            described = control
        ids = str(described.get("aria-describedby", "")).split()
        return " ".join(self.text(f"#{name}") for name in ids if name.endswith("_error"))


def text_of(tag: Tag) -> str:
    """Return the text of an element with single spaces."""
    return " ".join(tag.get_text(" ").split())


def filled(form: Tag) -> dict[str, str]:
    """Return what a form sends as it stands, but for its buttons."""
    told = {
        str(field["name"]): str(field.get("value", "")) if field.name == "input" else field.text
        for field in form.select("input:not([type=radio], [type=checkbox]), textarea, [checked]")
    }
    for field in form.select("select"):
        chosen = field.select_one("option[selected]") or field.select_one("option")
        told[str(field["name"])] = str(chosen["value"]) if chosen else ""
    return told
