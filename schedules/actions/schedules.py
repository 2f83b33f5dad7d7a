"""Starting, replacing, resting and ending follow-up."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.actions import name_responsible
from patients.locks import lock, lock_alive
from patients.marks import mark
from patients.models import Patient, Treatment, Tumour
from patients.queries import clinicians_of
from schedules.actions.slots import (
    count_studies,
    create_slots,
    end_schedule,
    end_slots,
    plan_again,
)
from schedules.models import (
    Booking,
    BookingState,
    DeclinedAnchor,
    EndReason,
    Protocol,
    ProtocolState,
    Schedule,
    ScheduleState,
    Slot,
    Suspension,
)
from schedules.replanning import Replan, fingerprint, replanned, succeeded
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.rules.plan import Pause, plan
from schedules.rules.reconcile import Act
from schedules.sentences import stored
from schedules.stored_words import GOES_ON, REBASELINED
from schedules.wording import in_source_language
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last


@transaction.atomic
def enrol(*, tumour: Tumour, protocol: Protocol, anchor: Treatment, by: User) -> Schedule:
    """Put a patient under surveillance of `tumour`, counting from the operation `anchor`.

    Studies that the patient already had count for the slots that they fall in. A clinician who
    enrols becomes the responsible one, where none is named yet.

    Raises:
        ValidationError: the protocol is not active, the anchor is no operation on this tumour,
            the tumour is already followed, or the patient has died.
    """
    patient = lock_alive(tumour.patient)
    anchor_on = anchor_day(tumour, anchor)
    _check_active(protocol)
    if live := tumour.schedules.filter(state__in=Schedule.LIVE).first():
        raise ValidationError(
            {
                "tumour": _("This tumour already has a schedule: %(person)s started it.")
                % {"person": _who_started(live)}
            }
        )
    schedule = Schedule.objects.create(
        tumour=tumour, protocol=protocol, anchor=anchor, anchor_on=anchor_on
    )
    create_slots(schedule, plan(protocol.definition, anchor_on))
    count_studies(patient)
    if patient.responsible_id is None and clinicians_of(patient.clinic).filter(pk=by.pk).exists():
        name_responsible(patient=patient, clinician=by, by=by)
    with in_source_language():
        name = str(protocol)
    _record("enrolled", schedule, by, protocol=name, anchor_on=anchor_on)
    return schedule


@transaction.atomic
def rebaseline(
    *,
    schedule: Schedule,
    anchor: Treatment,
    by: User,
    shown: str | None = None,
    at: datetime | None = None,
) -> Schedule:
    """Start a new series from a later operation; what is left of the old one is superseded.

    What happened stays as it was: satisfied and skipped slots, studies, reviews. An appointment
    goes over to the new slot that takes its day; where none does it stays, for a nurse to settle.
    `shown` is the fingerprint of what the person was shown, if they were.

    Raises:
        ValidationError: the schedule is no longer active, the operation is not later, or things
            have changed since they were shown.
    """
    schedule = _lock_active(schedule)
    anchor_on = anchor_day(schedule.tumour, anchor)
    if anchor_on <= schedule.anchor_on:
        raise ValidationError({"anchor": _("The operation is not later than the present anchor.")})
    replan = succeeded(schedule, schedule.protocol, anchor_on)
    _check_shown(replan, shown)
    reason = stored(REBASELINED, what=anchor, day=anchor_on)
    new = Schedule(
        tumour=schedule.tumour,
        protocol=schedule.protocol,
        anchor=anchor,
        anchor_on=anchor_on,
        replaces=schedule,
    )
    return _succeed(replan, new, "rebaselined", reason, by=by, at=at)


@transaction.atomic
def change_protocol(
    *,
    schedule: Schedule,
    protocol: Protocol,
    by: User,
    shown: str | None = None,
    at: datetime | None = None,
) -> Schedule:
    """Go on by another protocol from the same anchor; the past stays under the old one.

    Raises:
        ValidationError: the protocol is not active or is the present one, the schedule is no
            longer active, or things have changed since they were shown.
    """
    schedule = _lock_active(schedule)
    _check_active(protocol)
    if protocol == schedule.protocol:
        raise ValidationError({"protocol": _("This is the present protocol.")})
    today = schedule.tumour.patient.clinic.today(at)
    replan = succeeded(schedule, protocol, schedule.anchor_on, since=today)
    _check_shown(replan, shown)
    return go_on_by(replan, protocol, by=by, at=at)


def go_on_by(
    replan: Replan, protocol: Protocol, *, by: User, at: datetime | None = None
) -> Schedule:
    """Let a new schedule on `protocol` take over from the old one, exactly as `replan` tells it.

    The caller holds the patient's lock, and has asked for the replan and checked it since.
    """
    old = replan.schedule
    reason = stored(GOES_ON, code=protocol.code, version=protocol.version)
    new = Schedule(
        tumour=old.tumour,
        protocol=protocol,
        anchor=old.anchor,
        anchor_on=old.anchor_on,
        planned_since=replan.since,
        replaces=old,
    )
    return _succeed(replan, new, "protocol_changed", reason, by=by, at=at)


@transaction.atomic
def decline_anchor(*, schedule: Schedule, treatment: Treatment, reason: str, by: User) -> None:
    """Decide that an operation does not restart the clock.

    Raises:
        ValidationError: no reason is given, the operation is none on this tumour, somebody has
            decided so already, or the schedule is no longer active.
    """
    schedule = _lock_active(schedule)
    anchor_day(schedule.tumour, treatment)
    if not reason:
        raise ValidationError({"reason": _("Give a reason why the old series goes on.")})
    declined, is_first = DeclinedAnchor.objects.get_or_create(
        schedule=schedule, treatment=treatment, defaults={"reason": reason, "by": by}
    )
    if not is_first:
        raise ValidationError(
            _("%(person)s has decided so already: %(reason)s.")
            % {"person": declined.by, "reason": declined.reason}
        )
    _record("anchor_declined", schedule, by, treatment=treatment.public_id, reason=reason)


@transaction.atomic
def suspend(
    *,
    schedule: Schedule,
    reason: str,
    review_on: date,
    by: User,
    shown: str | None = None,
    at: datetime | None = None,
) -> Suspension:
    """Let a schedule rest until `review_on`, when it comes back on the list. Bookings stay.

    `shown` is the fingerprint of what the person was shown, if they were: what taking it up again
    on the day of review would change.

    Raises:
        ValidationError: no reason is given, the day is not to come, the schedule is not active, or
            things have changed since they were shown.
    """
    schedule = _lock_active(schedule)
    today = schedule.tumour.patient.clinic.today(at)
    if not reason:
        raise ValidationError({"reason": _("Give a reason to suspend the follow-up.")})
    if review_on <= today:
        raise ValidationError({"review_on": _("The day of review must be still to come.")})
    _check_shown(replanned(schedule, rest=Pause(today, review_on)), shown)
    suspension = Suspension.objects.create(
        schedule=schedule, from_on=today, review_on=review_on, reason=reason, by=by
    )
    schedule.state, schedule.state_reason = ScheduleState.SUSPENDED, reason
    schedule.save(update_fields=["state", "state_reason"])
    _record("suspended", schedule, by, reason=reason, review_on=review_on)
    return suspension


@transaction.atomic
def resume(
    *, schedule: Schedule, by: User, shown: str | None = None, at: datetime | None = None
) -> Replan:
    """Take a suspended schedule up again; slots that lapsed while it rested are withdrawn.

    `shown` is the fingerprint of what the person was shown, if they were.

    Raises:
        ValidationError: the schedule is not suspended, the patient has died, or things have changed
            since they were shown.
    """
    patient = lock_alive(schedule.tumour.patient)
    schedule.refresh_from_db()
    if schedule.state != ScheduleState.SUSPENDED:
        raise ValidationError(
            _("This schedule is %(state)s: %(person)s has already changed it.")
            % {"state": schedule.get_state_display().lower(), "person": _who_changed(schedule)}
        )
    today = patient.clinic.today(at)
    _check_shown(replanned(schedule, resumed_on=today), shown)
    schedule.suspensions.filter(ended_on=None).update(ended_on=today)
    schedule.state, schedule.state_reason = ScheduleState.ACTIVE, ""
    schedule.save(update_fields=["state", "state_reason"])
    replan = plan_again(schedule)
    count_studies(patient)
    _record("resumed", schedule, by, **_counts(replan))
    return replan


@transaction.atomic
def end(
    *,
    schedule: Schedule,
    end_reason: EndReason,
    by: User,
    explanation: str = "",
    at: datetime | None = None,
) -> None:
    """End a follow-up for good; what is left of it is withdrawn, appointments stay for a nurse.

    Raises:
        ValidationError: the schedule has ended already, exams are left though it is said to be
            completed, or a reason needs words.
    """
    lock(schedule.tumour.patient)
    schedule.refresh_from_db()
    if schedule.state not in Schedule.LIVE:
        raise ValidationError(
            _("This schedule is %(state)s: %(person)s has already changed it.")
            % {"state": schedule.get_state_display().lower(), "person": _who_changed(schedule)}
        )
    if end_reason == EndReason.DIED:
        raise ValidationError({"end_reason": _("Record the death: it closes everything at once.")})
    if end_reason in (EndReason.TRANSFERRED, EndReason.OTHER) and not explanation:
        raise ValidationError(
            {
                "explanation": _("Say more about “%(reason)s”.")
                % {"reason": end_reason.label.lower()}
            }
        )
    if end_reason == EndReason.COMPLETED:
        if schedule.slots.filter(outcome__in=Slot.TO_BE_DONE).exists():
            raise ValidationError({"end_reason": _("Exams are left: it is not completed.")})
        state = ScheduleState.COMPLETED
    else:
        state = ScheduleState.TERMINATED
    _end(schedule, state, end_reason, explanation, by, at or timezone.now())


@transaction.atomic
def record_death(
    *,
    patient: Patient,
    died_on: date,
    by: User,
    seen: str | None = None,
    at: datetime | None = None,
) -> None:
    """Record a death: every follow-up ends and every appointment is cancelled, at once.

    Recorded anew, the day is corrected. `seen` is the mark (`mark_of_death`) of what was known;
    without it nobody asks.

    Raises:
        ValidationError: somebody else recorded it meanwhile, or the day lies in the future or
            before birth.
    """
    patient = lock(patient)
    if seen is not None and patient.died_on and seen != mark_of_death(patient):
        act = "patient.died"
        raise ValidationError(
            _(
                "%(person)s has recorded meanwhile that the patient died on %(day)s. Press again "
                "only if that day is wrong."
            )
            % {
                "person": who_last(act, clinic_code=patient.clinic_code, patient=patient),
                "day": long_date(patient.died_on),
            }
        )
    if died_on > patient.clinic.today(at):
        raise ValidationError({"died_on": _("This day has not come yet.")})
    if died_on < patient.birth_date:
        raise ValidationError({"died_on": _("This is before the patient was born.")})
    patient.died_on = died_on
    patient.save(update_fields=["died_on"])
    for schedule in Schedule.objects.filter(tumour__patient=patient, state__in=Schedule.LIVE):
        _end(schedule, ScheduleState.TERMINATED, EndReason.DIED, "", by, at or timezone.now())
    cancelled = Booking.objects.filter(
        slot__schedule__tumour__patient=patient, state__in=Booking.ACTIVE
    ).update(state=BookingState.CANCELLED)
    record(
        act="patient.died",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        died_on=died_on,
        bookings_cancelled=cancelled,
    )


def mark_of_death(patient: Patient) -> str:
    """Return what changes whenever the day of death does."""
    return mark(patient.died_on)


def _lock_active(schedule: Schedule) -> Schedule:
    lock_alive(schedule.tumour.patient)
    schedule.refresh_from_db()
    if schedule.state != ScheduleState.ACTIVE:
        raise ValidationError(
            _("This schedule is %(state)s: %(person)s has already changed it.")
            % {"state": schedule.get_state_display().lower(), "person": _who_changed(schedule)}
        )
    return schedule


def _who_changed(schedule: Schedule) -> str:
    acts = ("enrolled", "rebaselined", "protocol_changed", "suspended", "resumed", "ended")
    return _who(acts, schedule, schedule=schedule.public_id)


def _who_started(schedule: Schedule) -> str:
    if schedule.replaces_id:
        succeeded_by = ("rebaselined", "protocol_changed")
        return _who(succeeded_by, schedule, new_schedule=schedule.public_id)
    return _who(("enrolled",), schedule, schedule=schedule.public_id)


def _who(acts: Iterable[str], of: Schedule, **detail: UUID) -> str:
    patient = of.tumour.patient
    return who_last(
        *(f"schedule.{act}" for act in acts),
        clinic_code=patient.clinic_code,
        patient=patient,
        **detail,
    )


def anchor_day(tumour: Tumour, anchor: Treatment) -> date:
    """Return the day that a schedule of `tumour` counts from, with the operation `anchor`.

    Raises:
        ValidationError: the anchor is no operation on this tumour.
    """
    if anchor.tumour_id != tumour.pk or anchor.kind not in Treatment.OPERATIONS or not anchor.on:
        raise ValidationError({"anchor": _("Month 0 counts from an operation on this tumour.")})
    return anchor.on


def _check_active(protocol: Protocol) -> None:
    if not Protocol.objects.filter(pk=protocol.pk, state=ProtocolState.ACTIVE).exists():
        raise ValidationError({"protocol": _("Only an active protocol can be chosen.")})


def _check_shown(replan: Replan, shown: str | None) -> None:
    if shown is not None and shown != fingerprint([replan]):
        raise ValidationError(_("Something has changed since this was shown: look at it again."))


def _succeed(
    replan: Replan, new: Schedule, act: str, reason: str, *, by: User, at: datetime | None
) -> Schedule:
    """Let the `new` schedule take over, exactly as `replan` tells it."""
    old = replan.schedule
    end_schedule(old, ScheduleState.SUPERSEDED, reason, at or timezone.now())
    end_slots(old, Outcome.SUPERSEDED, reason)
    new.save()
    create_slots(new, [change.planned for change in replan.of(Act.CREATE) if change.planned])
    for held in replan.held:
        if held.taken_by:
            held.booking.slot = new.slots.get(exam=held.booking.slot.exam, n=held.taken_by.n)
            held.booking.save(update_fields=["slot"])
    count_studies(old.tumour.patient)
    _record(act, old, by, new_schedule=new.public_id, reason=reason, **_counts(replan))
    return new


def _end(
    schedule: Schedule,
    state: ScheduleState,
    end_reason: EndReason,
    explanation: str,
    by: User,
    at: datetime,
) -> None:
    schedule.end_reason = end_reason
    with in_source_language():
        reason = explanation or str(end_reason.label)
    end_schedule(schedule, state, reason, at)
    end_slots(schedule, Outcome.WITHDRAWN, reason)
    _record("ended", schedule, by, end_reason=end_reason, explanation=explanation)


def _counts(replan: Replan) -> dict[str, int]:
    return {f"slots_{act.value}": len(replan.of(act)) for act in Act if act != Act.KEEP}


def _record(act: str, schedule: Schedule, by: User, **detail: object) -> None:
    patient = schedule.tumour.patient
    record(
        act=f"schedule.{act}",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        schedule=schedule.public_id,
        **detail,
    )
