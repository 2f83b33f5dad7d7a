"""A PlanDefinition read as a protocol: what `resources.protocols` wrote, here or at another
installation."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from fhir.resources.R4B.plandefinition import PlanDefinition
from pydantic import ValidationError as Invalid

from schedules.rules.protocol import Definition, ProtocolError
from surveillance.fhir.resources.protocols import UCUM_UNITS
from surveillance.fhir.resources.systems import DCM, OWN, PROTOCOL
from surveillance.fhir.resources.told import Json

_UNITS = {ucum: unit.value for unit, ucum in UCUM_UNITS.items()}
_SUITS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "topography": ("topography", str),
    "morphology": ("morphology", str),
    "grade": ("grades", int),
}


def protocol_of(plan: Any) -> dict[str, Any]:
    """Return what a PlanDefinition says, as a protocol file holds it; its version it leaves out.

    Raises:
        ProtocolError: it is no PlanDefinition, or none that says which exams are due when; the
            place is named.
    """
    if not isinstance(plan, dict) or plan.get("resourceType") != "PlanDefinition":
        raise ProtocolError(_("This is no PlanDefinition."))
    try:
        text = PlanDefinition.model_validate(plan).model_dump_json()
    except Invalid as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        raise _error(".".join(map(str, first["loc"])), first["msg"]) from invalid
    except (LookupError, RecursionError, TypeError, ValueError) as error:  # as the models fail, too
        raise ProtocolError(_("This is no PlanDefinition.")) from error
    plan = json.loads(text, object_hook=_said)
    cited = _where(plan.get("relatedArtifact", []), type="citation")
    exams = {f"#{one['id']}": one for one in plan.get("contained", []) if "id" in one}
    return {
        "code": _where(plan.get("identifier", []), system=PROTOCOL).get("value", ""),
        "title": plan.get("title", ""),
        "population": plan.get("description", ""),
        "citation": cited.get("citation", ""),
        "quote": cited.get("display", ""),
        "note": plan.get("usage", ""),
        "missing": _extension(plan, "missing").get("valueMarkdown", ""),
        "suits": dict(_suits(plan)),
        "phases": [
            _Phase(_("phase %(number)s") % {"number": number}, exams).read(action)
            for number, action in enumerate(plan.get("action", []), 1)
        ],
    }


def definition_of(plan: Any) -> Definition:
    """Return the phases that a PlanDefinition says.

    Raises:
        ProtocolError: as `protocol_of`, or the phases make no sense.
    """
    return Definition.from_data(protocol_of(plan))


@dataclass(frozen=True, slots=True)
class _Phase:
    """How one phase is read; whatever is missing is said with its place."""

    where: str
    exams: Mapping[str, Json]  # what is contained, by how it is referred to

    def read(self, action: Json) -> Json:
        repeat = self.get(action, "timingTiming", "repeat")
        ucum = self.get(repeat, "periodUnit")
        if ucum not in _UNITS or repeat.get("frequency", 1) != 1:
            raise _error(self.where, _("it is not once in so many months or weeks"))
        unit = _UNITS[ucum]
        bounds = self.get(repeat, "boundsRange")
        opens_before = self.get(_extension(action, "opens-before"), "valueDuration")
        late_after = self.get(_extension(action, "late-after"), "valueDuration")
        return {
            "after_month": self.counted(self.get(bounds, "low"), "mo"),
            "up_to_month": self.counted(self.get(bounds, "high"), "mo"),
            f"every_{unit}": _whole(self.get(repeat, "period")),
            f"opens_{unit}_before": self.counted(opens_before, ucum),
            "late_after_days": self.counted(late_after, "d"),
            "exams": [self.exam(one) for one in self.get(action, "action")],
        }

    def exam(self, action: Json) -> Json:
        activity = self.exams.get(self.get(action, "definitionCanonical"), {})
        codes = self.get(activity, "code", "coding")
        exam = {
            "modality": self.get(_where(codes, system=DCM), "code"),
            "regions": [
                self.get(_where(site.get("coding", []), system=f"{OWN}region"), "code")
                for site in self.get(activity, "bodySite")
            ],
        }
        contrast = _extension(activity, "contrast").get("valueCode")
        return exam | ({"contrast": contrast} if contrast else {})

    def counted(self, quantity: Json, unit: str) -> Any:
        """Return how many of a unit of UCUM a quantity is."""
        if self.get(quantity, "code") != unit:
            told = {"unit": quantity["code"], "meant": unit}
            raise _error(self.where, _("%(unit)s where %(meant)s is meant") % told)
        return _whole(self.get(quantity, "value"))

    def get(self, element: Json, *names: str) -> Any:
        found: Any = element
        for name in names:
            if name not in found:
                raise _error(self.where, _("%(name)s is missing") % {"name": name})
            found = found[name]
        return found


def _suits(plan: Json) -> Iterator[tuple[str, list[Any]]]:
    for context in plan.get("useContext", []):
        of = context.get("code", {})
        if of.get("system") == f"{OWN}suits" and of.get("code") in _SUITS:
            name, read = _SUITS[of["code"]]
            codings = context.get("valueCodeableConcept", {}).get("coding", [])
            try:
                yield name, [read(one["code"]) for one in codings if "code" in one]
            except ValueError as error:
                raise ProtocolError(_("suits: a grade is no whole number")) from error


def _said(element: Json) -> Json:
    """Return an element without what says nothing, as a model lets it stand in a list.

    Raises:
        ProtocolError: a text holds a NUL, which no database takes.
    """
    said = {}
    for name, value in element.items():
        if isinstance(value, str) and "\0" in value:
            raise _error(name, _("it holds a NUL"))
        if value is not None:
            said[name] = [one for one in value if one] if isinstance(value, list) else value
    return said


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _error(where: str, why: str) -> ProtocolError:
    return ProtocolError(_("%(where)s: %(why)s") % {"where": where, "why": why})


def _where(some: list[Json], **said: str) -> Json:
    """Return the first element that says so, or an empty one."""
    return next((one for one in some if said.items() <= one.items()), {})


def _extension(element: Json, name: str) -> Json:
    return _where(element.get("extension", []), url=f"{OWN}{name}")
