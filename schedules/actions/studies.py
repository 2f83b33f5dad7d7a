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
from schedules.actions.slots import count_studies
from schedules.models import Booking, BookingState, Study
from schedules.rules.months import long_date
from schedules.rules.windows import takes
from surveillance.accounts.models import User
from surveillance.audit.actions import record

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
