"""Patients, and the clinics that follow them."""

from patients.models import Clinic, Patient
from surveillance.fhir.resources.systems import CLINIC, system_of
from surveillance.fhir.resources.told import Json, coding, concept, told

_V2_IDENTIFIER = "http://terminology.hl7.org/CodeSystem/v2-0203"


def patient(row: Patient) -> Json:
    number = {
        "type": concept(coding(_V2_IDENTIFIER, "MR")),
        "system": system_of(row.mrn_issuer),
        "value": row.mrn,
        "assigner": {"display": row.mrn_issuer},
    }
    return told(
        resourceType="Patient",
        id=row.public_id,
        identifier=[number],
        name=[told(use="official", family=row.family_name, given=_some(row.given_name))],
        telecom=[
            {"system": system, "value": value}
            for system, value in (("phone", row.phone), ("email", row.email))
            if value.strip()
        ],
        gender=row.sex,
        birthDate=row.birth_date,
        deceasedDateTime=row.died_on,
        communication=[{"language": concept(coding("urn:ietf:bcp:47", row.language))}],
        managingOrganization=_organisation(row.clinic),
    )


def group(row: Clinic) -> Json:
    """All patients of a clinic: whose export is asked for by it. It names none of them."""
    return told(
        resourceType="Group",
        id=row.public_id,
        identifier=[{"system": CLINIC, "value": row.code}],
        active=True,
        type="person",
        actual=True,
        name=row.name,
        managingEntity=_organisation(row),
    )


def _organisation(clinic: Clinic) -> Json:
    """A clinic, by its code: there is no such resource here."""
    return told(
        type="Organization",
        identifier={"system": CLINIC, "value": clinic.code},
        display=clinic.name,
    )


def _some(text: str) -> list[str]:
    return [text] if text.strip() else []
