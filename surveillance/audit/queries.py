"""What the audit is asked."""

from typing import Any

from django.utils.translation import gettext as _

from surveillance.audit.actions import InClinic
from surveillance.audit.models import Event


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
