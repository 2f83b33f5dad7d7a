"""No page shows a person a text that translators have not seen."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
READ_ALOUD = {"title", "aria-label", "placeholder", "alt", "aria-description"}

MARKED = re.compile(r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL)
COMMENT = re.compile(r"\{%\s*comment\b.*?\{%\s*endcomment\s*%\}|\{#.*?#\}", re.DOTALL)
EXTENDS = re.compile(r"\{%\s*extends\b.*?%\}")  # it names files
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# A text that a filter puts in where a value is missing, or that is cut out of a count.
IN_A_FILTER = re.compile(r"\|\s*(?:default|default_if_none|yesno|pluralize):\s*\"[^\"]*[^\W\d_]")
LETTER = re.compile(r"[^\W\d_]")


class Texts(HTMLParser):
    """Gathers what people read or hear of a page, each with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        for name, value in attrs:
            if name in READ_ALOUD and value:
                self._keep(value)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._keep(data)

    def _keep(self, words: str) -> None:
        if LETTER.search(words):
            self.found.append((self.getpos()[0], " ".join(words.split())))


def unmarked(source: str) -> Iterator[str]:
    """Yield each text of a template that stands outside the tags for translation."""
    for hidden in (COMMENT, MARKED, EXTENDS):
        source = hidden.sub(_as_many_lines, source)
    for number, line in enumerate(source.splitlines(), 1):
        yield from (f"{number}: {found}" for found in IN_A_FILTER.findall(line))
    texts = Texts()
    # A tag may hold quotes in the middle of an attribute's quotes: nothing of it must be left.
    texts.feed(TAG.sub(_as_many_lines, source))
    texts.close()
    yield from (f"{line}: {words}" for line, words in texts.found)


def _as_many_lines(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_every_text_of_a_template_is_marked_for_translation(path: Path) -> None:
    assert list(unmarked(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Nobody is late.</p>", ["1: Nobody is late."]),
        ('<p>{% translate "Nobody is late." %}</p>', []),
        ("<p>{% blocktranslate %}Late: {{ n }}{% endblocktranslate %}</p>", []),
        ('<a title="Of {{ patient }}">{{ patient }}</a>', ["1: Of"]),
        ('<a title="{% translate \'Of a patient\' %}" class="late">1 · 2</a>', []),
        ("{# a remark #}\n{% comment %}\none\n{% endcomment %}\n<p>\nLate</p>", ["5: Late"]),
        ("{% if late %}Late{% endif %}", ["1: Late"]),
        ("{{ n }} day{{ n|pluralize }}", ["1: day"]),
        ('{{ n|yesno:"late,in time" }}', ['1: |yesno:"late,in t']),
    ],
)
def test_it_is_found_wherever_it_stands(template: str, found: list[str]) -> None:
    assert [one[:20] for one in unmarked(template)] == [one[:20] for one in found]
