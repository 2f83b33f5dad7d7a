"""A protocol version as a PlanDefinition: its exams are contained, its phases are actions.

`surveillance.fhir.plan_definitions` reads it again.
"""

import re
from collections.abc import Iterable

from django.conf import settings

from schedules.models import Protocol
from schedules.rules.protocol import Contrast, Definition, Exam, Phase, Unit
from schedules.rules.suitability import Suits
from surveillance.fhir.resources import systems
from surveillance.fhir.resources.systems import extension, extensions, own
from surveillance.fhir.resources.told import Json, coding, concept, quantity, told

UCUM_UNITS = {Unit.MONTHS: "mo", Unit.WEEKS: "wk"}
_ID = re.compile(r"(?P<code>[A-Za-z0-9.-]+)\.(?P<version>[0-9]{1,5})")
_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"


def id_of(protocol: Protocol) -> str:
    """Return the id of a version. An id of FHIR has no underscore, and a code no full stop."""
    return f"{protocol.code.replace('_', '.')}.{protocol.version}"


def code_and_version(public_id: str) -> tuple[str, int] | None:
    """Return which version an id means, if it may be one's."""
    found = _ID.fullmatch(public_id)
    return (found["code"].replace(".", "_"), int(found["version"])) if found else None


def canonical(protocol: Protocol) -> str:
    """Return the address by which other resources name a version."""
    return f"{url_of(protocol.code)}|{protocol.version}"


def url_of(code: str) -> str:
    """Return the name of all versions of a protocol."""
    return f"{settings.SITE_URL}/fhir/PlanDefinition/{code}"


def plan_definition(row: Protocol) -> Json:
    definition = None if row.flaw else row.definition
    signed_on = row.signed_at and row.signed_at.date()
    return told(
        resourceType="PlanDefinition",
        id=id_of(row),
        contained=_exams(definition, row.state) if definition else [],
        extension=extensions(extension("missing", valueMarkdown=row.missing)),
        url=url_of(row.code),
        identifier=[{"system": systems.PROTOCOL, "value": row.code}],
        version=str(row.version),
        title=row.title,
        type=concept(coding(_TYPE, "clinical-protocol")),
        status=row.state,
        date=row.signed_at,
        description=row.population,
        useContext=_contexts(row.made_for),
        usage=row.note,
        approvalDate=signed_on,
        author=_people(row.drafted_by),
        endorser=_people(row.signed_by),
        relatedArtifact=[told(type="citation", display=row.quote, citation=row.citation)],
        action=[_phase(phase, definition) for phase in definition.phases] if definition else [],
    )


def _exams(definition: Definition, status: str) -> list[Json]:
    return [
        told(
            resourceType="ActivityDefinition",
            id=_id(exam, definition.exams),
            extension=extensions(
                extension(
                    "contrast",
                    valueCode="" if exam.contrast == Contrast.UNSPECIFIED else exam.contrast.value,
                )
            ),
            status=status,
            kind="ServiceRequest",
            intent="plan",
            code=systems.exam(exam.key, exam.modality),
            bodySite=list(map(systems.region, exam.regions)),
        )
        for exam in definition.exams
    ]


def _phase(phase: Phase, definition: Definition) -> Json:
    unit = UCUM_UNITS[phase.unit]
    return told(
        extension=extensions(
            extension("opens-before", valueDuration=quantity(phase.opens_before, unit)),
            extension("late-after", valueDuration=quantity(phase.late_after_days, "d")),
        ),
        title=(
            f"Every {phase.every} {phase.unit} after month {phase.after_month} "
            f"up to month {phase.up_to_month}"
        ),
        timingTiming={
            "repeat": {
                "boundsRange": {
                    "low": quantity(phase.after_month, "mo"),
                    "high": quantity(phase.up_to_month, "mo"),
                },
                "frequency": 1,
                "period": phase.every,
                "periodUnit": unit,
            }
        },
        selectionBehavior="all",
        action=[
            {
                "title": exam.key,
                "definitionCanonical": f"#{_id(exam, definition.exams)}",
            }
            for exam in phase.exams
        ],
    )


def _id(exam: Exam, exams: tuple[Exam, ...]) -> str:
    return f"exam-{exams.index(exam) + 1}"


def _contexts(suits: Suits) -> list[Json]:
    """For which tumours it was made, by beginnings of ICD-O-3 codes and by grades."""
    return [
        *_context("topography", (coding(systems.ICD_O_3, code) for code in suits.topography)),
        *_context("morphology", (coding(systems.ICD_O_3, code) for code in suits.morphology)),
        *_context("grade", (own("fnclcc-grade", str(grade)) for grade in suits.grades)),
    ]


def _context(of: str, codings: Iterable[Json]) -> list[Json]:
    found = list(codings)
    if not found:
        return []
    return [{"code": own("suits", of), "valueCodeableConcept": concept(*found)}]


def _people(person: object | None) -> list[Json]:
    return [{"name": str(person)}] if person else []
