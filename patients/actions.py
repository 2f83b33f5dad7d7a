"""The only writers of patients and their history.

Each action is one transaction with its audit inside. What it refuses it refuses with a
`ValidationError` whose keys are the fields of the form that asked.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from patients.models import (
    Clinic,
    Finding,
    FindingKind,
    Patient,
    Sex,
    Treatment,
    TreatmentKind,
    Tumour,
)
from surveillance.accounts.models import User
from surveillance.audit.actions import record


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
    if birth_date > clinic.today(at):
        raise ValidationError({"birth_date": "This day has not come yet."})
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
        raise ValidationError({"mrn": f"A patient with the MRN {mrn} is already here."}) from error
    record(act="patient.registered", by=by, clinic_code=clinic.code, patient=patient)
    return patient


@transaction.atomic
def add_tumour(*, patient: Patient, by: User, **fields: Any) -> Tumour:
    """Add a primary tumour; `fields` are those of the model.

    Raises:
        ValidationError: a field is not what the model allows.
    """
    tumour = Tumour(patient=patient, **fields)
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
        raise ValidationError({"on": "An operation needs its date: follow-up counts from it."})
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


def _check_day(field: str, day: date | None, patient: Patient, at: datetime | None) -> None:
    if day is None:
        return
    if day < patient.birth_date:
        raise ValidationError({field: "This is before the patient was born."})
    if day > patient.clinic.today(at):
        raise ValidationError({field: "This day has not come yet."})
