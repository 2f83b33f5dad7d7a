"""What rules and pictures say, translated by Django into the language of the request."""

from datetime import date

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, override

from schedules.rules.wording import Tongue


class DjangoTongue(Tongue):
    """The language that is active now, with its own way to write a day."""

    def text(self, text: str) -> str:
        return gettext(text) if text else ""

    def counted(self, one: str, many: str, count: int) -> str:
        return ngettext(one, many, count)

    def long_date(self, day: date) -> str:
        return date_format(day, "DATE_FORMAT")

    def short_date(self, day: date) -> str:
        return date_format(day, "SHORT_DATE_FORMAT")

    def month(self, day: date) -> str:
        return date_format(day, gettext("M Y"))


def in_source_language() -> override:
    """Return a context in which a text is made that is stored: all who read it read the same."""
    return override(settings.LANGUAGE_CODE)
