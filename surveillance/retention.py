"""What is kept long enough: texts of messages are forgotten, patients are named to be erased.

A person erases a patient (`erase_patient`); nothing here does.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest, TruncDate

from patients.models import Patient
from reminders.models import Message, MessageState
from schedules.models import Schedule
from schedules.rules.months import add_months

OVER = (MessageState.SENT, MessageState.FAILED, MessageState.WITHDRAWN)


def old_texts(at: datetime) -> QuerySet[Message]:
    """Return the messages that are over since so long that nobody needs their text any more."""
    until = at - timedelta(days=settings.MESSAGE_TEXT_DAYS)
    return Message.objects.filter(state__in=OVER, queued_at__lt=until).exclude(body="")


def forget_texts(at: datetime) -> int:
    """Empty those; that something was sent, when and to whom, stays. Return how many they were."""
    return old_texts(at).update(subject="", body="", last_error="")


def patients_over(on: date) -> QuerySet[Any]:
    """Return the patients of whom nothing new has come for as long as the hospital keeps records.

    Each with `last_on`: the last day of a study, of a follow-up, of their life or of registration.
    """
    live = Schedule.objects.filter(tumour__patient=OuterRef("pk"), state__in=Schedule.LIVE)
    of_patient = Patient.objects.filter(~Exists(live)).annotate(
        last_on=Greatest(
            TruncDate("registered_at"),
            F("died_on"),
            Max("studies__performed_on"),
            TruncDate(Max("tumours__schedules__ended_at")),
        )
    )
    until = add_months(on, -12 * settings.RETENTION_YEARS)
    return of_patient.filter(Q(last_on__lt=until)).order_by("last_on", "pk")
