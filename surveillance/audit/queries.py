"""What the audit is asked."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from surveillance.audit.actions import InClinic
from surveillance.audit.models import Event, Look
from surveillance.audit.wording import page_in_words

LATEST = 30  # lines of a list: beside a long history a page of 100 kB has no room for more


@dataclass(frozen=True, slots=True)
class Trace:
    """That somebody changed something at a patient, or saw them somewhere."""

    at: datetime  # the last time, where there were several
    who: str
    what: str
    times: int = 1


def changes_of(patient: InClinic) -> list[Trace]:
    """Return who changed what at a patient: the latest `LATEST`, the latest first."""
    events = Event.objects.filter(patient_id=patient.public_id).order_by("-at", "-pk")[:LATEST]
    return [Trace(event.at, event.by_name, event.in_words) for event in events]


def looks_at(patient: InClinic, zone: tzinfo) -> list[Trace]:
    """Return who saw a patient where: the latest `LATEST`, the latest first.

    What one person saw at one page on one day of `zone` is one of them.
    """
    days = (
        Look.objects.filter(patient_ids__contains=[patient.public_id])
        .values("by_id", "by_name", "page", seen_on=TruncDate("at", tzinfo=zone))
        .annotate(last_at=Max("at"), times=Count("pk"))
        .order_by("-last_at", "by_name", "page")[:LATEST]
    )
    return [
        Trace(day["last_at"], day["by_name"], page_in_words(day["page"]), day["times"])
        for day in days
    ]


@dataclass(slots=True)
class Day:
    """That somebody saw a patient on one day, and where."""

    first_at: datetime
    last_at: datetime
    by_id: UUID | None
    who: str
    where: list[tuple[str, int]] = field(default_factory=list)  # the page, and how many times


def days_of_looks_at(patient: InClinic, zone: tzinfo) -> list[Day]:
    """Return each day of `zone` on which somebody saw a patient, the latest first."""
    looks = (
        Look.objects.filter(patient_ids__contains=[patient.public_id])
        .values("by_id", "by_name", "page", seen_on=TruncDate("at", tzinfo=zone))
        .annotate(first_at=Min("at"), last_at=Max("at"), times=Count("pk"))
        .order_by("-seen_on", "-last_at", "by_name", "page")
    )
    days: dict[tuple[Any, ...], Day] = {}
    for look in looks:
        who = look["by_name"]
        day = days.setdefault(
            (look["seen_on"], look["by_id"], who),
            Day(look["first_at"], look["last_at"], look["by_id"], who),
        )
        day.first_at = min(day.first_at, look["first_at"])
        day.where.append((page_in_words(look["page"]), look["times"]))
    return list(days.values())


def who_last(*acts: str, clinic_code: str, patient: InClinic | None = None, **detail: Any) -> str:
    """Return the name of whoever did one of `acts` last, with this `detail`; else “Somebody else”.

    To be asked inside the transaction that found out that somebody did.
    """
    event = last_event(*acts, clinic_code=clinic_code, patient=patient, **detail)
    return event.by_name if event else _("Somebody else")


def last_event(
    *acts: str, clinic_code: str, patient: InClinic | None = None, **detail: Any
) -> Event | None:
    """Return the last time that one of `acts` was done with this `detail`."""
    events = Event.objects.filter(act__in=acts, clinic_code=clinic_code)
    if patient:
        events = events.filter(patient_id=patient.public_id)
    for name, value in detail.items():
        events = events.filter(**{f"detail__{name}": str(value)})
    return events.order_by("-at", "-pk").first()
