"""How rules and pictures speak to people: in whole sentences that somebody else may translate.

They know no Django, and no language but the one that they are written in. `speak` says, once at
the start, who translates what they say and writes their days; until then it is English.
"""

from collections.abc import Iterable
from datetime import date
from functools import reduce


class Tongue:
    """English, as the sentences are written; another one overrides all of it."""

    def text(self, text: str) -> str:
        return text

    def counted(self, one: str, many: str, count: int) -> str:
        return one if count == 1 else many

    def long_date(self, day: date) -> str:
        """As in a sentence: 5 March 2026."""
        return f"{day.day} {day:%B} {day.year}"

    def short_date(self, day: date) -> str:
        """As in a table: 5 Mar 2026."""
        return f"{day.day} {day:%b} {day.year}"

    def month(self, day: date) -> str:
        """As on an axis: Mar 2026."""
        return f"{day:%b} {day.year}"


_tongue = Tongue()


def speak(tongue: Tongue) -> None:
    """Say from now on everything in this tongue."""
    global _tongue
    _tongue = tongue


# Named as the tools name them that gather texts for the translators.


def gettext(text: str) -> str:
    """Return a text as the person at the screen reads it; its named places are filled after."""
    return _tongue.text(text)


def gettext_noop(text: str) -> str:
    """Mark a text that `gettext` will be asked for later, by its value."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text that fits the count."""
    return _tongue.counted(one, many, count)


def long_date(day: date) -> str:
    """Return `day` as people write it in a sentence: 5 March 2026."""
    return _tongue.long_date(day)


def short_date(day: date) -> str:
    """Return `day` as people write it in a table: 5 Mar 2026."""
    return _tongue.short_date(day)


def month(day: date) -> str:
    """Return the month of `day` as an axis has room for: Mar 2026."""
    return _tongue.month(day)


def both(words: Iterable[str]) -> str:
    """Join with an “and” before each further one: chest and abdomen and pelvis."""
    return reduce(
        lambda first, second: (
            gettext("%(first)s and %(second)s") % {"first": first, "second": second}
        ),
        words,
    )


def listed(words: Iterable[str]) -> str:
    """Join by commas: chest, abdomen, pelvis."""
    return gettext(", ").join(words)
