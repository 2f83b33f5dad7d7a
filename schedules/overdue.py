"""The list of overdue exams as an address asks for it, and as a page shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Self
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from patients.paging import By, page_after
from patients.queries import ClinicDay, clinics_of
from schedules import queries
from schedules.models import Slot
from schedules.ranking import rank_of, ranked
from schedules.rules.risk import Rank
from schedules.worklists import Row, rows


class Show(StrEnum):
    OVERDUE = "overdue"
    DEFERRED = "deferred"


class Order(StrEnum):
    RANK = "rank"
    LATENESS = "lateness"


LATEST = By("latest_on", date.fromisoformat)
ORDERS = {
    (Show.OVERDUE, Order.RANK): (By("score", int, descending=True), LATEST),
    (Show.OVERDUE, Order.LATENESS): (LATEST,),
    (Show.DEFERRED, Order.RANK): (By("until", date.fromisoformat), LATEST),
    (Show.DEFERRED, Order.LATENESS): (LATEST,),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of the list an address asks for; what it does not know it takes for the usual."""

    show: Show
    order: Order
    on: str
    after: str

    @classmethod
    def by(cls, told: Mapping[str, str]) -> Self:
        return cls(
            show=Show.DEFERRED if told.get("show") == Show.DEFERRED else Show.OVERDUE,
            order=Order.LATENESS if told.get("order") == Order.LATENESS else Order.RANK,
            on=told.get("on", ""),
            after=told.get("after", ""),
        )

    def parameters(self, **changes: str) -> dict[str, str]:
        """Return what an address must say to ask for this, without what is usual."""
        usual = {"show": Show.OVERDUE, "order": Order.RANK}
        told = {"show": self.show, "order": self.order, "on": self.on, "after": self.after}
        return {
            name: str(value)
            for name, value in (told | changes).items()
            if value and str(value) != usual.get(name)
        }

    def address(self, **changes: str) -> str:
        return reverse("overdue", query=self.parameters(**changes))


@dataclass(frozen=True, slots=True)
class Case:
    """One exam on the list: its row, why it stands there, and where to decide about it."""

    row: Row
    rank: Rank
    address: str  # it says what to show afterwards

    @property
    def tick(self) -> str:
        """What a tick says: which exam, and which decision on it was shown last."""
        return f"{self.row.slot.public_id}_{self.row.seen}"


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list."""

    cases: list[Case]
    pages: Mapping[str, Any]  # those beside it, as `_pages.html` shows them


def listed(asked: Asked, days: list[ClinicDay]) -> Listed:
    """Return the page that was asked for.

    Raises:
        BadRequest: the page is to follow a place that is none.
    """
    order = ORDERS[asked.show, asked.order]
    among = queries.slots_of(clinics_of(days))
    page = page_after(part(asked.show, days), order, asked.after, among=among)
    table = rows(page.rows, days)
    cases = []
    for row, following in zip_longest(table, table[1:]):
        landing = asked.parameters()
        if following:
            landing["next"] = str(following.slot.public_id)
        elif page.after:
            landing["then"] = page.after
        address = reverse("review", args=[row.slot.public_id], query=landing)
        cases.append(Case(row, rank_of(row.slot, row.on), address))
    return Listed(cases, page.turns(lambda after: asked.address(after=after)))


def counts(days: list[ClinicDay]) -> dict[str, int]:
    """Return how many exams each part of the list holds."""
    return {show.value: _slots_of_part(show, days).count() for show in Show}


def landing(told: Mapping[str, str]) -> str:
    """Return the address of the list at the piece of work that follows the one just done."""
    asked = Asked.by(told)
    address = asked.address(after=told["then"]) if told.get("then") else asked.address()
    try:
        return f"{address}#slot-{UUID(told['next'])}" if "next" in told else address
    except ValueError:
        return address


def part(show: Show, days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return a part of the list, each exam with its rank."""
    return ranked(_slots_of_part(show, days), days)


def _slots_of_part(show: Show, days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    return queries.deferred(days) if show == Show.DEFERRED else queries.overdue(days)
