"""What a list would create, change and leave. Nothing is written here.

What is shown is decided here, and so is what is done: `Plan.digest` says whether both are the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from patients.actions import dialled, fault_of_day
from patients.importing import cells
from patients.importing.columns import BY_KEY, COLUMNS, Column
from patients.importing.reading import Table
from patients.models import Clinic, ContactBy, Laterality, Patient, Treatment, Tumour
from patients.naming import morphology_to_store

Tell = Callable[[int], None]  # how many lines have been gone through
T = TypeVar("T")

BATCH = 2000
_BAD = object()  # stands for the value of a cell that could not be read
_COLUMN = {(column.of, column.field): column for column in COLUMNS}
_NEEDED = {
    model: [one for one in COLUMNS if one.of is model and one.is_needed]
    for model in (Patient, Tumour, Treatment)
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line cannot be done as it stands."""

    line: int
    key: str  # of the column
    value: str  # what stands there
    reason: str


@dataclass(slots=True, eq=False)
class Entry:
    """A patient, tumour or treatment as the lines tell it, with what is known of it already."""

    of: type[Patient | Tumour | Treatment]
    line: int  # the first that tells of it
    told: dict[str, Any]
    known: Any = None
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # before, after
    parts: list["Entry"] = field(default_factory=list)  # tumours of a patient, treatments of these

    @property
    def state(self) -> str:
        if self.known is None:
            return "created"
        return "changed" if self.changes else "left"

    def all(self) -> Iterator["Entry"]:
        yield self
        for part in self.parts:
            yield from part.all()

    def now(self, name: str) -> Any:
        """Return what a field will hold."""
        return self.told.get(name, getattr(self.known, name, None))


@dataclass(frozen=True, slots=True)
class Plan:
    patients: list[Entry]  # those at whom anything is to be done, or wrong
    counts: Counter[str]  # such as treatments_created, of all patients whom the list names
    problems: list[Problem]
    lines: int

    @property
    def digest(self) -> str:
        """Return what is another one as soon as anything that would be done is."""
        whole = sha256()
        for patient in self.patients:
            for entry in patient.all():
                done = entry.told if entry.known is None else entry.changes
                whole.update(
                    repr((entry.of.__name__, entry.known and entry.known.pk, done)).encode(
                        errors="surrogatepass"
                    )
                )
        return whole.hexdigest()


def decide(
    table: Table,
    *,
    keys: Mapping[str, str],
    clinic: Clinic,
    day_first: bool = False,
    to_be_done: bool = False,
    tell: Tell = lambda so_far: None,
) -> Plan:
    """Compare a list with what is known of the clinic's patients; `keys` name its columns.

    If it is `to_be_done` at once, all patients whom it names are locked first, in one order.

    Raises:
        Unreadable: the file cannot be read to its end.
    """
    problems: list[Problem] = []
    told: dict[tuple[str, str], list[_Line]] = {}
    so_far = 0
    for so_far, line in enumerate(_lines(table, keys, day_first, problems), start=1):
        who = line.told[Patient]
        who.setdefault("mrn_issuer", clinic.mrn_issuer)
        if "mrn" in who:
            told.setdefault((who["mrn_issuer"], who["mrn"]), []).append(line)
        else:
            problems.append(Problem(line.number, "mrn", "", _needed()))
        if so_far % 500 == 0:
            tell(so_far)
    if to_be_done and told:
        list(_named(told).select_for_update(of=("self",), no_key=True).order_by("pk"))
    desk = _Desk(clinic, problems)
    patients, counts = [], Counter[str]()
    for batch in batches(told.items(), BATCH):
        known = _known(dict(batch))
        for one, lines in batch:
            patient = desk.patient(lines, known.get(one))
            entries = list(patient.all())
            counts.update(f"{entry.of.__name__.lower()}s_{entry.state}" for entry in entries)
            if any(entry.state != "left" for entry in entries):
                patients.append(patient)
    problems.sort(key=lambda one: one.line)
    return Plan(patients, counts, problems, so_far)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    told: dict[type, dict[str, Any]]


def _lines(
    table: Table, keys: Mapping[str, str], day_first: bool, problems: list[Problem]
) -> Iterator[_Line]:
    """Yield what each line tells of its patient, its tumour and its treatment."""
    columns = [
        (place, BY_KEY[keys[heading]])
        for place, heading in enumerate(table.headings)
        if keys.get(heading)
    ]
    for number, row in table.lines:
        told: dict[type, dict[str, Any]] = {Patient: {}, Tumour: {}, Treatment: {}}
        for place, column in columns:
            cell = row[place]
            if not cell or cell.isspace():
                continue
            try:
                typed = cells.plain(cell)
                value = column.read(typed) if column.read else cells.day(typed, day_first=day_first)
            except ValidationError as error:
                reason = " ".join(error.messages)
                problems.append(Problem(number, column.key, cells.shown(cell), reason))
                value = _BAD
            if value != "":
                told[column.of][column.field] = value
        match told[Tumour]:
            case {"morphology": str(code), "morphology_name": str(typed)}:
                told[Tumour]["morphology_name"] = morphology_to_store(code, typed)
        yield _Line(number, told)


def _known(who: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Patient]:
    """Return the patients who are known by issuer and MRN, in whichever clinic."""
    tumours = Tumour.objects.order_by("pk").prefetch_related(
        Prefetch("treatments", Treatment.objects.order_by("pk"))
    )
    found = _named(who).select_related("clinic").prefetch_related(Prefetch("tumours", tumours))
    return {(one.mrn_issuer, one.mrn): one for one in found}


def _named(who: Iterable[tuple[Any, Any]]) -> QuerySet[Patient]:
    """Return the patients with these MRNs; a few have theirs of another issuer than is named."""
    issuers, mrns = zip(*who, strict=True)
    return Patient.objects.filter(
        mrn_issuer__in={str(one) for one in issuers}, mrn__in=[str(one) for one in mrns]
    )


def _needed() -> str:
    return _("This is needed.")


class _Desk:
    """Puts the lines of one patient after another together, and beside what is known."""

    def __init__(self, clinic: Clinic, problems: list[Problem]) -> None:
        self.clinic, self.problems, self.today = clinic, problems, clinic.today()

    def patient(self, lines: list[_Line], known: Patient | None) -> Entry:
        first = lines[0]
        patient = Entry(Patient, first.number, {}, known)
        if known and known.clinic_id != self.clinic.pk:
            self._refuse(first.number, Patient, "mrn", _("This patient is followed elsewhere."))
            return patient
        for line in lines:
            self._tell(patient, line)
        for line in lines:
            if line.told[Tumour] or line.told[Treatment]:
                self._treatment(self._tumour(patient, line), line)
        for entry in patient.all():
            self._compare(entry)
        self._check(patient)
        return patient

    def _tumour(self, patient: Entry, line: _Line) -> Entry:
        """Return the tumour that a line tells of; one that it does not name is the only one."""
        told = line.told[Tumour]
        known = patient.known and patient.known.tumours.all()
        fitting = [one for one in self._all(patient, Tumour, known) if self._is_it(one, told)]
        return self._put(patient, fitting, line, Tumour, "site")

    @staticmethod
    def _is_it(one: Entry, told: Mapping[str, Any]) -> bool:
        """Whether nothing that a line says of the codes and the side is otherwise at a tumour."""
        said = told.get("laterality", Laterality.UNKNOWN)
        stands = one.now("laterality") or Laterality.UNKNOWN
        return (said == stands or Laterality.UNKNOWN in (said, stands)) and all(
            name not in told or told[name] == one.now(name) for name in ("topography", "morphology")
        )

    def _treatment(self, tumour: Entry, line: _Line) -> None:
        told = line.told[Treatment]
        if not told:
            return
        by = ("kind", "on") if "on" in told else ("kind", "on", "drugs", "description")
        fitting = [
            one
            for one in self._all(tumour, Treatment, tumour.known and tumour.known.treatments.all())
            if all((told.get(name) or None) == (one.now(name) or None) for name in by)
        ]
        self._put(tumour, fitting, line, Treatment, "description")

    @staticmethod
    def _all(whole: Entry, of: type, known: Iterable[Any] | None) -> list[Entry]:
        """Return the parts that were told so far, and those known that nobody has told of yet."""
        told_of = {part.known.pk for part in whole.parts if part.known}
        rest = [Entry(of, 0, {}, one) for one in known or () if one.pk not in told_of]
        return [*whole.parts, *rest]

    def _put(self, whole: Entry, fitting: list[Entry], line: _Line, of: Any, by: str) -> Entry:
        """Tell a part what a line says of it; of several that fit, the one alike in `by`."""
        told = line.told[of]
        if len(fitting) > 1:
            alike = [one for one in fitting if one.now(by) == told.get(by)]
            if len(alike) != 1:
                self._refuse(line.number, of, by, _("This could be more than one that is known."))
            fitting = alike or fitting
        entry = fitting[0] if fitting else Entry(of, line.number, {})
        if entry not in whole.parts:
            entry.line = line.number
            whole.parts.append(entry)
        self._tell(entry, line)
        return entry

    def _tell(self, entry: Entry, line: _Line) -> None:
        """Add what a line says; two lines must not say two things."""
        for name, value in line.told[entry.of].items():
            before = entry.told.setdefault(name, value)
            if before != value and _BAD not in (before, value):
                column = _COLUMN[entry.of, name]
                self._refuse(
                    line.number,
                    entry.of,
                    name,
                    _("An earlier line says “%(before)s” here.")
                    % {"before": column.in_words(before)},
                    value,
                )

    def _compare(self, entry: Entry) -> None:
        if entry.known is None:
            for column in _NEEDED[entry.of]:
                if column.field not in entry.told:
                    self._refuse(entry.line, entry.of, column.field, _needed())
            return
        for name, value in entry.told.items():
            before = getattr(entry.known, name)
            if before != value and value is not _BAD:
                entry.changes[name] = (before, value)

    def _check(self, patient: Entry) -> None:
        """Hold what each action holds of one patient."""
        born = patient.now("birth_date")
        self._check_patient(patient)
        if not isinstance(born, date):
            return
        self._check_day(patient, "birth_date", born)
        for entry in patient.all():
            if entry.of is Tumour:
                self._check_day(entry, "diagnosed_on", born)
            if entry.of is Treatment:
                self._check_day(entry, "on", born)
                if entry.now("kind") in Treatment.OPERATIONS and not entry.now("on"):
                    why = _("An operation needs its date: follow-up counts from it.")
                    self._refuse(entry.line, Treatment, "on", why)

    def _check_patient(self, patient: Entry) -> None:
        if {"family_name", "birth_date"} <= patient.changes.keys():
            why = _("This number belongs to somebody with another name and another birth date.")
            self._refuse(patient.line, Patient, "mrn", why, patient.told["mrn"])
        if "birth_date" in patient.changes:
            days = [
                one.on
                for tumour in patient.known.tumours.all()
                for one in tumour.treatments.all()
                if one.on
            ]
            if days and min(days) < patient.told["birth_date"]:
                why = _("The patient was treated before this day.")
                self._refuse(patient.line, Patient, "birth_date", why, patient.told["birth_date"])
        if "phone" in patient.changes and patient.known.contact_by == ContactBy.SMS:
            try:
                dialled(patient.told["phone"])
            except ValidationError as error:
                why = " ".join(error.messages)
                self._refuse(patient.line, Patient, "phone", why, patient.told["phone"])

    def _check_day(self, entry: Entry, name: str, born: date) -> None:
        day = entry.told.get(name)
        if isinstance(day, date) and (fault := fault_of_day(day, born=born, today=self.today)):
            self._refuse(entry.line, entry.of, name, fault, day)

    def _refuse(self, line: int, of: Any, name: str, reason: str, value: Any = "") -> None:
        column: Column = _COLUMN[of, name]
        self.problems.append(Problem(line, column.key, cells.shown(column.in_words(value)), reason))
