"""What the guides print in bold is what pages say: the names of buttons, links, fields and tabs."""

import re
from pathlib import Path

import pytest

from tests.unit.test_translations import catalogue, texts

GUIDES = sorted((Path(__file__).resolve().parents[2] / "docs" / "guides").glob("*.md"))
PLACE = re.compile(r"%\(\w+\)[sd]")


def said_by_pages() -> list[re.Pattern[str]]:
    """The texts of the product, with anything at the places where something is filled in.

    One that is but places and punctuation would fit whatever a guide says.
    """
    found = (
        one
        for message in texts(catalogue())
        for one in ([message.id] if isinstance(message.id, str) else message.id)
        if not PLACE.search(one) or re.search(r"[A-Za-z]{4}", PLACE.sub("", one))
    )
    return [
        re.compile(".+".join(map(re.escape, PLACE.split(one.strip(".")))), re.IGNORECASE)
        for one in found
    ]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_what_a_guide_prints_in_bold_is_what_a_page_says(guide: Path) -> None:
    bold = re.findall(r"\*\*(.+?)\*\*", guide.read_text(encoding="utf-8"), re.DOTALL)
    words = {" ".join(one.split()) for one in bold}
    pages = said_by_pages()

    assert len(words) > 30
    assert {one for one in words if not any(text.fullmatch(one) for text in pages)} == set()
