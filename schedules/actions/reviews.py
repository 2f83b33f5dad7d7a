"""Clinicians' decisions on overdue slots."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from schedules.actions.schedules import end
from schedules.actions.slots import check_to_be_done, lock
from schedules.models import Decision, EndReason, Review, Slot
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.worklists import close_exam
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def review(
    *,
    slot: Slot,
    decision: Decision,
    by: User,
    until: date | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> Review:
    """Record a clinician's decision on an overdue slot, and do what it says.

    A slot that an exam was done shortly before may be skipped or deferred before it is overdue.

    Raises:
        ValidationError: the slot is not overdue or no longer open, a deferral lacks a day to come,
            or skipping or ending lacks a reason.
    """
    patient = lock(slot.patient)
    slot.refresh_from_db()
    check_to_be_done(slot)
    at = at or timezone.now()
    today = patient.clinic.today(at)
    may_decide_early = decision in (Decision.SKIP, Decision.DEFER) and close_exam(slot)
    if slot.latest_on >= today and not may_decide_early:
        raise ValidationError(
            f"This exam is not overdue before {long_date(slot.latest_on)} is past."
        )
    if decision == Decision.DEFER and (until is None or until <= today):
        raise ValidationError({"until": "Defer until a day that is still to come."})
    if decision in (Decision.SKIP, Decision.TERMINATE) and not reason:
        raise ValidationError({"reason": f"Give a reason to “{decision.label.lower()}”."})
    row = Review.objects.create(
        slot=slot,
        decision=decision,
        until=until if decision == Decision.DEFER else None,
        reason=reason,
        by=by,
        at=at,
    )
    if decision == Decision.SKIP:
        slot.outcome, slot.outcome_reason = Outcome.SKIPPED.value, reason
        slot.save(update_fields=["outcome", "outcome_reason"])
    elif decision == Decision.TERMINATE:
        end(
            schedule=slot.schedule,
            end_reason=EndReason.OTHER,
            explanation=reason,
            by=by,
            at=at,
        )
    record(
        act=f"review.{decision.value}",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        slot=slot.public_id,
        until=row.until,
        reason=reason,
    )
    return row
