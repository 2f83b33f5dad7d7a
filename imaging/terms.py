"""The words of a study's texts and what each says, read from the files of `terms/`.

A file holds a language: tables named after a member of `Says`, in them a region or several
joined by "+", and under that the words, parted by commas. `any` stands for no region; a member of
`Says` without a table has its words at once. All files are one vocabulary, since a hospital mixes
languages: no word may say two things. Codes stand in `codes.toml` in the same form.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from imaging.regions import NO_REGION, Region, Regions

_HERE = Path(__file__).parent


class Says(StrEnum):
    """What a word, or a code, says of a study."""

    # These name regions.
    REGION = "region"
    ADJECTIVE = "adjective"  # goes with the spine where it stands beside it: thoracic
    ABBREVIATION = "abbreviation"  # names several regions in a few letters: CAP
    # These name something else, or less than a region.
    SPINE = "spine"
    ORGAN = "organ"  # the region in which it lies, if it stands for an exam of that region
    LIMITED = "limited"
    SIDE = "side"
    GUIDANCE = "guidance"
    ANGIOGRAPHY = "angiography"
    SCREENING = "screening"
    PLANNING = "planning"
    PET = "pet"
    OTHER_MODALITY = "other_modality"
    NOISE = "noise"
    AMBIGUOUS = "ambiguous"
    VAGUE = "vague"  # says no more than a word that nobody knows: trunk
    # These name nothing.
    CT = "ct"
    CONTRAST = "contrast"
    LINK = "link"
    RANGE = "range"
    WITHOUT = "without"  # before a region: that one was left out
    WO = "wo"  # before a region: left out, or without contrast
    TAKEN_BACK = "taken_back"  # after a region: that one was left out
    DISEASE = "disease"  # why, not where
    COMPLAINT = "complaint"  # of a region, which need not be the one of the exam
    PAST = "past"  # before a region: what is known of it, which need not be the exam
    NEUTRAL = "neutral"
    CUT_OFF = "cut_off"  # could be several words, of which one takes away
    UNKNOWN = "unknown"


NAMING = frozenset({Says.REGION, Says.ADJECTIVE, Says.ABBREVIATION})
HOLDING = frozenset(
    {
        Says.CT,
        Says.CONTRAST,
        Says.LINK,
        Says.RANGE,
        Says.WITHOUT,
        Says.TAKEN_BACK,
        Says.DISEASE,
        Says.COMPLAINT,
        Says.PAST,
        Says.NEUTRAL,
    }
)
# Words of which one anywhere leaves a text unsure, whatever else it says.
TAKES_AWAY = frozenset(
    {
        Says.WO,
        Says.GUIDANCE,
        Says.ANGIOGRAPHY,
        Says.SCREENING,
        Says.PLANNING,
        Says.PET,
        Says.OTHER_MODALITY,
        Says.LIMITED,
        Says.SIDE,
        Says.NOISE,
        Says.AMBIGUOUS,
        Says.CUT_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word says, and the regions that it says it of."""

    says: Says
    regions: Regions = NO_REGION


class Token(NamedTuple):
    """A word of Latin letters, a number, or one sign of any other script."""

    text: str
    before: str = ""  # what parts it from the token before it


_CAPITAL_IN_A_WORD = re.compile(r"(?<=[a-z]{2})(?=[A-Z](?:[a-z]|[A-Z]+\b))")
_TOKEN = re.compile(r"[a-z]+|[0-9]+|~|[^\W\d_a-z]|\d")
# What stands for ~ between ideographs: 胸-骨盤 holds no 胸骨, and the key for - gives ー there.
_DASH = re.compile("(?<=[\u4e00-\u9fff])(?:[-ー]| - )(?=[\u4e00-\u9fff])")
_ALIKE = str.maketrans("〜→⇒‐‑‒–—−頚ł", "~~~------頸l")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text: NFKC, small letters, no accents on Latin ones."""
    text = normalize("NFKC", _CAPITAL_IN_A_WORD.sub(" ", text)).casefold()
    bare = "".join(sign for sign in normalize("NFD", text) if not "\u0300" <= sign <= "\u036f")
    text = _DASH.sub("~", normalize("NFC", bare).translate(_ALIKE))
    found = []
    end = 0
    for match in _TOKEN.finditer(text):
        found.append(Token(match.group(), text[end : match.start()]))
        end = match.end()
    return found


def key(text: str) -> tuple[str, ...]:
    """Return the form in which a term is looked up."""
    return tuple(token.text for token in tokens(text))


@cache
def vocabulary() -> Mapping[tuple[str, ...], Meaning]:
    """Return what each term says, by its tokens.

    Raises:
        ValueError: a term says two things, or is none.
    """
    known: dict[tuple[str, ...], Meaning] = {}
    for path in sorted((_HERE / "terms").glob("*.toml")):
        for term, meaning in _entries(_read(path)):
            tokens_of_it = key(term)
            if not tokens_of_it or known.setdefault(tokens_of_it, meaning) != meaning:
                raise ValueError(f"{path.name}: {term} says {known.get(tokens_of_it)} elsewhere")
    return known


@cache
def codes(of: str) -> Mapping[str, Meaning]:
    """Return what each code says as "scheme code", of a `procedure` or of the `anatomy`."""
    return dict(_entries(_read(_HERE / "codes.toml")[of]))


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entries(tables: dict[str, Any]) -> Iterator[tuple[str, Meaning]]:
    for says, table in tables.items():
        by_region = table if isinstance(table, dict) else {"any": table}
        for regions, terms in by_region.items():
            named = (Region(name) for name in regions.split("+") if name != "any")
            meaning = Meaning(Says(says), frozenset(named))
            for term in terms.split(","):
                yield " ".join(term.split()), meaning
