"""Ending what is no longer true, with why in words for a page.

They are stored in English; what is marked here a page says in its own language.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch
from django.utils.translation import gettext_noop as _

from reminders.conditions import ANSWER_HOLDS
from reminders.models import Audience, Kind, Line, Notice
from schedules.models import Booking, BookingState, Decision, Review, ScheduleState, Slot
from schedules.rules.outcome import Outcome
from schedules.sentences import stored
from schedules.stored_words import BOOKED, DEFERRED, IN_HAND

_SCHEDULES = {
    ScheduleState.SUSPENDED: _("the follow-up was suspended"),
    ScheduleState.COMPLETED: _("the follow-up was completed"),
    ScheduleState.TERMINATED: _("the follow-up was ended"),
    ScheduleState.SUPERSEDED: _("a new series took its place"),
}
_OUTCOMES = {
    Outcome.SATISFIED: _("the exam was done"),
    Outcome.SKIPPED: _("a clinician skipped the exam"),
    Outcome.SUPERSEDED: _("a new series took its place"),
    Outcome.WITHDRAWN: _("the plan asks for it no more"),
}
_BOOKINGS = {
    BookingState.ARRIVED: _("the patient came"),
    BookingState.FULFILLED: _("the exam was done"),
    BookingState.CANCELLED: _("the appointment was cancelled"),
    BookingState.NO_SHOW: _("the patient did not attend"),
}


def end(notices: Sequence[int], at: datetime) -> None:
    """End notices that are no longer true at `at`; what waits to be said of them is withdrawn."""
    for reason, ended in _by_reason(notices, at).items():
        Notice.objects.filter(pk__in=ended, ended_at=None).update(ended_at=at, end_reason=reason)
    Line.objects.filter(notice__in=notices, message=None, withdrawn_at=None).update(withdrawn_at=at)


def _by_reason(notices: Sequence[int], at: datetime) -> Mapping[str, list[int]]:
    reasons: dict[str, list[int]] = defaultdict(list)
    rows = Notice.objects.filter(pk__in=notices).select_related(
        "rule",
        "patient__clinic",
        "slot__schedule__tumour__patient__clinic",
        "booking__slot__schedule__tumour__patient__clinic",
        "result__study",
    )
    for notice in rows.prefetch_related(
        Prefetch("slot__bookings", Booking.objects.order_by("pk")),
        Prefetch("slot__reviews", Review.objects.select_related("by").order_by("pk")),
        Prefetch("booking__slot__bookings", Booking.objects.order_by("pk")),
        Prefetch("booking__slot__reviews", Review.objects.select_related("by").order_by("pk")),
    ):
        reasons[_why(notice, at)].append(notice.pk)
    return reasons


def _why(notice: Notice, at: datetime) -> str:
    if notice.rule.audience == Audience.PATIENT and not notice.patient.contact_by:
        return _("the patient agrees to messages no more")
    if not notice.rule.active:
        return _("its rule was switched off")
    if notice.result and notice.result.study.withdrawn_at:
        why = _("the study was taken back")
    elif notice.result:
        why = _("a clinician reviewed the result") if notice.result.reviewed_at else ""
    elif notice.booking and notice.rule.kind == Kind.APPOINTMENT:
        why = _BOOKINGS.get(BookingState(notice.booking.state), "")
        why = why or (_("its day has passed") if notice.booking.starts_at <= at else "")
    else:
        slot = notice.slot or (notice.booking and notice.booking.slot)
        why = _why_of_slot(slot, at) if slot else ""
    repeats = notice.rule.repeat_days or notice.rule.kind == Kind.APPOINTMENT
    return why or (_("said again") if repeats else _("its day has not come"))


def _why_of_slot(slot: Slot, at: datetime) -> str:
    clinic = slot.patient.clinic
    today = clinic.today(at)
    state, outcome = ScheduleState(slot.schedule.state), Outcome(slot.outcome)
    if slot.outcome not in Slot.TO_BE_DONE:
        return _OUTCOMES[outcome]
    if state != ScheduleState.ACTIVE:
        return _SCHEDULES[state]
    for booking in slot.bookings.all():
        if booking.is_active and booking.starts_at > at:
            return stored(BOOKED, day=booking.starts_at.astimezone(clinic.zone).date())
    for review in list(slot.reviews.all())[-1:]:
        if review.until and review.until > today:
            return stored(DEFERRED, day=review.until)
        answered_ago = (today - clinic.today(review.at)).days
        if review.decision in (Decision.CHASE, Decision.REBOOK) and answered_ago < ANSWER_HOLDS:
            return stored(IN_HAND, person=review.by)
    if slot.lapses_on < today:
        return _("its window is over")
    return ""
