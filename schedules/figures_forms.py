"""For which months, protocol and clinic the figures are asked for."""

import re
from calendar import monthrange
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.fields import AddressDateField
from patients.models import Clinic
from schedules.booking_forms import FilterForm
from schedules.rules.months import add_months

USUAL_MONTHS = 12
MOST_MONTHS = 60
YEARS = range(1950, 2151)


class MonthField(forms.CharField):
    """A month, written as YYYY-MM; its value is the month's first day."""

    widget = forms.TextInput(attrs={"type": "month"})

    def clean(self, value: Any) -> date:
        told = super().clean(value)
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", told, re.ASCII):
            raise ValidationError(_("Write a month as year and month, such as 2026-04."))
        return _in_reach(date(int(told[:4]) or 1, int(told[5:]), 1))


class FiguresForm(FilterForm):
    """What stands in the address; what it leaves out is the last twelve months, all of them."""

    def __init__(self, data: QueryDict, *, clinics: list[Clinic], today: date) -> None:
        # What is missing or empty is the usual, and the fields show it.
        usual = {"from": f"{add_months(today, 1 - USUAL_MONTHS):%Y-%m}", "to": f"{today:%Y-%m}"}
        told = data.copy()
        for name, value in usual.items():
            if not told.get(name, "").strip():
                told[name] = value
        super().__init__(told, clinics=clinics)
        kept: dict[str, forms.Field] = {
            name: self.fields[name] for name in ("clinic", "protocol") if name in self.fields
        }
        self.fields = {
            "from": MonthField(label=gettext_lazy("Due from month")),
            "to": MonthField(label=gettext_lazy("To month")),
            **kept,
            "on": AddressDateField(label=gettext_lazy("As of"), required=False),
        }

    def clean_on(self) -> date | None:
        on: date | None = self.cleaned_data["on"]
        return _in_reach(on) if on else None

    def clean(self) -> None:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if not first or not last:
            return
        if last < first:
            self.add_error("to", _("This month is before the first one."))
        elif (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
            self.add_error("to", _("Ask for %(count)s months at most.") % {"count": MOST_MONTHS})

    @property
    def first(self) -> date:
        """The first day of the period."""
        day: date = self.cleaned_data["from"]
        return day

    @property
    def last(self) -> date:
        """The last day of the period."""
        month: date = self.cleaned_data["to"]
        return month.replace(day=monthrange(month.year, month.month)[1])


def _in_reach(day: date) -> date:
    if day.year not in YEARS:
        raise ValidationError(
            _("Write a year from %(first)s to %(last)s.") % {"first": YEARS[0], "last": YEARS[-1]}
        )
    return day
