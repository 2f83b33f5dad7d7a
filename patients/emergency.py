"""Another clinic's patient, read by a clinician in an emergency: for a reason, a while, and known.

The only writers and readers of `EmergencyAccess`. Nothing else reads by it: what a person may list,
search or take out stays of their own clinics (ADR 0019).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from unicodedata import normalize

from celery import signature
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from patients.models import Clinic, EmergencyAccess, Patient
from patients.queries import clinics_where_may
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record

SHORTEST = 10  # characters of a reason
MOST = 10  # attempts of a person within an hour, found or not
AN_HOUR = timedelta(hours=1)


def accesses_open_to(user: User, at: datetime | None = None) -> QuerySet[EmergencyAccess]:
    """Return by what `user` may read a patient at `at` (now, unless told)."""
    at = at or timezone.now()
    found = EmergencyAccess.objects.filter(by=user, patient__isnull=False, at__lte=at)
    return found.filter(until__gt=at).select_related("patient__clinic")


def accesses_to(clinics: Iterable[Clinic]) -> QuerySet[EmergencyAccess]:
    """Return by what patients of these clinics were opened from elsewhere, ever."""
    found = EmergencyAccess.objects.filter(patient__clinic__in=clinics)
    return found.select_related("patient__clinic", "by", "noted_by")


def open_in_emergency(
    *,
    mrn: str,
    birth_date: date,
    reason: str,
    by: User,
    clinic: Clinic | None = None,
    at: datetime | None = None,
) -> EmergencyAccess:
    """Let a clinician read the patient of another clinic whom the number and birth date name.

    Each attempt stands in the audit and counts. One that was open for the same patient ends.

    Raises:
        ValidationError: the reason is too short, nobody is named, more than one is, or the person
            has tried too often within the hour.
    """
    at, reason = at or timezone.now(), reason.strip()
    if len(reason) < SHORTEST:
        raise ValidationError(
            {"reason": _("Write at least %(shortest)s characters.") % {"shortest": SHORTEST}}
        )
    # What is refused is written, too: so the refusal is raised when the transaction has ended.
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # of two at once, one is first
        own = list(clinics_where_may(by, Act.SEE_PATIENTS))
        lately = EmergencyAccess.objects.filter(by=by, at__gt=at - AN_HOUR).order_by("-at")
        if oldest := lately[MOST - 1 : MOST].first():
            _record_here("emergency.refused", own, by)
            found = []
        else:
            found = _named(mrn, birth_date, clinic, own)
            access = _attempt(found[0] if len(found) == 1 else None, own, by, reason, at)
    if oldest:
        again = timezone.localtime(oldest.at + AN_HOUR, own[0].zone if own else None)
        told = {"most": MOST, "time": time_format(again)}
        raise ValidationError(
            _(
                "You have tried %(most)s times within an hour. Call the clinic, or try again after "
                "%(time)s."
            )
            % told
        )
    if len(found) > 1:
        raise ValidationError(
            {"clinic": _("Patients of several clinics have this number: choose the clinic.")}
        )
    if not found:
        raise ValidationError(
            {"mrn": _("No patient of another clinic has this number and this birth date.")}
        )
    return access


def _named(mrn: str, birth_date: date, clinic: Clinic | None, own: list[Clinic]) -> list[Patient]:
    """The patients elsewhere with exactly this number, written in whatever width."""
    found = Patient.objects.exclude(clinic__in=own).select_related("clinic")
    found = found.filter(mrn=normalize("NFKC", mrn).strip(), birth_date=birth_date)
    return list(found.filter(clinic=clinic) if clinic else found)


def _attempt(
    patient: Patient | None,
    own: list[Clinic],
    by: User,
    reason: str,
    at: datetime,
) -> EmergencyAccess:
    """Write the attempt. What was typed for nobody is not kept: it may be somebody’s number."""
    lasts = timedelta(minutes=settings.EMERGENCY_MINUTES) if patient else timedelta()
    if patient:
        accesses_open_to(by, at).filter(patient=patient).update(until=at)
    access = EmergencyAccess.objects.create(
        by=by, patient=patient, reason=reason if patient else "", at=at, until=at + lasts
    )
    if patient is None:
        _record_here("emergency.found_nobody", own, by)
        return access
    record(
        act="emergency.opened",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        access=access.public_id,
        reason=reason,
        until=access.until,
    )
    transaction.on_commit(signature("reminders.tasks.tell_of_emergencies").delay, robust=True)
    return access


def _record_here(act: str, own: list[Clinic], by: User) -> None:
    """Record what concerns nobody's patient in each of the person's own clinics."""
    for clinic in own:
        record(act=act, by=by, clinic_code=clinic.code)


@transaction.atomic
def end_access(*, access: EmergencyAccess, by: User, at: datetime | None = None) -> None:
    """End one's own access before its time; one that is over already stays as it was."""
    at = at or timezone.now()
    if access.patient and accesses_open_to(by, at).filter(pk=access.pk).update(until=at):
        record(
            act="emergency.ended",
            by=by,
            clinic_code=access.patient.clinic_code,
            patient=access.patient,
            access=access.public_id,
        )


@transaction.atomic
def note_access(*, access: EmergencyAccess, by: User, at: datetime | None = None) -> None:
    """Say for the patient's clinic that an access is known there.

    Raises:
        ValidationError: it was one's own, or somebody has said so already.
    """
    found = accesses_to(Clinic.objects.all()).select_for_update(of=("self",)).get(pk=access.pk)
    assert found.patient is not None
    if found.by == by:
        raise ValidationError(_("Another administrator takes note of your own access."))
    if found.noted_by:
        raise ValidationError(
            _("%(person)s has taken note of it already.") % {"person": found.noted_by}
        )
    found.noted_at, found.noted_by = at or timezone.now(), by
    found.save(update_fields=["noted_at", "noted_by"])
    record(
        act="emergency.noted",
        by=by,
        clinic_code=found.patient.clinic_code,
        patient=found.patient,
        access=found.public_id,
    )
