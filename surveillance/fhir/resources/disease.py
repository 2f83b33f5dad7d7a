"""Tumours, what became of them, and what was done."""

from patients.models import Finding, Treatment, TreatmentKind, Tumour
from surveillance.fhir.resources.systems import (
    ICD_O_3,
    extension,
    extensions,
    own,
    side,
)
from surveillance.fhir.resources.told import (
    Json,
    coding,
    concept,
    notes,
    quantity,
    reference,
    told,
)

VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
_SURGICAL = coding("http://snomed.info/sct", "387713003", "Surgical procedure")

# A course is known by its first day alone: whether it has come to its end nobody says.
COURSES = (TreatmentKind.CHEMOTHERAPY, TreatmentKind.RADIOTHERAPY, TreatmentKind.OTHER)


def tumour(row: Tumour) -> Json:
    edition = {"version": row.icdo_edition} if row.icdo_edition else {}
    grade = row.grade and own("fnclcc-grade", str(row.grade), f"FNCLCC grade {row.grade}")
    return told(
        resourceType="Condition",
        id=row.public_id,
        extension=extensions(
            _asserted(row.diagnosed_on),
            extension("laterality", valueCodeableConcept=side(row.laterality)),
            extension("depth", valueCode=row.depth),
            extension("size", valueQuantity=row.size_mm and quantity(row.size_mm, "mm")),
        ),
        code=concept(
            coding(ICD_O_3, row.morphology, row.morphology_name) | edition,
            own("condition", "primary-tumour", "Primary tumour"),
            text=row.morphology_name,
        ),
        bodySite=[concept(coding(ICD_O_3, row.topography) | edition, text=row.site)],
        subject=reference("Patient", row.patient.public_id),
        stage=[{"summary": concept(grade)}] if grade else [],
    )


def finding(row: Finding) -> Json:
    """A local recurrence or a metastasis; one that was never there is entered in error."""
    said = concept(coding(VERIFICATION, "entered-in-error")) if row.withdrawn_at else None
    return told(
        resourceType="Condition",
        id=row.public_id,
        extension=extensions(
            _asserted(row.found_on),
            {
                "url": f"{_STANDARD}condition-dueTo",
                "valueReference": reference("Condition", row.tumour.public_id),
            },
        ),
        verificationStatus=said,
        code=concept(own("condition", row.kind.replace("_", "-"), row.get_kind_display())),
        bodySite=[{"text": site} for site in row.sites if site.strip()],
        subject=reference("Patient", row.tumour.patient.public_id),
        evidence=[{"code": [{"text": row.found_by}]}] if row.found_by.strip() else [],
        note=notes(row.withdrawn_because),
    )


def treatment(row: Treatment) -> Json:
    kind = row.get_kind_display()
    margin = row.margin and concept(own("margin", row.margin, row.get_margin_display()))
    return told(
        resourceType="Procedure",
        id=row.public_id,
        extension=extensions(
            extension("intent", valueCode=row.intent),
            extension("cycles", valueUnsignedInt=row.cycles),
        ),
        status="unknown" if row.kind in COURSES else "completed",
        category=concept(_SURGICAL) if row.kind in Treatment.OPERATIONS else None,
        code=concept(own("treatment", row.kind, kind), text=row.description or kind),
        subject=reference("Patient", row.tumour.patient.public_id),
        performedDateTime=row.on,
        reasonReference=[reference("Condition", row.tumour.public_id)],
        outcome=margin,
        usedCode=[{"text": drug} for drug in row.drugs if drug.strip()],
        note=notes(row.note),
    )


def _asserted(on: object) -> Json | None:
    return {"url": f"{_STANDARD}condition-assertedDate"} | told(valueDateTime=on) if on else None
