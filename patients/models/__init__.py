"""Who is followed: clinics, their members, patients, tumours, treatments, findings."""

from patients.models.clinic import (
    CalendarsTell,
    Clinic,
    ClosedDay,
    Membership,
    regions_by_country,
    validate_country,
    validate_time_zone,
)
from patients.models.emergency_access import EmergencyAccess
from patients.models.finding import Finding, FindingKind
from patients.models.import_file import Import
from patients.models.patient import ContactBy, Language, Patient, Sex
from patients.models.treatment import Intent, Margin, Treatment, TreatmentKind
from patients.models.tumour import Depth, Laterality, Tumour

__all__ = [
    "CalendarsTell",
    "Clinic",
    "ClosedDay",
    "ContactBy",
    "Depth",
    "EmergencyAccess",
    "Finding",
    "FindingKind",
    "Import",
    "Intent",
    "Language",
    "Laterality",
    "Margin",
    "Membership",
    "Patient",
    "Sex",
    "Treatment",
    "TreatmentKind",
    "Tumour",
    "regions_by_country",
    "validate_country",
    "validate_time_zone",
]
