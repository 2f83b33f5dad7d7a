"""What a worklist says of an appointment (DICOM PS3.4, K.6.1.2.2), key by key, as it is asked for.

The time is the clinic's own, as the scanner's clock shows it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset

from patients.models import Sex
from schedules.exam_codes import LOINC_OF, has_contrast
from schedules.models import Booking, BookingState

JAPANESE = "ISO 2022 IR 87"
_TO_SAY = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "O", Sex.UNKNOWN: ""}
STATES = {BookingState.BOOKED: "SCHEDULED", BookingState.ARRIVED: "ARRIVED"}
_UNKNOWN_PREGNANCY = 4  # PS3.3, C.2.3: nothing is recorded of it here
_NOT_IN_NAMES = re.compile(r"[\^=\\\x00-\x1f\x7f]")
_NOT_IN_TEXTS = re.compile(r"[\\\x00-\x1f\x7f]")
_IDEOGRAPHIC = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


class Unsayable(ValueError):
    """A number of a patient, or its issuer, holds what DICOM cannot say. Nothing else will do."""


def person_name(family: str, given: str) -> str:
    """Return a name as DICOM says it; in the second group if it is written in ideographs."""
    name = "^".join(_NOT_IN_NAMES.sub(" ", part).strip() for part in (family, given)).rstrip("^")
    return ("=" if _IDEOGRAPHIC.search(name) else "") + name[:64].rstrip()


def _text(said: str, longest: int = 64) -> str:
    return _NOT_IN_TEXTS.sub(" ", said).strip()[:longest].rstrip()


def _number(said: str) -> str:
    """Return what names a patient or an issuer, unchanged."""
    if _text(said) != said:
        raise Unsayable(said)
    return said


def _starts(booking: Booking) -> datetime:
    return booking.starts_at.astimezone(booking.patient.clinic.zone)


def _description(booking: Booking) -> str:
    return _text(booking.slot.exam.replace("+", " "))


def _codes(booking: Booking) -> list[Dataset]:
    code = LOINC_OF.get(booking.slot.exam)
    if code is None:
        return []
    told = Dataset()
    told.CodeValue, told.CodingSchemeDesignator, told.CodeMeaning = code[0], "LN", code[1]
    return [told]


def _issuer(booking: Booking) -> list[Dataset]:
    told = Dataset()
    told.LocalNamespaceEntityID = _number(booking.patient.clinic.mrn_issuer)
    return [told]


def _responsible(booking: Booking) -> str:
    person = booking.patient.responsible
    return person_name(person.last_name or person.username, person.first_name) if person else ""


def _nothing(booking: Booking) -> str:
    return ""


def _none(booking: Booking) -> list[Dataset]:
    return []


Says = Mapping[str, Callable[[Booking], Any]]

STEP: Says = {
    "Modality": lambda booking: booking.slot.modality,
    "RequestedContrastAgent": lambda booking: (
        "IV CONTRAST" if has_contrast(booking.slot.exam) else ""
    ),
    "ScheduledStationAETitle": lambda booking: booking.scanner.ae_title,
    "ScheduledProcedureStepStartDate": lambda booking: f"{_starts(booking):%Y%m%d}",
    "ScheduledProcedureStepStartTime": lambda booking: f"{_starts(booking):%H%M%S}",
    "ScheduledPerformingPhysicianName": _nothing,
    "ScheduledProcedureStepDescription": _description,
    "ScheduledProtocolCodeSequence": _codes,
    "ScheduledProcedureStepID": lambda booking: booking.accession,
    "ScheduledStationName": lambda booking: _text(booking.scanner.name, 16),
    "ScheduledProcedureStepLocation": _nothing,
    "PreMedication": _nothing,
    "ScheduledProcedureStepStatus": lambda booking: STATES[BookingState(booking.state)],
}

REQUEST: Says = {
    "AccessionNumber": lambda booking: booking.accession,
    "IssuerOfAccessionNumberSequence": _issuer,
    "ReferringPhysicianName": _responsible,
    "ReferencedStudySequence": _none,
    "ReferencedPatientSequence": _none,
    "PatientName": lambda booking: person_name(
        booking.patient.family_name, booking.patient.given_name
    ),
    "PatientID": lambda booking: _number(booking.patient.mrn),
    "IssuerOfPatientID": lambda booking: _number(booking.patient.mrn_issuer),
    "PatientBirthDate": lambda booking: f"{booking.patient.birth_date:%Y%m%d}",
    "PatientSex": lambda booking: _TO_SAY[Sex(booking.patient.sex)],
    "PatientWeight": lambda booking: None,
    "MedicalAlerts": _nothing,
    "Allergies": _nothing,
    "PregnancyStatus": lambda booking: _UNKNOWN_PREGNANCY,
    "StudyInstanceUID": lambda booking: booking.study_uid,
    "RequestingPhysician": _responsible,
    "RequestedProcedureDescription": _description,
    "RequestedProcedureCodeSequence": _codes,
    "AdmissionID": _nothing,
    "SpecialNeeds": _nothing,
    "CurrentPatientLocation": _nothing,
    "PatientState": _nothing,
    "ScheduledProcedureStepSequence": _none,  # said by STEP
    "RequestedProcedureID": lambda booking: booking.accession,
    "RequestedProcedurePriority": lambda booking: "ROUTINE",
    "PatientTransportArrangements": _nothing,
    "ConfidentialityConstraintOnPatientDataDescription": _nothing,
}


def answer(booking: Booking, asked: Dataset) -> Dataset:
    """Return what was asked of an appointment; all of it, if nothing in particular was.

    Raises:
        Unsayable: it cannot be said to a scanner whose appointment it is.
    """
    told = _said(booking, REQUEST, asked)
    if "ScheduledProcedureStepSequence" in told:
        steps = asked.get("ScheduledProcedureStepSequence")
        told.ScheduledProcedureStepSequence = [
            _said(booking, STEP, steps[0] if steps else Dataset())
        ]
    told.SpecificCharacterSet = _character_set(told, asked)
    return told


def _said(booking: Booking, says: Says, asked: Dataset) -> Dataset:
    keywords = [element.keyword for element in asked if element.keyword in says]
    told = Dataset()
    for keyword in keywords or says:
        setattr(told, keyword, says[keyword](booking))
    return told


def _character_set(told: Dataset, asked: Dataset) -> str | list[str]:
    """Return UTF-8, or the Japanese one if that was asked for and has all that is said."""
    wanted = asked.get("SpecificCharacterSet") or ""
    if JAPANESE not in ([wanted] if isinstance(wanted, str) else wanted):
        return "ISO_IR 192"
    try:
        str(told).encode("iso2022_jp")
    except UnicodeEncodeError:
        return "ISO_IR 192"
    return ["", JAPANESE]
