"""The only writers of schedules and of what happens to their slots.

Each action is one transaction that first locks the patient, so that of two people at once the
second sees what the first did; it checks, writes and records itself in the audit. What it refuses
it refuses with a `ValidationError` whose keys are the fields of the form that asked. `at` is the
moment at which it is done: now, unless told.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.models import Clinic, Patient, Treatment, Tumour
from schedules.exports import export_rows
from schedules.models import (
    Booking,
    BookingState,
    Decision,
    Protocol,
    ProtocolState,
    Result,
    ResultOutcome,
    Review,
    Scanner,
    Schedule,
    ScheduleState,
    Slot,
    Study,
)
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome, outcome_of
from schedules.rules.plan import plan
from schedules.rules.windows import takes
from schedules.worklists import Row
from surveillance.accounts.models import User
from surveillance.audit.actions import record, record_look

_OF_ANOTHER_PATIENT = "This study belongs to another patient."

# From each state of a booking, where people can take it. Fulfilled comes from a study alone.
BOOKING_MOVES: dict[str, frozenset[str]] = {
    BookingState.BOOKED: frozenset(
        {BookingState.ARRIVED, BookingState.CANCELLED, BookingState.NO_SHOW}
    ),
    BookingState.ARRIVED: frozenset({BookingState.CANCELLED}),
}


@transaction.atomic
def enrol(*, tumour: Tumour, protocol: Protocol, anchor: Treatment, by: User) -> Schedule:
    """Put a patient under surveillance of `tumour`, counting from the operation `anchor`.

    Studies that the patient already had count for the slots that they fall in.

    Raises:
        ValidationError: the protocol is not active, the anchor is no operation on this tumour,
            or the tumour is already followed.
    """
    patient = _lock(tumour.patient)
    anchor_on = _anchor_day(tumour, anchor)
    if tumour.schedules.filter(state__in=[ScheduleState.ACTIVE, ScheduleState.SUSPENDED]).exists():
        raise ValidationError({"tumour": "This tumour already has a schedule."})
    if protocol.state != ProtocolState.ACTIVE:
        raise ValidationError({"protocol": "Only an active protocol can be chosen."})
    schedule = _start(
        Schedule(tumour=tumour, protocol=protocol, anchor=anchor, anchor_on=anchor_on)
    )
    _count_studies(patient)
    record(
        act="schedule.enrolled",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        schedule=schedule.public_id,
        protocol=str(protocol),
        anchor_on=schedule.anchor_on,
    )
    return schedule


@transaction.atomic
def rebaseline(
    *, schedule: Schedule, anchor: Treatment, by: User, at: datetime | None = None
) -> Schedule:
    """Start a new series from a later operation; what is left of the old one is superseded.

    What happened stays as it was: satisfied and skipped slots, studies, bookings, reviews.

    Raises:
        ValidationError: the schedule is no longer active, or the operation is not later.
    """
    patient = _lock(schedule.tumour.patient)
    schedule.refresh_from_db()
    anchor_on = _anchor_day(schedule.tumour, anchor)
    if schedule.state != ScheduleState.ACTIVE:
        raise ValidationError(
            f"This schedule is {schedule.get_state_display().lower()}: "
            "somebody else has already changed it."
        )
    if anchor_on <= schedule.anchor_on:
        raise ValidationError({"anchor": "The operation is not later than the present anchor."})
    reason = f"Re-baseline: {anchor} on {long_date(anchor_on)}"
    _end(schedule, ScheduleState.SUPERSEDED, Outcome.SUPERSEDED, reason, at or timezone.now())
    new = _start(
        Schedule(
            tumour=schedule.tumour,
            protocol=schedule.protocol,
            anchor=anchor,
            anchor_on=anchor_on,
            replaces=schedule,
        )
    )
    _count_studies(patient)
    record(
        act="schedule.rebaselined",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        schedule=schedule.public_id,
        new_schedule=new.public_id,
        anchor_on=new.anchor_on,
    )
    return new


@transaction.atomic
def book(
    *,
    slot: Slot,
    scanner: Scanner,
    starts_at: datetime,
    by: User,
    outside_window_reason: str = "",
    at: datetime | None = None,
) -> Booking:
    """Book an appointment for a slot.

    A time outside the slot's window (from `earliest_on` to `lapses_on`, on the clinic's calendar)
    needs a reason, and stays marked.

    Raises:
        ValidationError: the slot is done or already booked, the time is past, or it lies outside
            the window and no reason is given.
    """
    patient = _lock(slot.patient)
    slot.refresh_from_db()
    _check_to_be_done(slot)
    held = slot.bookings.filter(state__in=Booking.ACTIVE).select_related("booked_by").first()
    if held:
        when = held.starts_at.astimezone(patient.clinic.zone)
        raise ValidationError(
            f"{held.booked_by} has already booked this exam for {long_date(when)} at {when:%H:%M}."
        )
    if scanner.clinic_id != patient.clinic_id:
        raise ValidationError({"scanner": "This scanner belongs to another clinic."})
    at = at or timezone.now()
    _check_time(slot, starts_at, outside_window_reason, at)
    booking = Booking.objects.create(
        slot=slot,
        scanner=scanner,
        starts_at=starts_at,
        booked_by=by,
        booked_at=at,
        outside_window_reason="" if _in_window(slot, starts_at) else outside_window_reason,
    )
    _record_booking("booking.booked", booking, by)
    return booking


@transaction.atomic
def move_booking(
    *, booking: Booking, to: BookingState, by: User, at: datetime | None = None
) -> None:
    """Record that a patient arrived, did not attend, or that the appointment was cancelled.

    Raises:
        ValidationError: the booking's state allows no such move, or it is told before its time.
    """
    patient = _lock(booking.slot.patient)
    booking.refresh_from_db()
    if to not in BOOKING_MOVES.get(booking.state, frozenset()):
        raise ValidationError(
            f"This appointment is {booking.get_state_display().lower()} by now: "
            f"it cannot be set to “{to.label.lower()}”."
        )
    clinic = patient.clinic
    day = booking.starts_at.astimezone(clinic.zone).date()
    if to != BookingState.CANCELLED and day > clinic.today(at):
        raise ValidationError(f"The appointment is not before {long_date(day)}.")
    booking.state = to
    booking.save(update_fields=["state"])
    _record_booking(f"booking.{to.value}", booking, by)


@transaction.atomic
def record_study(
    *,
    patient: Patient,
    modality: str,
    performed_on: date,
    regions: Sequence[str],
    by: User,
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
    patient = _lock(patient)
    if performed_on > patient.clinic.today(at):
        raise ValidationError({"performed_on": "This day has not come yet."})
    if performed_on < patient.birth_date:
        raise ValidationError({"performed_on": "This is before the patient was born."})
    if not regions:
        raise ValidationError({"regions": "Say which regions the images cover."})
    study = Study.objects.filter(study_uid=study_uid).first() if study_uid else None
    if study is None:
        study = Study(patient=patient, modality=modality, performed_on=performed_on, regions=[])
        study.study_uid = study_uid or study.study_uid
    elif study.patient_id != patient.pk:
        raise ValidationError({"study_uid": _OF_ANOTHER_PATIENT})
    elif study.performed_on != performed_on:
        known = long_date(study.performed_on)
        raise ValidationError({"performed_on": f"This study is known to be of {known}."})
    study.regions = list(dict.fromkeys([*study.regions, *regions]))
    study.description = description or study.description
    study.full_clean()
    try:
        with transaction.atomic():
            study.save()
    except IntegrityError as error:  # entered for somebody else at this very moment
        raise ValidationError({"study_uid": _OF_ANOTHER_PATIENT}) from error
    _count_studies(patient)
    _fulfil_bookings(patient, study)
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
def record_result(
    *,
    study: Study,
    outcome: ResultOutcome,
    by: User,
    sites: Sequence[str] = (),
    comment: str = "",
) -> Result:
    """Record what a study showed. Images reported as inadequate no longer count for a slot.

    Raises:
        ValidationError: a new lesion without a site, or a site that is too long.
    """
    patient = _lock(study.patient)
    if outcome == ResultOutcome.NEW_LESION and not sites:
        raise ValidationError({"sites": "Say where the new lesion is."})
    result = Result.objects.filter(study=study).first() or Result(study=study)
    result.outcome, result.sites, result.comment = outcome, list(sites), comment
    result.full_clean()  # PostgreSQL would cut a site that is too long without a word
    result.save()
    _count_studies(patient)
    record(
        act="result.recorded",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        outcome=outcome,
        sites=list(sites),
    )
    return result


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

    Raises:
        ValidationError: the slot is not overdue or no longer open, a deferral lacks a day to come,
            or skipping or ending lacks a reason.
    """
    patient = _lock(slot.patient)
    slot.refresh_from_db()
    _check_to_be_done(slot)
    at = at or timezone.now()
    today = patient.clinic.today(at)
    if slot.latest_on >= today:
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
        _end(slot.schedule, ScheduleState.TERMINATED, Outcome.WITHDRAWN, reason, at)
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


@transaction.atomic
def export(*, clinics: Iterable[Clinic], by: User | str) -> list[Row]:
    """Return what an export of the clinics' schedules holds, once it is recorded that `by` took it.

    One event a clinic says how many slots left, one look says whose.
    """
    clinics = list(clinics)
    table = export_rows(clinics)
    for clinic in clinics:
        taken = sum(row.patient.clinic_id == clinic.pk for row in table)
        record(act="schedules.exported", by=by, clinic_code=clinic.code, slots=taken)
    record_look(page="export", by=by, patients=[row.patient for row in table])
    return table


def _lock(patient: Patient) -> Patient:
    """Lock a patient's row until the transaction ends, and return it as it now is."""
    return (
        Patient.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=patient.pk)
    )


def _anchor_day(tumour: Tumour, anchor: Treatment) -> date:
    if anchor.tumour_id != tumour.pk or anchor.kind not in Treatment.OPERATIONS or not anchor.on:
        raise ValidationError({"anchor": "Month 0 counts from an operation on this tumour."})
    return anchor.on


def _check_to_be_done(slot: Slot) -> None:
    if slot.outcome not in Slot.TO_BE_DONE or slot.schedule.state != ScheduleState.ACTIVE:
        raise ValidationError(
            f"Nothing is left to do here: this exam is {slot.get_outcome_display().lower()} "
            f"and its schedule {slot.schedule.get_state_display().lower()}."
        )


def _start(schedule: Schedule) -> Schedule:
    """Save a new schedule and lay out its slots."""
    schedule.save()
    Slot.objects.bulk_create(
        Slot(
            schedule=schedule,
            exam=slot.exam.key,
            modality=slot.exam.modality,
            regions=list(slot.exam.regions),
            n=slot.n,
            month=slot.month,
            earliest_on=slot.earliest_on,
            due_on=slot.due_on,
            latest_on=slot.latest_on,
            lapses_on=slot.lapses_on,
        )
        for slot in plan(schedule.protocol.definition, schedule.anchor_on)
    )
    return schedule


def _end(
    schedule: Schedule, state: ScheduleState, outcome: Outcome, reason: str, at: datetime
) -> None:
    schedule.state, schedule.state_reason, schedule.ended_at = state, reason, at
    schedule.save(update_fields=["state", "state_reason", "ended_at"])
    schedule.slots.filter(outcome__in=Slot.TO_BE_DONE).update(
        outcome=outcome.value, outcome_reason=reason
    )


def _count_studies(patient: Patient) -> None:
    """Give each study of an active schedule's modality to its slot, and each slot its outcome.

    Only slots that people have not decided about take part: skipped, superseded and withdrawn ones
    stay as they are.
    """
    studies = list(patient.studies.select_related("result"))
    slots = Slot.objects.filter(
        schedule__tumour__patient=patient,
        schedule__state__in=[ScheduleState.ACTIVE, ScheduleState.SUSPENDED],
        outcome__in=[*Slot.TO_BE_DONE, Outcome.SATISFIED.value],
    )
    for slot in slots:
        own = [
            study
            for study in studies
            if takes(slot, study.performed_on) and _is_exam_of(slot, study)
        ]
        if not own:
            continue
        slot.studies.add(*own)
        outcome = outcome_of(slot.regions, [study.regions for study in own if study.is_adequate])
        if outcome.value != slot.outcome:
            slot.outcome = outcome.value
            slot.save(update_fields=["outcome"])


def _fulfil_bookings(patient: Patient, study: Study) -> None:
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
        if _is_exam_of(booking.slot, study) and (on_its_day or later):
            booking.state = BookingState.FULFILLED
            booking.save(update_fields=["state"])


def _is_exam_of(slot: Slot, study: Study) -> bool:
    return study.modality == slot.modality and not set(study.regions).isdisjoint(slot.regions)


def _in_window(slot: Slot, starts_at: datetime) -> bool:
    return takes(slot, starts_at.astimezone(slot.patient.clinic.zone).date())


def _check_time(slot: Slot, starts_at: datetime, outside_window_reason: str, at: datetime) -> None:
    zone = slot.patient.clinic.zone
    if starts_at < at:
        raise ValidationError({"starts_at": "This time is past."})
    if not _in_window(slot, starts_at) and not outside_window_reason:
        raise ValidationError(
            {
                "outside_window_reason": (
                    f"{long_date(starts_at.astimezone(zone))} is outside the window from "
                    f"{long_date(slot.earliest_on)} to {long_date(slot.lapses_on)}: "
                    "give a reason, or choose another day."
                )
            }
        )


def _record_booking(act: str, booking: Booking, by: User) -> None:
    patient = booking.slot.patient
    record(
        act=act,
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        booking=booking.public_id,
        slot=booking.slot.public_id,
        starts_at=booking.starts_at,
        outside_window_reason=booking.outside_window_reason,
    )
