"""Fields of a form for days and times, which people type as they are used to.

What stands in an address is another matter: there a day is YYYY-MM-DD, whatever the language.
"""

from abc import ABC, abstractmethod
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.text import Truncator, format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from patients.typed_days import NotADay, Why, read_day, read_moment, read_time

YEARS_BACK, YEARS_AHEAD = 80, 19  # a hundred years: two digits are always one of them
OLDEST = 110  # years; of who is older the year of birth is typed whole
YEAR_FIRST = ("ja",)  # languages

SAID = {
    Why.UNREADABLE: _(
        "“%(typed)s” is no date that can be read. Write it such as 27 3 2026, 27 Mar 2026 or "
        "2026-03-27."
    ),
    Why.NO_SUCH_DAY: _(
        "“%(typed)s”: the calendar has no such day. It was read as day %(day)s, month %(month)s, "
        "year %(year)s."
    ),
    Why.NOT_OF_ERA: _("“%(typed)s”: this day is not of that era."),
    Why.ORDER: _(
        "“%(typed)s”: write the year first, such as 2026-03-27, so that day and month cannot be "
        "mixed up."
    ),
    Why.CENTURY: _("“%(typed)s” can be read in two ways. Write the year with four digits."),
    Why.YEAR: _("“%(typed)s”: the year %(year)s cannot be meant."),
    Why.TIME: _("“%(typed)s” has no time that can be read. Write it such as 9:30."),
}


class TypedField(forms.Field, ABC):
    """Text that is read; what cannot be read stays in its field, and the error names it."""

    example: str | Promise

    def __init__(self, *, help_text: str | Promise = "", **kwargs: Any) -> None:
        shown = format_lazy("{} {}", help_text, self.example) if help_text else self.example
        super().__init__(help_text=shown, **kwargs)  # type: ignore[arg-type]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"class": "typed", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        typed = str(value or "").strip()
        if not typed:
            return None
        try:
            return self.read(typed)
        except NotADay as refused:
            told = {"typed": Truncator(typed).chars(40), **refused.read}
            raise ValidationError(SAID[refused.why] % told) from refused

    @abstractmethod
    def read(self, typed: str) -> Any:
        """Return the value of what was typed.

        Raises:
            NotADay: it has none, or could have two.
        """

    @abstractmethod
    def in_words(self, value: Any) -> str:
        """Return how a value was read, to say it where the value is refused."""


class DateField(TypedField):
    """A day. `today`, the clinic's own, is what “today” means; without it the word is unknown."""

    example = _("For example 27 3 2026.")

    def __init__(self, *, is_birth: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_birth = is_birth
        self.today: date | None = None

    def prepare_value(self, value: Any) -> Any:
        return date_format(value, "SHORT_DATE_FORMAT") if isinstance(value, date) else value

    def read(self, typed: str) -> Any:
        return read_day(typed, **self._grammar())

    def in_words(self, value: Any) -> str:
        return date_format(value, "DATE_FORMAT")

    def _grammar(self) -> dict[str, Any]:
        year = timezone.now().year
        back, ahead = (OLDEST, 0) if self.is_birth else (YEARS_BACK, YEARS_AHEAD)
        return {
            "year_first": get_language() in YEAR_FIRST,
            "two_digits": range(year - back, year + ahead + 1),
            "today": self.today,
        }


class DateTimeField(DateField):
    """A day and a time, in the time zone that is active."""

    example = _("For example 27 3 2026 9:30.")

    def prepare_value(self, value: Any) -> Any:
        return date_format(value, "SHORT_DATETIME_FORMAT") if isinstance(value, date) else value

    def read(self, typed: str) -> datetime:
        return from_current_timezone(read_moment(typed, **self._grammar()))

    def in_words(self, value: Any) -> str:
        return date_format(value, "DATETIME_FORMAT")


class TimeField(TypedField):
    """A time of day."""

    example = _("For example 9:30.")

    def prepare_value(self, value: Any) -> Any:
        return time_format(value, "TIME_FORMAT") if isinstance(value, time) else value

    def read(self, typed: str) -> time:
        return read_time(typed)

    def in_words(self, value: Any) -> str:
        return time_format(value, "TIME_FORMAT")


class AddressDateField(forms.DateField):
    """A day that goes into an address: chosen by the browser's own means, written YYYY-MM-DD."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)


class DatedForm(forms.Form):
    """A form whose days may be typed as “today”: it is told which day that is at the clinic."""

    def __init__(self, *args: Any, today: date | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, DateField):
                field.today = today
