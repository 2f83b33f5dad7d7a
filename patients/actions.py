"""The only writers of patients and their history.

Each action is one transaction with its audit inside. What it refuses it refuses with a
`ValidationError` whose keys are the fields of the form that asked.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.locks import lock, lock_alive
from patients.marks import mark
from patients.models import (
    Clinic,
    ContactBy,
    Finding,
    FindingKind,
    Language,
    Patient,
    Sex,
    Treatment,
    TreatmentKind,
    Tumour,
)
from patients.naming import morphology_to_store
from patients.queries import clinicians_of
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last


@transaction.atomic
def register_patient(
    *,
    clinic: Clinic,
    mrn: str,
    family_name: str,
    given_name: str,
    birth_date: date,
    sex: Sex,
    by: User,
    phone: str = "",
    at: datetime | None = None,
) -> Patient:
    """Register a person with a clinic at the moment `at` (now, unless told).

    Raises:
        ValidationError: the MRN is taken, or the birth date lies in the future.
    """
    if fault := fault_of_day(birth_date, born=birth_date, today=clinic.today(at)):
        raise ValidationError({"birth_date": fault})
    patient = Patient(
        clinic=clinic,
        mrn_issuer=clinic.mrn_issuer,
        mrn=mrn,
        family_name=family_name,
        given_name=given_name,
        birth_date=birth_date,
        sex=sex,
        phone=phone,
    )
    patient.clean_fields()
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        raise ValidationError(
            {"mrn": _("A patient with the MRN %(mrn)s is already here.") % {"mrn": mrn}}
        ) from error
    record(act="patient.registered", by=by, clinic_code=clinic.code, patient=patient)
    return patient


@transaction.atomic
def agree_to_messages(
    *,
    patient: Patient,
    contact_by: ContactBy,
    language: Language,
    by: User,
    email: str = "",
    phone: str = "",
    seen: str | None = None,
    at: datetime | None = None,
) -> Patient:
    """Record that a patient agreed, at `at` (now, unless told), to hear of appointments.

    An address that is given is kept, the other stays as it was. The audit holds no address.
    `seen` is the mark (`mark_of_consent`) of what was looked at; without it nobody asks.

    Raises:
        ValidationError: somebody else changed it meanwhile, no channel is chosen, the address for
            it is missing or is none, or the patient has died.
    """
    patient = lock_alive(patient)
    if seen is not None and seen != mark_of_consent(patient):
        acts = ("patient.agreed_to_messages", "patient.withdrew_consent")
        raise ValidationError(
            _(
                "%(person)s has changed this meanwhile. What holds now is shown below: press again "
                "to put your entries in place."
            )
            % {"person": who_last(*acts, clinic_code=patient.clinic_code, patient=patient)}
        )
    if contact_by == ContactBy.NONE:
        raise ValidationError({"contact_by": _("Choose how the patient wants to hear from us.")})
    if contact_by == ContactBy.EMAIL and not email:
        raise ValidationError({"email": _("Messages by e-mail need an address.")})
    if contact_by == ContactBy.SMS:
        phone = dialled(phone)
    patient.contact_by = contact_by
    patient.language = language
    patient.email = email or patient.email
    patient.phone = phone or patient.phone
    patient.consented_at = at or timezone.now()
    patient.clean_fields()
    patient.save(update_fields=["contact_by", "language", "email", "phone", "consented_at"])
    record(
        act="patient.agreed_to_messages",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        contact_by=contact_by,
        language=language,
    )
    return patient


@transaction.atomic
def withdraw_consent(*, patient: Patient, by: User) -> Patient:
    """Record that a patient wants no messages any more; without consent this changes nothing.

    The e-mail address goes too: it was given for messages alone. The phone number stays.
    """
    patient = lock(patient)
    if patient.contact_by == ContactBy.NONE:
        return patient
    patient.contact_by = ContactBy.NONE
    patient.consented_at = None
    patient.email = ""
    patient.save(update_fields=["contact_by", "consented_at", "email"])
    record(act="patient.withdrew_consent", by=by, clinic_code=patient.clinic_code, patient=patient)
    return patient


def mark_of_consent(patient: Patient) -> str:
    """Return what changes whenever the consent of a patient or an address of theirs does."""
    return mark(patient.consented_at, patient.contact_by, patient.email, patient.phone)


@transaction.atomic
def name_responsible(
    *, patient: Patient, clinician: User | None, by: User, seen: str | None = None
) -> Patient:
    """Name the clinician who hears first of what is overdue, or nobody.

    `seen` is the mark (`mark_of_responsible`) of who was; without it nobody asks.

    Raises:
        ValidationError: somebody else named another one meanwhile, or the person is no clinician of
            the patient's clinic.
    """
    patient = lock(patient)
    if seen is not None and seen != mark_of_responsible(patient):
        act = "patient.responsible_named"
        raise ValidationError(
            {
                "clinician": _(
                    "%(person)s has named meanwhile: %(clinician)s. Press again to name yours."
                )
                % {
                    "person": who_last(act, clinic_code=patient.clinic_code, patient=patient),
                    "clinician": patient.responsible or _("nobody"),
                }
            }
        )
    if clinician and not clinicians_of(patient.clinic).filter(pk=clinician.pk).exists():
        raise ValidationError(
            {
                "clinician": _("%(clinician)s is no clinician of %(clinic)s.")
                % {"clinician": clinician, "clinic": patient.clinic}
            }
        )
    if clinician == patient.responsible:
        return patient
    patient.responsible = clinician
    patient.save(update_fields=["responsible"])
    record(
        act="patient.responsible_named",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        clinician=str(clinician or "nobody"),
    )
    return patient


def mark_of_responsible(patient: Patient) -> str:
    """Return what changes whenever the responsible clinician does."""
    return mark(patient.responsible_id)


@transaction.atomic
def add_tumour(*, patient: Patient, by: User, **fields: Any) -> Tumour:
    """Add a primary tumour; `fields` are those of the model.

    A morphology that is named in another language, and whose code agrees, is stored in English.

    Raises:
        ValidationError: a field is not what the model allows.
    """
    tumour = Tumour(patient=patient, **fields)
    tumour.morphology_name = morphology_to_store(tumour.morphology, tumour.morphology_name)
    tumour.full_clean()
    tumour.save()
    record(
        act="tumour.added",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        tumour=tumour.public_id,
    )
    return tumour


@transaction.atomic
def add_treatment(
    *,
    tumour: Tumour,
    kind: TreatmentKind,
    on: date | None,
    by: User,
    at: datetime | None = None,
    **fields: Any,
) -> Treatment:
    """Add an event of the treatment history; `fields` are the rest of the model's.

    Raises:
        ValidationError: it lies before birth or in the future, or an operation has no date.
    """
    patient = tumour.patient
    if on is None and kind in Treatment.OPERATIONS:
        raise ValidationError({"on": _("An operation needs its date: follow-up counts from it.")})
    _check_day("on", on, patient, at)
    treatment = Treatment(tumour=tumour, kind=kind, on=on, **fields)
    treatment.full_clean()
    treatment.save()
    record(
        act="treatment.added",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        treatment=treatment.public_id,
        kind=kind,
        on=on,
    )
    return treatment


@transaction.atomic
def add_finding(
    *,
    tumour: Tumour,
    kind: FindingKind,
    sites: Sequence[str],
    found_on: date,
    found_by: str,
    by: User,
    at: datetime | None = None,
) -> Finding:
    """Add disease seen: where, when and by what.

    Raises:
        ValidationError: it lies before birth or in the future.
    """
    patient = tumour.patient
    _check_day("found_on", found_on, patient, at)
    finding = Finding(
        tumour=tumour, kind=kind, sites=list(sites), found_on=found_on, found_by=found_by
    )
    finding.full_clean()
    finding.save()
    record(
        act="finding.added",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        finding=finding.public_id,
        found_on=found_on,
    )
    return finding


@transaction.atomic
def withdraw_finding(
    *, finding: Finding, reason: str, by: User, at: datetime | None = None
) -> None:
    """Take a finding that was never there out of what counts; it stays on record, with the reason.

    Raises:
        ValidationError: no reason is given, or somebody has withdrawn it already.
    """
    patient = lock(finding.tumour.patient)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the finding is withdrawn.")})
    finding = Finding.all_ever.get(pk=finding.pk)
    if finding.withdrawn_by:
        raise ValidationError(
            _("%(person)s has withdrawn this finding already.") % {"person": finding.withdrawn_by}
        )
    finding.withdrawn_because, finding.withdrawn_by = reason.strip(), by
    finding.withdrawn_at = at or timezone.now()
    finding.full_clean()
    finding.save()
    record(
        act="finding.withdrawn",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        finding=finding.public_id,
        reason=finding.withdrawn_because,
    )


def dialled(phone: str) -> str:
    """Return a phone number as it is dialled from anywhere, such as +819012345678.

    Raises:
        ValidationError: it has no country, or is none.
    """
    digits = re.sub(r"[\s().-]", "", phone)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        raise ValidationError(
            {"phone": _("Text messages need a number with its country, such as +81 90 1234 5678.")}
        )
    return digits


def _check_day(field: str, day: date | None, patient: Patient, at: datetime | None) -> None:
    if day is None:
        return
    if fault := fault_of_day(day, born=patient.birth_date, today=patient.clinic.today(at)):
        raise ValidationError({field: fault})


def fault_of_day(day: date, *, born: date, today: date) -> str:
    """Return why nothing can have happened to a patient on that day, or an empty text."""
    if day < born:
        return _("This is before the patient was born.")
    if day > today:
        return _("This day has not come yet.")
    return ""
