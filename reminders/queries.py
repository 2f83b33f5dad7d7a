"""What was said and what waits, by clinic."""

from collections.abc import Iterable

from django.db.models import QuerySet

from patients.models import Clinic
from reminders.models import Hold, Message, Notice


def notices_of(clinics: Iterable[Clinic]) -> QuerySet[Notice]:
    """Return the notices of the clinics' patients, the latest first."""
    return (
        Notice.objects.filter(patient__clinic__in=clinics)
        .select_related("rule", "patient__clinic", "slot", "booking__slot", "result__study")
        .order_by("-raised_at", "-pk")
    )


def messages_of(clinics: Iterable[Clinic]) -> QuerySet[Message]:
    """Return the clinics' messages, the latest first."""
    return (
        Message.objects.filter(clinic__in=clinics)
        .select_related("clinic", "hold")
        .order_by("-queued_at", "-pk")
    )


def open_holds(clinics: Iterable[Clinic]) -> QuerySet[Hold]:
    return Hold.objects.filter(clinic__in=clinics, decided_at=None).order_by("at")
