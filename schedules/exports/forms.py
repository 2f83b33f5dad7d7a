"""What people choose of a table before they take it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.fields import DateField
from patients.models import Clinic
from schedules.booking_forms import FilterForm
from schedules.exports.asked import Asked
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat


class ExportForm(FilterForm):
    """It begins with what the person took last of this table, or else with what is usual."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        table: ExportTable,
        clinics: list[Clinic],
        last: Mapping[str, Any],
    ) -> None:
        super().__init__(data, clinics=clinics)
        known = TABLES[table]
        self._table, self._clinics = table, clinics
        self.initial = {"format": FileFormat.XLSX.value, "columns": known.usual, **last}
        kept: dict[str, forms.Field] = {
            name: self.fields[name] for name in ("clinic", "protocol") if name in self.fields
        }
        day = known.named(known.day).label
        self.fields = {
            **kept,
            "state": forms.ChoiceField(
                label=str(known.named(known.state).label),
                required=False,
                choices=[("", _("Any")), *known.states],
            ),
            "first": DateField(label=gettext("%(day)s, from") % {"day": day}, required=False),
            "last": DateField(label=gettext("%(day)s, to") % {"day": day}, required=False),
            "format": forms.TypedChoiceField(
                label=_("File"),
                choices=FileFormat.choices,
                coerce=FileFormat,
                widget=forms.RadioSelect,
            ),
            "columns": forms.MultipleChoiceField(
                label=_("Which columns"),
                choices=[(column.name, column.label) for column in known.columns],
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Choose at least one column.")},
            ),
        }
        for name in ("first", "last"):
            typed = self.fields[name]
            assert isinstance(typed, DateField)
            typed.today = min(clinic.today() for clinic in clinics)

    def clean(self) -> None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", gettext("This day is before the first one."))

    @property
    def asked(self) -> Asked:
        """What is asked for, once the form is valid."""
        told = self.cleaned_data
        clinics = [told["clinic"]] if told.get("clinic") else self._clinics
        chosen = set(told["columns"])
        return Asked(
            table=self._table,
            file_format=told["format"],
            clinics=tuple(sorted(clinic.code for clinic in clinics)),
            columns=tuple(
                column.name for column in TABLES[self._table].columns if column.name in chosen
            ),
            protocol=told["protocol"],
            state=told["state"],
            first=told["first"],
            last=told["last"],
        )


def as_initial(detail: Mapping[str, Any], clinic: str) -> dict[str, Any]:
    """Return what a form begins with to ask for the same again; `clinic` is empty for all."""
    days = {name: detail.get(name) for name in ("first", "last")}
    return {
        "clinic": clinic,
        "protocol": detail.get("protocol", ""),
        "state": detail.get("state", ""),
        "format": detail["format"],
        "columns": detail["columns"],
        **{name: date.fromisoformat(day) for name, day in days.items() if day},
    }
