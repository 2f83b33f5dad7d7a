"""What was taken before, for all who may take it; a person's next export begins with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from patients.models import Clinic
from schedules.exports.forms import as_initial
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat
from schedules.rules.wording import short_date
from surveillance.accounts.models import User
from surveillance.audit.models import Event

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """One export of one clinic."""

    event: Event

    @property
    def rows(self) -> Any:
        return self.event.detail.get("rows", self.event.detail.get("slots"))

    @property
    def what(self) -> str:
        detail = self.event.detail
        table = ExportTable(detail.get("table", ExportTable.SCHEDULES))
        return f"{table.label}, {FileFormat(detail.get('format', FileFormat.CSV)).label}"

    @property
    def only(self) -> str:
        """Which rows, in words; empty if it was all of them."""
        return ", ".join(_filters(self.event.detail))

    @property
    def again(self) -> str:
        """Where the same is asked for; empty for what nobody recorded as much of."""
        detail = self.event.detail
        if "columns" not in detail:
            return ""
        query = {"table": detail["table"], "again": self.event.public_id}
        return reverse("exports", query=query)


def latest(clinics: Iterable[Clinic]) -> list[Taken]:
    return [Taken(event) for event in _exports(clinics)[:SHOWN]]


def last_of(user: User, table: ExportTable, clinics: list[Clinic], *, again: str) -> dict[str, Any]:
    """Return what a form of this table begins with: as in the export `again`, if one is named, or
    as the user last took it. Nothing if there is no such export."""
    of_table = _exports(clinics).filter(detail__table=table.value, detail__has_key="columns")
    try:
        event = of_table.filter(public_id=UUID(again)).first()
    except ValueError:
        event = of_table.filter(by_id=user.public_id).first()
    if not event:
        return {}
    whole = event.detail.get("of_clinics", 1) > 1
    return as_initial(event.detail, "" if whole else event.clinic_code)


def _exports(clinics: Iterable[Clinic]) -> QuerySet[Event]:
    codes = [clinic.code for clinic in clinics]
    return Event.objects.filter(act="schedules.exported", clinic_code__in=codes).order_by("-at")


def _filters(detail: dict[str, Any]) -> Iterable[str]:
    if detail.get("protocol"):
        yield detail["protocol"]
    if detail.get("state"):
        states: dict[str, Promise | str] = dict(TABLES[ExportTable(detail["table"])].states)
        yield str(states.get(detail["state"], detail["state"]))
    if detail.get("first"):
        yield _("from %(day)s") % {"day": short_date(date.fromisoformat(detail["first"]))}
    if detail.get("last"):
        yield _("to %(day)s") % {"day": short_date(date.fromisoformat(detail["last"]))}
