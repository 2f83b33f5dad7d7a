"""Doing what a list asks for: exactly what was shown, in one transaction, many rows a statement.

Each rule that an action holds of one patient, `deciding` has held of all; the rules of PostgreSQL
stand behind them, and the audit is that of the actions, a row for each thing created or changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from patients.importing.deciding import BATCH, Entry, Plan, Tell, batches, decide
from patients.importing.reading import Table
from patients.models import Clinic, Patient, Treatment, Tumour
from surveillance.accounts.models import User
from surveillance.audit.actions import record, record_each

# In the audit these stand as names of fields alone: it says of whom, by a key, and no more.
_OF_A_PERSON = {"family_name", "given_name", "birth_date", "phone", "email"}


@transaction.atomic
def load(
    *,
    table: Table,
    keys: Mapping[str, str],
    clinic: Clinic,
    by: User | str,
    shown: str,
    day_first: bool = False,
    tell: Tell = lambda so_far: None,
) -> Plan:
    """Create and change what a list says, if that is what was `shown` (a plan's digest).

    `tell` hears how many lines are done: to read one is half of it, to write it the other half.

    Raises:
        Unreadable: the file cannot be read to its end.
        ValidationError: it would do something else by now, or a line of it is wrong.
    """
    plan = decide(
        table,
        keys=keys,
        clinic=clinic,
        day_first=day_first,
        to_be_done=True,
        tell=lambda read: tell(read // 2),
    )
    if plan.problems or plan.digest != shown:
        raise ValidationError(_changed())
    try:
        with transaction.atomic():
            for n, batch in enumerate(batches(plan.patients, BATCH)):
                written = n * BATCH / len(plan.patients)
                tell(int(plan.lines * (1 + written) / 2))
                _write(batch, clinic, by)
    except IntegrityError as error:  # somebody registered one of them meanwhile
        raise ValidationError(_changed()) from error
    detail: dict[str, Any] = {"lines": plan.lines, **plan.counts}
    record(act="patients.imported", by=by, clinic_code=clinic.code, **detail)
    return plan


def _changed() -> str:
    return _("Something has changed since this was shown: look at it again.")


def _write(patients: list[Entry], clinic: Clinic, by: User | str) -> None:
    """Write patients with their tumours and treatments: each whole before its parts."""
    _write_kind([(entry, {"clinic": clinic}) for entry in patients], Patient, "registered", by)
    tumours = [
        (tumour, {"patient": patient.known}) for patient in patients for tumour in patient.parts
    ]
    _write_kind(tumours, Tumour, "added", by)
    treatments = [
        (treatment, {"tumour": tumour.known})
        for tumour, _whole in tumours
        for treatment in tumour.parts
    ]
    _write_kind(treatments, Treatment, "added", by)


def _write_kind(
    entries: list[tuple[Entry, dict[str, Any]]],
    model: type[Patient | Tumour | Treatment],
    created: str,
    by: User | str,
) -> None:
    """Create what is new of one kind, each as a part of its whole, and change what is known."""
    name = model.__name__.lower()
    new = [(entry, whole) for entry, whole in entries if entry.known is None]
    for entry, whole in new:
        entry.known = model(**whole, **entry.told)
    model._default_manager.bulk_create([entry.known for entry, _whole in new])
    record_each(
        act=f"{name}.{created}",
        by=by,
        of=((_patient(entry.known), _facts(entry.known)) for entry, _whole in new),
    )
    changed = [entry for entry, _whole in entries if entry.changes]
    if not changed:
        return
    for entry in changed:
        for field, (_before, after) in entry.changes.items():
            setattr(entry.known, field, after)
    fields = {field for entry in changed for field in entry.changes}
    model._default_manager.bulk_update([entry.known for entry in changed], sorted(fields))
    record_each(act=f"{name}.changed", by=by, of=_what_changed(changed))


def _what_changed(changed: Iterable[Entry]) -> Iterator[tuple[Patient, dict[str, Any]]]:
    for entry in changed:
        told = {
            field: "changed" if field in _OF_A_PERSON else [before, after]
            for field, (before, after) in entry.changes.items()
        }
        yield _patient(entry.known), _facts(entry.known) | told


def _patient(row: Patient | Tumour | Treatment) -> Patient:
    if isinstance(row, Patient):
        return row
    return row.patient if isinstance(row, Tumour) else row.tumour.patient


def _facts(row: Patient | Tumour | Treatment) -> dict[str, Any]:
    """Return what the audit says of a row, beside the patient."""
    if isinstance(row, Patient):
        return {}
    if isinstance(row, Tumour):
        return {"tumour": row.public_id}
    return {"treatment": row.public_id, "kind": row.kind, "on": row.on}
