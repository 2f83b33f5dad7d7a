"""Whom to follow, what to break unseen, and what the comparison then finds."""

from datetime import datetime

from django.db import connection

from patients.actions import agree_to_messages
from patients.models import Clinic, ContactBy, Language
from reminders.reconciliation import compare
from schedules.models import Slot
from tests.factories import ClinicFactory, PatientFactory, ScheduleFactory, UserFactory
from tests.integration.reminders.days import moment

NOON = moment(5, 1, hour=13)  # the slot of `follow` was overdue from 30 April


def follow(clinic: Clinic | None = None, *, agrees: bool = False) -> Slot:
    """Return the first slot of a new patient: due on 15 April, overdue from the 30th."""
    patient = PatientFactory.create(clinic=clinic or ClinicFactory.create())
    if agrees:
        agree_to_messages(
            patient=patient,
            contact_by=ContactBy.EMAIL,
            email="patient@example.org",
            language=Language.ENGLISH,
            by=UserFactory.create(),
            at=moment(1, 20),
        )
    return ScheduleFactory.create(anchor__tumour__patient=patient).slots.get(n=1)


def differences(at: datetime = NOON) -> dict[str, int]:
    return {one.what: one.count for one in compare(at).differences}


def unseen(statement: str) -> None:
    """Change rows without a trigger that would tell of it, as a restored table or a bug does."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")
