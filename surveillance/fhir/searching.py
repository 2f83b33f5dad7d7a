"""The types of search parameters: what each may be told, and which rows a value means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import BadRequest
from django.db.models import F, Model, Q, Value
from django.db.models.lookups import Contains, StartsWith
from django.utils.translation import gettext as _

from patients.models import Clinic
from patients.search import Folded
from surveillance.fhir.moments import Span, compared
from surveillance.fhir.resources.systems import issuers_of

NOTHING = Q(pk__in=[])
ALL = ~NOTHING
_COMMA = re.compile(r"(?<!\\),")
_BAR = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([\\,|$])")

Code = Callable[[str], Q]  # which rows a code means
Means = Callable[[str, Sequence[Clinic]], Q]  # which rows a value means, sought in some clinics


@dataclass(frozen=True, slots=True)
class Search:
    """One search parameter."""

    type: str  # as FHIR calls it
    means: Means
    modifiers: Mapping[str, Means] = field(default_factory=dict)

    def rows(self, modifier: str, told: str, clinics: Sequence[Clinic]) -> Q:
        """Return which rows are meant by any of the values, which commas part.

        Raises:
            BadRequest: there is no such modifier, or a value is none of its type.
        """
        if modifier == "not" and self.type == "token":
            return ~self.rows("", told, clinics)
        means = self.modifiers.get(modifier) if modifier else self.means
        if means is None:
            raise BadRequest(_("There is no modifier “%(name)s” here.") % {"name": modifier})
        return reduce(or_, (means(value, clinics) for value in _COMMA.split(told)))


def token(systems: Mapping[str, Code]) -> Search:
    """Codes: `code` of any of the systems, `system|code` of one."""

    def means(value: str, clinics: Sequence[Clinic]) -> Q:
        system, code = _system_and_code(value)
        if system is None:
            return reduce(or_, (of_code(code) for of_code in systems.values()))
        return systems[system](code) if system in systems else NOTHING

    return Search("token", means)


def one_of(rows: Mapping[str, Q]) -> Code:
    """Codes that each mean some rows; any other means none."""
    return lambda code: rows.get(code, NOTHING)


def same(field: str, read: Callable[[str], object] = str) -> Code:
    """Codes that stand in a field."""
    return lambda code: Q(**{field: read(code)})


def record_number(patient: str = "") -> Search:
    """The patient's number: `number`, or `issuer|number`; the issuer by name or by system."""

    def means(value: str, clinics: Sequence[Clinic]) -> Q:
        system, number = _system_and_code(value)
        found = Q(**{f"{patient}mrn": number}) if number else Q()
        if system is not None:
            found &= Q(**{f"{patient}mrn_issuer__in": issuers_of(system)})
        return found

    return Search("token", means)


def reference(kind: str, path: str) -> Search:
    """Another resource: `id`, `kind/id` or its whole address; `path` leads from a row to it."""

    def means(value: str, clinics: Sequence[Clinic]) -> Q:
        *before, public_id = _plain(value).split("/")
        if before and before[-1] != kind:
            return NOTHING
        return same_id(path)(public_id)

    return Search("reference", means, {kind: means})


def same_id(path: str = "") -> Code:
    """Ids; what is none is nobody's."""

    def means(public_id: str) -> Q:
        try:
            return Q(**{f"{path}public_id": UUID(_plain(public_id))})
        except ValueError:
            return NOTHING

    return means


def string(*fields: str) -> Search:
    """The beginnings of texts, whatever their case, accents, width or kana."""

    def by(lookup: Callable[..., Q], value: str, clinics: Sequence[Clinic]) -> Q:
        return reduce(or_, (lookup(name, _plain(value)) for name in fields))

    return Search(
        "string",
        partial(by, _begins),
        {"exact": partial(by, _is), "contains": partial(by, _contains)},
    )


def when(model: type[Model], first: str, last: str = "", *, clinic: str) -> Search:
    """Days or moments: `2026-04`, `ge2026-04-01`. `first` and `last` are fields of the model, and
    `clinic` leads from a row to the clinic whose clock tells them."""

    def means(value: str, clinics: Sequence[Clinic]) -> Q:
        span = Span.read(_plain(value))
        try:
            return reduce(
                or_,
                (
                    Q(**{f"{clinic}__time_zone": zone})
                    & compared(span.in_zone(ZoneInfo(zone)), model, first, last or first)
                    for zone in {one.time_zone for one in clinics}
                ),
                NOTHING,
            )
        except OverflowError as error:
            raise BadRequest(
                _("“%(value)s” is no day or moment, such as ge2026-04-01.") % {"value": value}
            ) from error

    return Search("date", means)


def _begins(name: str, text: str) -> Q:
    return Q(StartsWith(Folded(F(name)), Folded(Value(text))))


def _contains(name: str, text: str) -> Q:
    return Q(Contains(Folded(F(name)), Folded(Value(text))))


def _is(name: str, text: str) -> Q:
    return Q(**{name: text})


def _system_and_code(value: str) -> tuple[str | None, str]:
    """Return the two parts of a token; without a bar no system is said."""
    parts = [_plain(part) for part in _BAR.split(value, maxsplit=1)]
    return (parts[0], parts[1]) if len(parts) > 1 else (None, parts[0])


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
