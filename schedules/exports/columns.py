"""What a column of an export is, and how its value is written so that no spreadsheet runs it."""

from dataclasses import dataclass
from enum import Enum, auto

from django.utils.functional import Promise


class Kind(Enum):
    """What a column holds; it decides how each form of file writes it."""

    TEXT = auto()  # what somebody typed
    WORD = auto()  # one of the product's own words
    NUMBER = auto()  # a whole one
    DATE = auto()
    MOMENT = auto()
    FLAG = auto()
    TEXTS = auto()  # several, as somebody typed them
    WORDS = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the same in every language and file, and where its value comes from."""

    name: str
    label: Promise  # as a page calls it
    kind: Kind
    sql: str  # over the facts of the table
    is_usual: bool = True  # taken, unless somebody chooses otherwise


# What a cell begins with that a spreadsheet takes for a formula (OWASP: CSV injection). A Japanese
# input method writes the full-width signs, and some spreadsheets read them as the plain ones.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def runs(text: str) -> bool:
    """Whether a spreadsheet might take a cell's text for a formula."""
    return text.startswith(STARTS)


def safe_in_sql(text: str) -> str:
    """Return an expression of the text, with an apostrophe before what a spreadsheet might run.

    Without that apostrophe it is what was typed, also if that began with apostrophes of its own.
    Nothing typed is nothing, not an empty text.
    """
    starts = ", ".join(f"chr({ord(start)})" for start in STARTS)
    # Nearly all begin with a letter below the first full-width sign, which is seen at a glance.
    return (
        f"CASE WHEN {text} >= 'A' COLLATE \"C\" AND {text} < '＋' COLLATE \"C\" THEN {text} "
        f"WHEN left(ltrim({text}, ''''), 1) IN ({starts}) THEN '''' || {text} "
        f"ELSE nullif({text}, '') END"
    )
