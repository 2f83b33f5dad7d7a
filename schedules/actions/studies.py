"""Studies that took place, and those that need count for no slot."""

from collections.abc import Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.locks import lock
from patients.models import Patient
from schedules.actions.bookings import check_free, check_unbooked, lock_scanner, record_booking
from schedules.actions.results import settle_finding
from schedules.actions.slots import count_studies, plan_again
from schedules.models import Booking, BookingState, Schedule, ScheduleState, Slot, Study
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome, outcome_of
from schedules.rules.windows import takes
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import last_event

_OF_ANOTHER_PATIENT = gettext_lazy("This study belongs to another patient.")


@transaction.atomic
def record_study(
    *,
    patient: Patient,
    modality: str,
    performed_on: date,
    regions: Sequence[str],
    by: User | str,
    study_uid: str = "",
    description: str = "",
    at: datetime | None = None,
) -> Study:
    """Record a study that took place; it counts for the slots whose window it falls in.

    Told again with the same `study_uid`, the study gains what regions are new: nothing doubles.

    Raises:
        ValidationError: the day is in the future or before birth, no region is given, or the UID
            is known for another patient or another day.
    """
    patient = lock(patient)
    if performed_on > patient.clinic.today(at):
        raise ValidationError({"performed_on": _("This day has not come yet.")})
    if performed_on < patient.birth_date:
        raise ValidationError({"performed_on": _("This is before the patient was born.")})
    if not regions:
        raise ValidationError({"regions": _("Say which regions the images cover.")})
    study = Study.objects.filter(study_uid=study_uid).first() if study_uid else None
    if study is None:
        study = Study(patient=patient, modality=modality, performed_on=performed_on, regions=[])
        study.study_uid = study_uid or study.study_uid
    elif study.patient_id != patient.pk:
        raise ValidationError({"study_uid": _OF_ANOTHER_PATIENT})
    elif study.performed_on != performed_on:
        known = _("This study is known to be of %(day)s.") % {"day": long_date(study.performed_on)}
        raise ValidationError({"performed_on": known})
    before = (study.regions, study.description)
    study.regions = list(dict.fromkeys([*study.regions, *regions]))
    study.description = description or study.description
    if study.pk and before == (study.regions, study.description):
        return study
    study.full_clean()
    try:
        with transaction.atomic():
            study.save()
    except IntegrityError as error:  # entered for somebody else at this very moment
        raise ValidationError({"study_uid": _OF_ANOTHER_PATIENT}) from error
    count_studies(patient)
    _fulfil_bookings(patient, study, by)
    record(
        act="study.recorded",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        performed_on=performed_on,
        regions=study.regions,
    )
    return study


@transaction.atomic
def keep_off_schedule(*, study: Study, reason: str, by: User, at: datetime | None = None) -> None:
    """Decide that a study need not count for any slot. Should it come to match one, it counts.

    Raises:
        ValidationError: no reason is given, the study counts for a slot, or somebody has decided
            already.
    """
    patient = lock(study.patient)
    study.refresh_from_db()
    if study.kept_by:
        raise ValidationError(
            _("%(person)s has kept this study off schedule already.") % {"person": study.kept_by}
        )
    if study.slots.exists():
        raise ValidationError(_("This study counts for an exam of the plan."))
    if not reason.strip():
        raise ValidationError({"reason": _("Give a reason why it may count for no exam.")})
    study.kept_because, study.kept_by, study.kept_at = reason.strip(), by, at or timezone.now()
    study.save(update_fields=["kept_because", "kept_by", "kept_at"])
    record(
        act="study.kept_off_schedule",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        reason=study.kept_because,
    )


@transaction.atomic
def withdraw_study(
    *,
    study: Study,
    reason: str,
    by: User,
    withdraws: bool | None = None,
    leaves: Sequence[str] = (),
    at: datetime | None = None,
) -> None:
    """Take back a study that is not this patient's: it counts nowhere any more, nor its result.

    With regions that it `leaves`, it stands, with its result, but covers no others.

    Its slots are open again for what it covered alone, an appointment that it answered stands as
    before it, or is cancelled if its time or its exam has another by now. `withdraws` is as for
    `correct_result`: whether a finding that its result told of was never there.

    Raises:
        ValidationError: somebody has withdrawn it already, there is no reason, or nobody says what
            becomes of the finding.
    """
    patient = lock(study.patient)
    study = Study.all_ever.get(pk=study.pk)
    if study.withdrawn_by:
        raise ValidationError(
            _("%(person)s has taken this study back already.") % {"person": study.withdrawn_by}
        )
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the study is taken back.")})
    slots = list(study.slots.select_related("schedule__tumour__patient__clinic"))
    covered, result = study.regions, None if leaves else getattr(study, "result", None)
    if leaves:
        study.regions = list(leaves)
    else:
        study.withdrawn_because, study.withdrawn_by = reason.strip(), by
        study.withdrawn_at = at or timezone.now()
    study.full_clean()
    study.save()
    study.slots.set([slot for slot in slots if leaves and study.is_exam_of(slot)])
    if result and result.told_of:
        settle_finding(result.told_of, withdraws, reason, by, at)
    for slot in slots:
        _reopen(slot)
    for schedule in {slot.schedule for slot in slots}:
        if schedule.state == ScheduleState.ACTIVE:
            plan_again(schedule)  # what the study held in place may go now
    _reopen_bookings(patient, study, by)
    record(
        act="study.withdrawn",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        performed_on=study.performed_on,
        regions=covered,
        leaves=list(leaves),
        reason=reason.strip(),
        outcome=result.outcome if result else "",
        sites=result.sites if result else [],
        finding=result.finding.public_id if result and result.finding else None,
    )


def _reopen(slot: Slot) -> None:
    """Give a slot the outcome that is left; of an ended series, what its end made of the others."""
    if slot.outcome not in (*Slot.TO_BE_DONE, Outcome.SATISFIED):
        return  # people have decided about it
    outcome = outcome_of(slot.regions, [study.regions for study in slot.counting_studies])
    schedule, slot.outcome_reason = slot.schedule, ""
    if outcome != Outcome.SATISFIED and schedule.state not in Schedule.LIVE:
        superseded = schedule.state == ScheduleState.SUPERSEDED
        outcome = Outcome.SUPERSEDED if superseded else Outcome.WITHDRAWN
        slot.outcome_reason = schedule.state_reason
    slot.outcome = outcome.value
    slot.save(update_fields=["outcome", "outcome_reason"])


def _reopen_bookings(patient: Patient, study: Study, by: User) -> None:
    """Let the appointments that a study answered stand as before it, unless another answers."""
    fulfilled = Booking.objects.filter(patient=patient, state=BookingState.FULFILLED)
    for booking in fulfilled.select_related("slot__schedule__tumour__patient__clinic", "scanner"):
        told = last_event(
            "booking.fulfilled",
            clinic_code=patient.clinic_code,
            patient=patient,
            booking=booking.public_id,
        )
        if told is None or told.detail["study"] != str(study.public_id):
            continue
        booking.state = BookingState(told.detail["before"])
        try:
            check_unbooked(booking)
            lock_scanner(booking)
            check_free(booking)
        except ValidationError:
            booking.state = BookingState.CANCELLED
        booking.save(update_fields=["state"])
        record_booking(
            "booking.outcome_undone",
            booking,
            by,
            before=BookingState.FULFILLED,
            after=booking.state,
            undone=told.act,
        )
    for other in patient.studies.all():
        _fulfil_bookings(patient, other, by)


def _fulfil_bookings(patient: Patient, study: Study, by: User | str) -> None:
    """Close each appointment that a new study answers, even if its slot has been superseded.

    A study answers it on its day, or later as long as it falls in the slot that was booked.
    """
    held = Booking.objects.filter(
        slot__schedule__tumour__patient=patient, state__in=Booking.ACTIVE
    ).select_related("slot")
    for booking in held:
        day = booking.starts_at.astimezone(patient.clinic.zone).date()
        on_its_day = study.performed_on == day
        later = study.performed_on > day and takes(booking.slot, study.performed_on)
        if study.is_exam_of(booking.slot) and (on_its_day or later):
            before, booking.state = booking.state, BookingState.FULFILLED
            booking.save(update_fields=["state"])
            record_booking("booking.fulfilled", booking, by, before=before, study=study.public_id)
