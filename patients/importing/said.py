"""What a plan would change of known patients, in words and field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from patients.importing.columns import COLUMNS
from patients.importing.deciding import Entry, Plan
from patients.models import Patient, Treatment

_COLUMN = {(column.of, column.field): column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a known patient, before and after; or a part that is added to one."""

    line: int
    patient_id: str  # public
    patient: str
    what: str  # the patient, or which tumour or treatment of theirs
    column: str
    before: str
    after: str


def what_changes(plan: Plan) -> Iterator[Change]:
    """Yield what is otherwise afterwards at a patient who is known."""
    for patient in plan.patients:
        if patient.known:
            for entry in patient.all():
                yield from _of(entry, patient.known)


def _of(entry: Entry, patient: Patient) -> Iterator[Change]:
    told = (entry.line, str(patient.public_id), f"{patient} ({patient.mrn})")
    if entry.known is None:
        facts = ", ".join(filter(None, (_written(entry, name) for name in entry.told)))
        yield Change(*told, _name(entry), _("Added"), "", facts)
    for name, (before, _after) in entry.changes.items():
        yield Change(
            *told,
            _name(entry),
            str(_COLUMN[entry.of, name].label),
            in_words(entry, name, before),
            _written(entry, name),
        )


def _name(entry: Entry) -> str:
    if entry.of is Patient:
        return _("Patient")
    known = str(entry.known or "")
    if entry.of is Treatment:
        return _("Treatment") + (f" ({known})" if known else "")
    return _("Tumour") + (f" ({known})" if known else "")


def _written(entry: Entry, name: str) -> str:
    return in_words(entry, name, entry.told[name])


def in_words(entry: Entry, name: str, value: Any) -> str:
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    return _COLUMN[entry.of, name].in_words(value)
