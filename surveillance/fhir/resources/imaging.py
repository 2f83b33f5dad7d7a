"""Studies that took place, and what they showed."""

from schedules.models import Result, Study
from surveillance.fhir.resources import systems
from surveillance.fhir.resources.systems import extension, extensions, own
from surveillance.fhir.resources.told import Json, coding, concept, reference, told

REPORT = coding(systems.LOINC, "18748-4", "Diagnostic imaging study")


def study(row: Study) -> Json:
    """One that was withdrawn was of somebody else: it is entered in error."""
    return told(
        resourceType="ImagingStudy",
        id=row.public_id,
        extension=extensions(
            *(
                extension("region", valueCodeableConcept=systems.region(region))
                for region in row.regions
            )
        ),
        identifier=[{"system": systems.DICOM_UID, "value": f"urn:oid:{row.study_uid}"}],
        status="entered-in-error" if row.withdrawn_at else "available",
        modality=[coding(systems.DCM, row.modality)],
        subject=reference("Patient", row.patient.public_id),
        started=row.performed_on,
        basedOn=_orders(row),
        description=row.description,
    )


def report(row: Study) -> Json:
    """What a study showed. Until a clinician has seen it, it is preliminary."""
    result = row.result
    zone = row.patient.clinic.zone
    outcome = result.get_outcome_display()
    said = outcome + (f": {', '.join(result.sites)}" if result.sites else "")
    reviewer = result.reviewed_by
    reviewed_at = result.reviewed_at
    return told(
        resourceType="DiagnosticReport",
        id=row.public_id,
        extension=extensions(
            extension("reviewed-at", valueDateTime=reviewed_at and reviewed_at.astimezone(zone)),
            extension(
                "finding",
                valueReference=result.told_of and reference("Condition", result.told_of.public_id),
            ),
        ),
        basedOn=_orders(row),
        status=_report_status(row, result),
        category=[
            concept(coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology"))
        ],
        code=concept(REPORT),
        subject=reference("Patient", row.patient.public_id),
        effectiveDateTime=row.performed_on,
        issued=result.recorded_at.astimezone(zone),
        resultsInterpreter=[{"type": "Practitioner", "display": str(reviewer)}] if reviewer else [],
        imagingStudy=[reference("ImagingStudy", row.public_id)],
        conclusion="\n".join(filter(None, [said, result.comment])),
        conclusionCode=[concept(own("result", result.outcome.replace("_", "-"), outcome))],
    )


def _report_status(row: Study, result: Result) -> str:
    if row.withdrawn_at:
        return "entered-in-error"
    if result.reviewed_at is None:
        return "preliminary"
    return "corrected" if result.corrections.all() else "final"


def _orders(row: Study) -> list[Json]:
    return [reference("ServiceRequest", slot.public_id) for slot in row.slots.all()]
