"""CTs as they are received: of whom, answering which order, of which regions."""

from dataclasses import replace
from datetime import UTC, date, datetime

from imaging.coverage import Kind
from imaging.headers.header import Header, Identity, Order
from imaging.intake import take_in
from imaging.models import Received
from patients.models import Clinic, Patient
from schedules.models import Booking

AT = datetime(2026, 4, 14, 6, 0, tzinfo=UTC)
DAY = date(2026, 4, 14)


def identity_of(patient: Patient, **changes: object) -> Identity:
    told = Identity(
        patient_id=patient.mrn,
        issuer=patient.mrn_issuer,
        name=f"{patient.family_name}^{patient.given_name}",
        birth_date=patient.birth_date,
        sex={"female": "F", "male": "M"}.get(patient.sex, ""),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def ct(
    identity: Identity,
    *,
    uid: str = "1.2.3",
    series: int = 1,
    booking: Booking | None = None,
    accession: str = "",
    description: str = "CT CHEST ABDOMEN",
    performed_on: date | None = DAY,
    modality: str = "CT",
    **changes: object,
) -> Header:
    """Return one slice: of the study that a `booking` ordered, or of an `accession` number."""
    uid = booking.study_uid if booking else uid
    return Header(
        study_uid=uid,
        series_uid=f"{uid}.{series}",
        sop_uid=f"{uid}.{series}.1",
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        modality=modality,
        kind=Kind.IMAGES,
        identity=identity,
        performed_on=performed_on,
        orders=(Order(accession),) if accession else (),
        description=description,
        **changes,  # type: ignore[arg-type]
    )


def received(clinic: Clinic, *headers: Header, at: datetime = AT) -> Received:
    [one] = take_in(clinic=clinic, headers=headers, by="Upload", at=at)
    return one
