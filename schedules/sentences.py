"""Sentences that the software itself stores, read in the language of whoever asks.

They are stored in English, so that all programs read the same. Whoever stores one fills its places
here; a page finds it again by its words. What people have written is shown as it stands.
"""

import re
from contextlib import suppress
from datetime import date, datetime

from django.utils.translation import gettext

from schedules.rules.wording import long_date
from schedules.wording import in_source_language

_PLACE = re.compile(r"%\\\((\w+)\\\)s")
_HOLDS = {  # places of these names; all others may hold anything
    "day": r"\d{1,2} [A-Z][a-z]+ \d{4}|\d{4}-\d\d-\d\d",
    "time": r"\d\d:\d\d",
    "count": r"\d+",
}


def stored(sentence: str, **places: object) -> str:
    """Return a sentence, to be stored."""
    with in_source_language():
        return sentence % {
            name: long_date(place) if isinstance(place, date) else str(place)
            for name, place in places.items()
        }


class Sentences:
    """Sentences marked for the translators; of two that fit what was stored, the first counts.

    A place may hold one more of these sentences.
    """

    def __init__(self, *sentences: str) -> None:
        self._found = {
            sentence: re.compile(_PLACE.sub(_pattern, re.escape(sentence)), re.DOTALL)
            for sentence in sentences
        }

    def read_again(self, said: str) -> str:
        """Return what was stored in the language of whoever asks, if the software wrote it."""
        for sentence, words in self._found.items():
            if found := words.fullmatch(said):
                places = {
                    name: self._place(name, place) for name, place in found.groupdict().items()
                }
                return gettext(sentence) % places
        return gettext(said) if said else ""

    def _place(self, name: str, said: str) -> str:
        return _day(said) if name == "day" else self.read_again(said)


def _pattern(place: re.Match[str]) -> str:
    return f"(?P<{place[1]}>{_HOLDS.get(place[1], '.+')})"


def _day(said: str) -> str:
    for form in ("%d %B %Y", "%Y-%m-%d"):  # as `long_date` writes it in English, and as ISO 8601
        with suppress(ValueError):
            return long_date(datetime.strptime(said, form).date())  # noqa: DTZ007 - a day has no zone
    return said  # somebody wrote the like of it
