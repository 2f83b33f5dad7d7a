"""What is still true of what people are told."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from patients.queries import ClinicDay
from reminders.models import Message
from schedules.queries import overdue_and_unbooked, to_book


def still_true(days: Sequence[ClinicDay]) -> QuerySet[Message]:
    """Return the messages whose slot is still on the list that they tell of."""
    return Message.objects.filter(
        Q(reminder__slot__in=to_book(days).order_by())
        | Q(alert__slot__in=overdue_and_unbooked(days).order_by())
    )
