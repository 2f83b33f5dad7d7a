"""The pieces of which resources are made, as JSON; what nobody said is left out."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from fhir.resources.R4B import get_fhir_model_class

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
UNITS = {"mo": "months", "wk": "weeks", "d": "days", "mm": "mm", "min": "minutes"}


def told(**elements: Any) -> Json:
    """Return the elements that say something; one named like a word of Python ends in _ here."""
    return {
        name.removesuffix("_"): _plain(value) for name, value in elements.items() if _says(value)
    }


def checked(resource: Json) -> Json:
    """Return a resource as it is, once the model of its type has found nothing wrong with it.

    Raises:
        ValidationError (pydantic's): it is no such resource.
    """
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def as_text(resource: Json) -> bytes:
    """Return a checked resource as it is sent: the models write slower than they check."""
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()


def coding(system: str, code: str, display: str = "") -> Json:
    return told(system=system, code=code, display=display)


def concept(*codings: Json | None, text: str = "") -> Json:
    return told(coding=[one for one in codings if one], text=text)


def reference(kind: str, public_id: UUID | str) -> Json:
    return {"reference": f"{kind}/{public_id}"}


def quantity(value: int, unit: str) -> Json:
    """Return so many of a unit of UCUM."""
    return {"value": value, "unit": UNITS[unit], "system": UCUM, "code": unit}


def notes(*texts: str) -> list[Json]:
    return [{"text": text} for text in texts if _says(text)]


def _says(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != [] and value != {}


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # or a moment
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
