"""A search: which rows it finds, a page at a time, and the Bundle that shows them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from patients.models import Clinic
from patients.paging import PAGE_ROWS
from schedules.wording import in_source_language
from surveillance.fhir.answers import outcome
from surveillance.fhir.resources.told import Json
from surveillance.fhir.table import Kind, Source

MOST_ROWS = 200

# What says how an answer should look, and not which rows are meant.
_SILENT = {"_format", "_pretty"}
_OF_PAGES = {"_count", "_after", "_total", "_summary"}

Found = tuple[Source, Any]


@dataclass(slots=True)
class Asked:
    """What a search asks for."""

    kind: Kind
    count: int | None = None  # of resources on a page
    after: str = ""  # the id of the last resource of the page before
    only_total: bool = False
    with_total: bool = False
    used: list[tuple[str, str]] = field(default_factory=list)  # the parameters that were heeded
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kind: Kind, told: Iterable[tuple[str, str]], *, strict: bool) -> Self:
        """Read the parameters of a search.

        Raises:
            BadRequest: a value makes no sense, or one is not known and `strict` asks to be told.
        """
        asked = cls(kind)
        for name, value in told:
            if name in _OF_PAGES:
                asked._hear(name, value)
            elif name.partition(":")[0] in kind.searches:
                if not value:
                    raise BadRequest(_("“%(name)s” has no value.") % {"name": name})
                if "\0" in value:
                    raise BadRequest(_("“%(name)s” holds a NUL.") % {"name": name})
                asked.used.append((name, value))
            elif name not in _SILENT:
                asked.ignored.append(name)
        if asked.ignored and strict:
            raise BadRequest(" ".join(asked.warnings))
        return asked

    def _hear(self, name: str, value: str) -> None:
        match name:
            case "_count":
                if not (value.isascii() and value.isdigit()):
                    raise BadRequest(_("_count is not a whole number."))
                self.count = min(int(value[:9]), MOST_ROWS)
                self.only_total |= self.count == 0
            case "_after":
                self.after = value
            case "_total" if value in ("none", "estimate", "accurate"):
                self.with_total = value != "none"
            case "_summary" if value in ("count", "false"):
                self.only_total |= value == "count"
            case _:
                self.ignored.append(name)

    @property
    def warnings(self) -> list[str]:
        return [
            _("%(kind)s cannot be searched by “%(name)s”.") % {"kind": self.kind.name, "name": name}
            for name in self.ignored
        ]

    @property
    def heeded(self) -> list[tuple[str, str]]:
        """What asks for the same again."""
        return [*self.used, *([("_count", str(self.count))] if self.count is not None else [])]

    def rows(self, source: Source, clinics: Sequence[Clinic]) -> QuerySet[Any]:
        """Return the rows of a source that are meant."""
        rows = source.rows(clinics)
        for name, value in self.used:
            name, _colon, modifier = name.partition(":")
            search = source.searches.get(name)
            rows = rows.filter(search.rows(modifier, value, clinics)) if search else rows.none()
        return rows

    def total(self, clinics: Sequence[Clinic]) -> int:
        return sum(self.rows(source, clinics).count() for source in self.kind.sources)

    def page(self, clinics: Sequence[Clinic]) -> tuple[list[Found], bool]:
        """Return the rows of a page, in the order in which they came, and whether more follow.

        Raises:
            BadRequest: `after` is no place in this list.
        """
        size = PAGE_ROWS if self.count is None else self.count
        found: list[Found] = []
        begun = not self.after
        for source in self.kind.sources:
            rows = self.rows(source, clinics).order_by("pk")
            if not begun:
                last = source.rows(clinics).filter(source.by_id(self.after)).first()
                if last is None:
                    continue
                begun, rows = True, rows.filter(pk__gt=last.pk)
            if lacking := size + 1 - len(found):
                found += ((source, row) for row in rows[:lacking])
        if not begun:
            raise BadRequest(_("after is no place in this list."))
        return found[:size], len(found) > size


def resources(found: Iterable[Found]) -> Iterator[Json]:
    """Yield what each row says, whoever asks: no text of it is in a person's language."""
    with in_source_language():
        for source, row in found:
            yield source.resource(row)


def bundle(asked: Asked, clinics: Sequence[Clinic], found: Sequence[Found], *, base: str) -> Json:
    """Return the Bundle of a page, still without its links. All addresses begin with `base`."""
    entries = [
        {
            "fullUrl": f"{base}{one['resourceType']}/{one['id']}",
            "resource": one,
            "search": {"mode": "match"},
        }
        for one in resources(found)
    ]
    told: Json = {"resourceType": "Bundle", "type": "searchset"}
    if asked.with_total or asked.only_total:
        told["total"] = asked.total(clinics)
    if asked.ignored:
        said = outcome("warning", "not-supported", asked.warnings)
        entries.append({"resource": said, "search": {"mode": "outcome"}})
    return told | ({"entry": entries} if entries else {})
