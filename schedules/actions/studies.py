"""Studies that took place, what they showed, that a clinician has seen it, what counts for none."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from patients.actions import add_finding
from patients.models import FindingKind, Patient, Tumour
from schedules.actions.slots import count_studies, lock
from schedules.models import Booking, BookingState, Result, ResultOutcome, Study
from schedules.rules.months import long_date
from schedules.rules.windows import takes
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last

_OF_ANOTHER_PATIENT = gettext_lazy("This study belongs to another patient.")


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
    study.regions = list(dict.fromkeys([*study.regions, *regions]))
    study.description = description or study.description
    study.full_clean()
    try:
        with transaction.atomic():
            study.save()
    except IntegrityError as error:  # entered for somebody else at this very moment
        raise ValidationError({"study_uid": _OF_ANOTHER_PATIENT}) from error
    count_studies(patient)
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
    finding: FindingKind | None = None,
    tumour: Tumour | None = None,
    only_first: bool = False,
    at: datetime | None = None,
) -> Result:
    """Record what a study showed. Images reported as inadequate no longer count for a slot.

    Recorded anew, it waits anew for a clinician, from that moment, and the audit keeps what it
    said before, unless it is to be the `only_first` one. With a `finding`, a new lesion is entered
    in the history of `tumour` as that, found on the study's day; told twice, it is entered once.

    Raises:
        ValidationError: a new lesion without a site, a site that is too long, a finding without a
            new lesion or without a tumour of the patient, or somebody was first.
    """
    patient = lock(study.patient)
    if outcome == ResultOutcome.NEW_LESION and not sites:
        raise ValidationError({"sites": _("Say where the new lesion is.")})
    if finding and outcome != ResultOutcome.NEW_LESION:
        raise ValidationError({"finding": _("Only a new lesion is a finding.")})
    result = Result.objects.filter(study=study).first() or Result(study=study)
    if only_first and result.pk:
        raise ValidationError(
            _("%(person)s has recorded a result meanwhile: %(result)s.")
            % {"person": _who_recorded(result), "result": result}
        )
    before = _told_by(result) if result.pk else None
    result.outcome, result.sites, result.comment = outcome, list(sites), comment
    result.recorded_at = at or timezone.now()
    result.reviewed_by = result.reviewed_at = None  # what it says now, nobody has seen yet
    result.full_clean()  # PostgreSQL would cut a site that is too long without a word
    result.save()
    if finding:
        _open_finding(study, finding, sites, tumour, by, at)
    count_studies(patient)
    record(
        act="result.recorded",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        outcome=outcome,
        sites=list(sites),
        **({"before": before} if before else {}),
    )
    return result


def _told_by(result: Result) -> dict[str, Any]:
    """What a result says, and who has reviewed it, as the audit keeps it once it says otherwise."""
    return {
        "outcome": result.outcome,
        "sites": result.sites,
        "comment": result.comment,
        "reviewed_by": result.reviewed_by.username if result.reviewed_by else "",
    }


@transaction.atomic
def review_result(
    *, result: Result, by: User, seen: str | None = None, at: datetime | None = None
) -> None:
    """Record that a clinician has seen a result. The first one counts.

    `seen` is its `mark` when it was looked at; without it nobody asks.

    Raises:
        ValidationError: it says something else by now, or somebody has reviewed it already.
    """
    patient = lock(result.study.patient)
    result.refresh_from_db()
    _check_unchanged(result, seen)
    if result.reviewed_by:
        raise ValidationError(
            _("%(person)s has reviewed this result already.") % {"person": result.reviewed_by}
        )
    result.reviewed_by, result.reviewed_at = by, at or timezone.now()
    result.save(update_fields=["reviewed_by", "reviewed_at"])
    record(
        act="result.reviewed",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=result.study.public_id,
    )


def _check_unchanged(result: Result, seen: str | None) -> None:
    if seen is not None and seen != result.mark:
        raise ValidationError(
            _("%(person)s has changed this result meanwhile: %(result)s. Look at it again.")
            % {"person": _who_recorded(result), "result": result}
        )


def _who_recorded(result: Result) -> str:
    patient, study = result.study.patient, result.study.public_id
    act = "result.recorded"
    return who_last(act, clinic_code=patient.clinic_code, patient=patient, study=study)


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


def _open_finding(
    study: Study,
    kind: FindingKind,
    sites: Sequence[str],
    tumour: Tumour | None,
    by: User,
    at: datetime | None,
) -> None:
    """Enter a new lesion in the history of the tumour that it comes from."""
    if tumour is None or tumour.patient_id != study.patient_id:
        raise ValidationError({"tumour": _("Say of which of the patient’s tumours.")})
    found = {"kind": kind, "sites": list(sites), "found_on": study.performed_on}
    if not tumour.findings.filter(**found).exists():
        add_finding(
            tumour=tumour,
            kind=kind,
            sites=sites,
            found_on=study.performed_on,
            found_by=study.modality,
            by=by,
            at=at,
        )


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
        if study.is_exam_of(booking.slot) and (on_its_day or later):
            booking.state = BookingState.FULFILLED
            booking.save(update_fields=["state"])
