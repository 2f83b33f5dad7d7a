"""What one cell of a list says. What is no value, or could be two, is refused with the reason."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any
from unicodedata import category, normalize

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import override

from patients.fields import SAID
from patients.typed_days import NotADay, read_day

Read = Callable[[str], Any]

SAFE = ("'=", "'+", "'-", "'@")  # how an export keeps a spreadsheet from running a text
FAULTS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"}  # of a spreadsheet
JOINERS = "\u200c\u200d"  # which some scripts need within a word
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00(?:\.0+)?)?$")


def plain(cell: str) -> str:
    """Return a cell without blanks around it.

    Raises:
        ValidationError: it holds what cannot be seen, or what a spreadsheet could not work out.
    """
    text = cell.strip()
    if text.startswith(SAFE):
        text = text[1:]
    if text.isascii() and text.isprintable():
        if text in FAULTS:
            raise ValidationError(_("The spreadsheet has put an error here instead of a value."))
        return text
    for one in text:
        if one == "\ufffd":
            raise ValidationError(_("A character was lost here: the file was saved wrongly."))
        if one in "\r\n":
            raise ValidationError(_("There is a line break in this cell."))
        if category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and one not in JOINERS:
            raise ValidationError(
                _("A character that cannot be seen is in this cell: %(code)s.")
                % {"code": f"U+{ord(one):04X}"}
            )
    return text


def fold(text: str) -> str:
    """Return a text without the width, the case, the blanks and the marks of its letters."""
    return "".join(one for one in normalize("NFKC", text).casefold() if one.isalnum())


def shown(value: str) -> str:
    """Return what was typed, cut off where it is long, and with what cannot be seen as a blank."""
    text = "".join(one if one.isprintable() else " " for one in value[:200])
    return Truncator(text).chars(60)


def text(most: int) -> Read:
    def read(typed: str) -> str:
        if len(typed) > most:
            raise ValidationError(_("This is longer than %(most)s characters.") % {"most": most})
        return typed

    return read


def email(typed: str) -> str:
    validate_email(text(254)(typed))
    return typed


def code(pattern: str, example: str) -> Read:
    def read(typed: str) -> str:
        found = normalize("NFKC", typed).upper()
        if not re.fullmatch(pattern, found):
            raise ValidationError(
                _("This is no such code: write it such as %(example)s.") % {"example": example}
            )
        return found

    return lru_cache(4096)(read)


def whole(least: int, most: int, *, unit: str = "") -> Read:
    def read(typed: str) -> int:
        found = normalize("NFKC", typed).casefold().removesuffix(unit).strip()
        if not re.fullmatch("[0-9]{1,4}", found) or not least <= int(found) <= most:
            raise ValidationError(
                _("Write a whole number from %(least)s to %(most)s.")
                % {"least": least, "most": most}
            )
        return int(found)

    return lru_cache(4096)(read)


def listed(most: int) -> Read:
    def read(typed: str) -> list[str]:
        items = [item for part in re.split("[,;、，；]", typed) if (item := part.strip())]
        return [text(most)(item) for item in items]

    return read


def one_of(choices: type[models.TextChoices], also: Mapping[str, str]) -> Read:
    """Read a choice by its code, by its words in any language of the product, or `also` by others.

    `also` holds words as `fold` leaves them, each with the code that it means.
    """

    @cache
    def words() -> dict[str, Any]:
        known: dict[str, Any] = {word: choices(code) for word, code in also.items()}
        for choice in choices:
            for language in ("en", "ja"):
                with override(language):
                    known[fold(str(choice.label))] = choice
            known[fold(str(choice.value))] = choice
        known.pop("", None)
        return known

    def read(typed: str) -> Any:
        try:
            return words()[fold(typed)]
        except KeyError as error:
            allowed = _(", ").join(str(label) for label in choices.labels)
            raise ValidationError(
                _("Write one of these: %(allowed)s.") % {"allowed": allowed}
            ) from error

    return lru_cache(4096)(read)


@lru_cache(2**15)
def day(typed: str, *, day_first: bool) -> date:
    """Read a day. Of digits alone whose day and month could change places it is none.

    Unless somebody has said that in this file the day comes first.
    """
    try:
        # No year of two digits is known: a birth of 26 and an operation of 26 are a century apart.
        return read_day(_MIDNIGHT.sub("", typed), many_hands=not day_first, two_digits=range(0))
    except NotADay as refused:
        raise ValidationError(
            SAID[refused.why] % {"typed": shown(typed), **refused.read}
        ) from refused
