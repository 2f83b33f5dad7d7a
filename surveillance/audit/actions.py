"""The ways into the audit. Call them inside the transaction that they tell of."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from surveillance.accounts.models import User
from surveillance.audit.history import Around, changed_around
from surveillance.audit.models import Event, Look
from surveillance.audit.origin import origin


class InClinic(Protocol):
    """A patient, as far as the audit needs to know one."""

    public_id: UUID

    @property
    def clinic_code(self) -> str: ...


def record(
    *, act: str, by: User | str, clinic_code: str, patient: InClinic | None = None, **detail: Any
) -> None:
    """Record that `by`, a user or a program's name, did `act`; `detail` says precisely what."""
    Event.objects.create(
        act=act,
        by_id=_public_id(by),
        by_name=_name(by),
        origin=origin(),
        clinic_code=clinic_code,
        patient_id=patient.public_id if patient else None,
        detail=detail,
    )


def record_each(
    *, act: str, by: User | str, of: Iterable[tuple[InClinic, Mapping[str, Any]]]
) -> None:
    """Record that `by` did the same to many patients at once: a row each, with its detail."""
    asked_from = origin()
    Event.objects.bulk_create(
        (
            Event(
                act=act,
                by_id=_public_id(by),
                by_name=_name(by),
                origin=asked_from,
                clinic_code=patient.clinic_code,
                patient_id=patient.public_id,
                detail=detail,
            )
            for patient, detail in of
        ),
        batch_size=2000,
    )


def record_look(*, page: str, by: User | str, patients: Iterable[InClinic]) -> None:
    """Record that `page` showed `patients` to `by`: one row a clinic, none for nobody."""
    seen: dict[str, set[UUID]] = {}
    for patient in patients:
        seen.setdefault(patient.clinic_code, set()).add(patient.public_id)
    Look.objects.bulk_create(
        Look(
            page=page,
            by_id=_public_id(by),
            by_name=_name(by),
            origin=origin(),
            clinic_code=clinic_code,
            patient_ids=sorted(public_ids, key=attrgetter("int")),  # as they sort, but quicker
        )
        for clinic_code, public_ids in seen.items()
    )


@transaction.atomic
def explain_changes(*, reason: str, by: User) -> list[Around]:
    """Say why rows were changed around the application, of all that are unexplained; return these.

    `reason` stays for ever, also where a patient is erased: it names nobody.
    """
    changed = changed_around()
    record(
        act="changes.explained",
        by=by,
        clinic_code="",
        reason=reason,
        changes=[around.key for around in changed],
        rows=[str(around) for around in changed],
    )
    return changed


def _name(by: User | str) -> str:
    """Return the name that stands in every row, whatever the language of the page was."""
    return by.get_full_name() or by.username if isinstance(by, User) else by


def _public_id(by: User | str) -> UUID | None:
    return by.public_id if isinstance(by, User) else None
