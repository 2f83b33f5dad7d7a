"""The safety net: the union of what the apps say of those whom nobody has in hand."""

from collections.abc import Sequence
from itertools import groupby

from django.db.models import QuerySet

import imaging.safety
import reminders.safety
import schedules.safety
from patients.models import Clinic, Patient
from patients.queries import ClinicDay
from patients.safety import FallenThrough, Gap


def fallen_through(days: Sequence[ClinicDay]) -> dict[Gap, list[FallenThrough]]:
    """Return all who have fallen through on their clinic's day, by gap, the oldest first."""
    apps = (schedules.safety, imaging.safety, reminders.safety)
    found = [row for app in apps for row in app.fallen_through(days)]
    order = list(Gap)
    found.sort(
        key=lambda row: (order.index(row.gap), row.since, row.patient.pk if row.patient else 0)
    )
    return {gap: list(rows) for gap, rows in groupby(found, key=lambda row: row.gap)}


def followed(clinics: Sequence[Clinic]) -> QuerySet[Patient]:
    """Return the living patients of these clinics who have a follow-up, or had one."""
    return Patient.objects.filter(
        clinic__in=clinics, died_on=None, tumours__schedules__isnull=False
    ).distinct()
