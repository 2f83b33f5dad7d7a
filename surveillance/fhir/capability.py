"""What this server can do, as it says itself: read off the table of resources."""

from surveillance.fhir.answers import MEDIA_TYPE
from surveillance.fhir.resources.told import Json
from surveillance.fhir.table import KINDS, Kind

CHANGED_ON = "2026-11-27"  # this statement, last


def capability_statement(base: str) -> Json:
    """Return the statement of the server whose addresses begin with `base`."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED_ON,
        "kind": "instance",
        "software": {"name": "Sarcoma follow-up"},
        "implementation": {"description": "Sarcoma follow-up", "url": base.rstrip("/")},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "description": "A token in the Authorization header, or the session of a "
                    "browser. Clinics in which the caller has no role hold nothing for them.",
                },
                "resource": [_resource(kind) for kind in KINDS.values()],
                "operation": [
                    {
                        "name": "export",
                        "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
                    }
                ],
            }
        ],
    }


def _resource(kind: Kind) -> Json:
    interactions = ["read", "search-type"]
    if kind.name == "PlanDefinition":
        interactions.append("create")
    told: Json = {
        "type": kind.name,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "no-version",
        "searchParam": [
            {"name": name, "type": search.type}
            for name, search in kind.searches.items()
            if "." not in name  # those that reach into another resource are no definitions
        ],
    }
    if kind.name == "Group":
        definition = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export"
        told["operation"] = [{"name": "export", "definition": definition}]
    return told
