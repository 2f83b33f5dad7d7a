"""Sentences that the software itself has stored, read in the language of whoever asks.

They are stored in English, so that all programs read the same. Whoever stores one fills its places
here; a page finds it again by its words. What people have written is shown as it stands.
"""

import re
from datetime import date, datetime

from django.utils.translation import gettext, gettext_noop

from schedules.rules.wording import long_date
from schedules.wording import in_source_language

REBASELINED = gettext_noop("Re-baseline: %(what)s on %(day)s")
GOES_ON = gettext_noop("Goes on under %(code)s version %(version)s")
BOOKED = gettext_noop("booked for %(day)s")
DEFERRED = gettext_noop("deferred until %(day)s")
IN_HAND = gettext_noop("%(person)s has it in hand")
_DAY = "%d %B %Y"  # as `long_date` writes it in English
_PLACE = re.compile(r"%\\\((\w+)\\\)s")
_FOUND = {
    sentence: re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(sentence)), re.DOTALL)
    for sentence in (REBASELINED, GOES_ON, BOOKED, DEFERRED, IN_HAND)
}


def stored(sentence: str, **places: object) -> str:
    """Return one of these sentences, to be stored."""
    with in_source_language():
        return sentence % {
            name: long_date(place) if isinstance(place, date) else str(place)
            for name, place in places.items()
        }


def read_again(said: str) -> str:
    """Return what was stored in the language of whoever asks, if the software wrote it."""
    for sentence, words in _FOUND.items():
        if found := words.fullmatch(said):
            places = {name: _place(name, place) for name, place in found.groupdict().items()}
            return gettext(sentence) % places
    return gettext(said) if said else ""


def _place(name: str, said: str) -> str:
    if name != "day":
        return gettext(said)
    try:
        return long_date(datetime.strptime(said, _DAY).date())  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return said  # somebody wrote the like of it
