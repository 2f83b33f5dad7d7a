"""What the protocols that come with the software say of themselves, in other languages.

They are stored in English, so that all programs read the same. A sentence is found by its words, so
that a clinic's own version keeps the language of what it did not change. Citations and quotations
stay as their source has them.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

FOLDER = Path(__file__).parent / "protocols"


def read_again(said: str) -> str:
    """Return a protocol's words in the language of whoever asks; as they stand if it has none."""
    return _words().get(get_language() or "", {}).get(said, said)


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in FOLDER.glob("*.toml"):
        protocol: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        for language, words in protocol.get("words", {}).items():
            for field, translated in words.items():
                found.setdefault(language, {})[protocol[field]] = translated
    return found
