"""Clinicians' decisions on overdue slots."""

from collections.abc import Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.locks import lock
from schedules.actions.schedules import end
from schedules.actions.slots import check_to_be_done
from schedules.models import Decision, EndReason, Review, Slot
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.worklists import close_exam
from surveillance.accounts.models import User
from surveillance.audit.actions import record

# What may be decided of several slots at once: it takes nobody off the list.
TOGETHER = (Decision.CHASE, Decision.REBOOK)


@transaction.atomic
def review(
    *,
    slot: Slot,
    decision: Decision,
    by: User,
    until: date | None = None,
    reason: str = "",
    seen: str | None = None,
    at: datetime | None = None,
) -> Review:
    """Record a clinician's decision on an overdue slot, and do what it says.

    A slot that an exam was done shortly before may be skipped or deferred before it is overdue.
    `seen` is the id of the last decision that the person had before them, empty if there was none;
    without it nobody asks.

    Raises:
        ValidationError: somebody has decided since or taken back what was seen, the slot is not
            overdue or no longer open, a deferral lacks a day to come, or skipping or ending lacks
            a reason.
    """
    patient = lock(slot.patient)
    slot.refresh_from_db()
    _check_seen(slot, seen)
    check_to_be_done(slot)
    at = at or timezone.now()
    today = patient.clinic.today(at)
    may_decide_early = decision in (Decision.SKIP, Decision.DEFER) and close_exam(slot)
    if slot.latest_on >= today and not may_decide_early:
        raise ValidationError(
            _("This exam is not overdue before %(day)s is past.")
            % {"day": long_date(slot.latest_on)}
        )
    if decision == Decision.DEFER and (until is None or until <= today):
        raise ValidationError({"until": _("Defer until a day that is still to come.")})
    if decision in (Decision.SKIP, Decision.TERMINATE) and not reason:
        raise ValidationError(
            {"reason": _("Give a reason to “%(decision)s”.") % {"decision": decision.label.lower()}}
        )
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


def review_together(
    *, shown: Mapping[Slot, str], decision: Decision, by: User, reason: str = ""
) -> dict[Slot, str]:
    """Record one decision on several slots; return those that were refused, and why.

    Each is a transaction of its own: what one patient's slot is refused for undoes no other's, and
    no two patients are locked at once. `shown` says of each slot which decision was seen last.

    Raises:
        ValidationError: the decision may not be made of several at once.
    """
    if decision not in TOGETHER:
        raise ValidationError({"decision": _("This is decided for one patient at a time.")})
    refused = {}
    for slot, seen in shown.items():
        try:
            review(slot=slot, decision=decision, reason=reason, seen=seen, by=by)
        except ValidationError as error:
            refused[slot] = " ".join(error.messages)
    return refused


def _check_seen(slot: Slot, seen: str | None) -> None:
    """Refuse to decide over what somebody else has decided, or taken back, since it was shown."""
    if seen is None:
        return
    reviews = {str(one.public_id): one for one in slot.reviews.select_related("by").order_by("id")}
    if seen and seen not in reviews:
        raise ValidationError(
            _(
                "The decision that stood here has been taken back meanwhile. Decide again if it is "
                "still needed."
            )
        )
    last = next(reversed(reviews.values()), None)
    if last is None or str(last.public_id) == seen:
        return
    decided = str(last.get_decision_display())
    if last.until:
        decided = _("%(decision)s until %(day)s") % {
            "decision": decided,
            "day": long_date(last.until),
        }
    if last.reason:
        decided = _("%(decision)s (%(reason)s)") % {"decision": decided, "reason": last.reason}
    raise ValidationError(
        _("%(person)s has decided meanwhile: %(decision)s. Decide again if it is still needed.")
        % {"person": last.by, "decision": decided}
    )
