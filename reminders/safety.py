"""Who has fallen through in the room of reminders: told of, and still in nobody's hands."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef

from patients.queries import ClinicDay
from patients.safety import FallenThrough, Gap
from reminders.models import Alert, MessageState
from reminders.queries import still_true
from schedules.models import Review
from schedules.queries import CLINIC, overdue_and_unbooked
from surveillance.accounts.roles import Act

TIME_TO_ANSWER = timedelta(days=7)


def fallen_through(days: Iterable[ClinicDay]) -> Iterator[FallenThrough]:
    """Yield the patients of alerts that nobody answered and of messages that nobody got."""
    for day in days:
        yield from _not_acknowledged(day)
        yield from _not_delivered(day)


def _not_acknowledged(day: ClinicDay) -> Iterator[FallenThrough]:
    """Alerts a week old that are still true, and that no clinician has reviewed since."""
    answered = Review.objects.filter(slot=OuterRef("slot"), at__gte=OuterRef("raised_at"))
    for alert in (
        Alert.objects.filter(
            ~Exists(answered),
            slot__in=overdue_and_unbooked([day]).order_by(),
            raised_at__lt=day.begins_at - TIME_TO_ANSWER,
        )
        .select_related(f"slot__{CLINIC}")
        .order_by("raised_at")
    ):
        yield FallenThrough(
            Gap.NOT_ACKNOWLEDGED,
            alert.slot.patient,
            alert.raised_at.astimezone(alert.slot.patient.clinic.zone).date(),
            str(alert.slot),
            Act.REVIEW,
            "overdue",
        )


def _not_delivered(day: ClinicDay) -> Iterator[FallenThrough]:
    """Messages that were given up, of what is still true."""
    failed = (
        still_true([day])
        .filter(state=MessageState.FAILED)
        .select_related(f"reminder__slot__{CLINIC}", f"alert__slot__{CLINIC}")
    )
    for message in failed:
        patient = message.slot.patient
        yield FallenThrough(
            Gap.NOT_DELIVERED,
            patient,
            message.next_try_at.astimezone(patient.clinic.zone).date(),
            f"{message.slot}: {message.last_error}",
            Act.SEE_PATIENTS,
            "patient",
        )
