"""The list of what is to be booked, as an address asks for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from patients.models import Clinic
from patients.naming import site_name
from patients.paging import By, PageOf, page_after
from patients.queries import ClinicDay, clinics_of
from patients.search import with_name_or_mrn
from schedules import queries
from schedules.models import Contact, ListName, SavedView, Slot
from schedules.rules.protocol import Contrast
from surveillance.accounts.models import User

FILTERS = ("clinic", "within", "protocol", "site", "contrast", "order")
LATEST = By("latest_on", date.fromisoformat)
ORDERS = {"": (LATEST,), "due": (By("due_on", date.fromisoformat), LATEST)}


class Show(StrEnum):
    TO_BOOK = ""
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: which part, which slots, as of which day, after which place."""

    told: Mapping[str, str]

    @classmethod
    def by(cls, told: Mapping[str, str]) -> "Asked":
        """Read an address. What is in it beside this is left out, so it can be handed on."""
        names = (*FILTERS, "show", "on", "after")
        return cls({name: told[name].strip() for name in names if told.get(name, "").strip()})

    @property
    def show(self) -> Show:
        return Show.SNOOZED if self.told.get("show") == Show.SNOOZED else Show.TO_BOOK

    @property
    def is_filtered(self) -> bool:
        return any(name in self.told for name in FILTERS if name != "order")

    @property
    def filters(self) -> str:
        """What a saved view keeps of it."""
        return urlencode({name: self.told[name] for name in FILTERS if name in self.told})

    def parameters(self, **changes: str) -> str:
        """Return what stands behind the path of an address, from the ? on; empty for the usual."""
        told = {name: value for name, value in {**self.told, **changes}.items() if value}
        return f"?{urlencode(told)}" if told else ""

    def address(self, **changes: str) -> str:
        return reverse("to-book") + self.parameters(**changes)


@dataclass(frozen=True, slots=True)
class View:
    """A saved view beside what is asked for."""

    saved: SavedView
    address: str
    is_in_use: bool


def views_of(user: User, asked: Asked) -> list[View]:
    """Return what a person has saved of the list, by name, each for the part that is shown."""
    return [
        View(
            saved,
            Asked.by(QueryDict(saved.query)).address(show=asked.show),
            saved.query == asked.filters,
        )
        for saved in SavedView.objects.filter(user=user, list=ListName.TO_BOOK).order_by("name")
    ]


def page_of(
    asked: Asked, filters: Mapping[str, Any], days: list[ClinicDay], q: str = ""
) -> PageOf[Slot]:
    """Return a page of the list; `filters` are those of the address, cleaned, `q` what is sought.

    Raises:
        BadRequest: the page is to follow a place that is none.
    """
    among = queries.slots_of(clinics_of(days))
    slots = listed(asked.show, filters, days)
    if q:
        slots = with_name_or_mrn(slots, q, "schedule__tumour__patient__")
    order = ORDERS[filters.get("order", "")]
    return page_after(slots, order, asked.told.get("after", ""), among=among)


def listed(show: Show, filters: Mapping[str, Any], days: list[ClinicDay]) -> QuerySet[Slot]:
    """Return a part of the list, as far as the filters let it through."""
    if filters.get("clinic"):
        days = _of(filters["clinic"], days)
    slots = queries.snoozed(days) if show == Show.SNOOZED else queries.to_book(days)
    return with_contacts(_filtered(slots, filters, days))


def with_contacts(slots: QuerySet[Slot]) -> QuerySet[Slot]:
    """Fetch the calls of each slot with it, the last one first."""
    return slots.prefetch_related(
        Prefetch("contacts", Contact.objects.order_by("-id").select_related("by"))
    )


def _of(clinic: Clinic, days: Iterable[ClinicDay]) -> list[ClinicDay]:
    return [ClinicDay([clinic], day.on, day.begins_at) for day in days if clinic in day.clinics]


def _filtered(
    slots: QuerySet[Slot], filters: Mapping[str, Any], days: Iterable[ClinicDay]
) -> QuerySet[Slot]:
    if filters.get("within") is not None:
        within = filters["within"]
        slots = slots.filter(
            queries.on_its_day(days, lambda day: Q(due_on__lte=_days_after(day.on, within)))
        )
    if filters.get("protocol"):
        slots = slots.filter(schedule__protocol__code=filters["protocol"])
    if filters.get("site"):
        slots = slots.filter(_site(filters["site"], slots))
    if filters.get("contrast"):
        slots = slots.filter(_contrast(Contrast(filters["contrast"])))
    return slots


def _site(typed: str, slots: QuerySet[Slot]) -> Q:
    """A site is meant as it is stored, or as it is named in the reader's language."""
    site = "schedule__tumour__site"
    found = Q(**{f"{site}__icontains": typed})
    if typed.isascii():  # as every name in English, which is what is stored
        return found
    stored = slots.order_by().values_list(site, flat=True).distinct()
    return found | Q(**{f"{site}__in": [one for one in stored if typed in site_name(one)]})


def _contrast(contrast: Contrast) -> Q:
    """The name of an exam says it last: see `rules.protocol.Exam.key`."""
    stated = {
        one: Q(exam__endswith=f" {one} contrast") for one in (Contrast.WITH, Contrast.WITHOUT)
    }
    if contrast in stated:
        return stated[contrast]
    return ~stated[Contrast.WITH] & ~stated[Contrast.WITHOUT]


def _days_after(on: date, days: int) -> date:
    return on + timedelta(days=min(days, (date.max - on).days))
