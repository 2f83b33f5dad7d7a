"""The packages of the image, as requirements/base.txt locks them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "base.txt"


def names() -> list[str]:
    """Each package once, also those that only some versions of Python or systems need."""
    found = re.findall(r"^([\w.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(set(found))
