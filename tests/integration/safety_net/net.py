"""The safety net as it is asked for a day, and an act that closes a gap."""

from datetime import date, datetime

from patients.models import Clinic, Patient
from patients.queries import clinic_days
from patients.safety import FallenThrough, Gap
from schedules.actions import review
from schedules.models import Decision, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.safety_net import fallen_through


def listed(clinic: Clinic, on: date) -> list[FallenThrough]:
    return [row for rows in fallen_through(clinic_days([clinic], on=on)).values() for row in rows]


def gaps(clinic: Clinic, on: date) -> list[Gap]:
    return [row.gap for row in listed(clinic, on)]


def the_one(gap: Gap, clinic: Clinic, on: date) -> FallenThrough:
    [row] = [row for row in listed(clinic, on) if row.gap == gap]
    return row


def told(row: FallenThrough) -> tuple[date, list[Role], str]:
    return row.since, list(row.who), row.url


def page_of(patient: Patient) -> str:
    return f"/patients/{patient.public_id}/"


def decide(slot: Slot, by: User, decision: Decision = Decision.CHASE, *, at: datetime) -> None:
    until = date(2026, 9, 1) if decision == Decision.DEFER else None
    review(slot=slot, decision=decision, until=until, reason="A reason", by=by, at=at)
