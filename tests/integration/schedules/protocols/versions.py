"""What versions of a protocol ask for, and a day on which somebody is followed by one."""

from datetime import date
from typing import Any

import pytest

from patients.models import Clinic
from schedules.actions import record_study
from schedules.models import Schedule
from tests.factories import UserFactory, morning

TODAY = date(2026, 3, 20)
CT = {"modality": "CT", "regions": ["chest", "abdomen"]}


def phase(**changes: Any) -> dict[str, Any]:
    return {
        "after_month": 0,
        "up_to_month": 60,
        "every_months": 3,
        "opens_months_before": 1,
        "late_after_days": 14,
        "exams": [CT],
    } | changes


def travel(monkeypatch: pytest.MonkeyPatch, to: date) -> None:
    """Let it be that day in every clinic, for whoever does not ask about a moment."""
    by_moment = Clinic.today
    monkeypatch.setattr(
        Clinic, "today", lambda clinic, at=None: by_moment(clinic, at) if at else to
    )


def scan(schedule: Schedule, on: date) -> None:
    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=on,
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(12, 31),
    )
