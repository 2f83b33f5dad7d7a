"""What the audit is asked."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Count, Max
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
