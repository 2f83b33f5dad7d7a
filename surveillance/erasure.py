"""Removing all that identifies one person, while the audit goes on to tell who saw that record.

All rows that belong to the patient are deleted, of whatever app, with what they once were; texts of
messages that name others as well are emptied. Events keep who did what and when, and lose their
detail; a digest in the event of the erasure holds what is left of them (ADR 0020).
"""

from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import ForeignKey, ManyToOneRel, Q
from django.utils import timezone
from pghistory.core import event_models
from pghistory.models import Event as Snapshot

from imaging.models import Received, Step
from patients.locks import lock
from patients.models import Import, Patient
from reminders.models import Announcement, Line, Message, MessageState
from schedules.models import Booking, JobFile, Schedule, ScheduleState, Study
from surveillance.accounts.models import User
from surveillance.api.models import Answered
from surveillance.audit.actions import record
from surveillance.audit.chain import strip_details, what_is_left
from surveillance.audit.models import Event

Rows = dict[type[models.Model], set[Any]]
UNSENT = (MessageState.QUEUED, MessageState.SENDING, MessageState.HELD)


class Reason(StrEnum):
    """Why somebody is erased: one of these and no words of one's own, for it stays."""

    REQUEST = "request"
    RETENTION = "retention"
    MISTAKE = "mistake"


@transaction.atomic
def erase(*, patient: Patient, reason: Reason, by: User, at: datetime | None = None) -> None:
    """Erase a patient whose follow-up has ended.

    The database session needs the right to change the audit, as the owner of its tables has.

    Raises:
        ValidationError: the follow-up goes on, an appointment is ahead, or a receiver of HL7 has
            not been told yet.
    """
    patient = lock(patient)
    images = _images_of(patient)
    rows = _rows_of({Patient: {patient.pk}, Received: images})
    _check_over(rows, at or timezone.now())
    uids = _study_uids(rows)
    rows = _rows_of({**rows, Step: _keys(Step, Q(clinic=patient.clinic, study_uid__in=uids))})
    received = Received.objects.filter(pk__in=rows[Received]).values_list("public_id", flat=True)
    events = Event.objects.filter(
        Q(patient_id=patient.public_id)
        | Q(detail__study_uid__in=uids)
        | Q(detail__received__in=list(map(str, received)))
    )
    ids = sorted(events.values_list("pk", flat=True))
    record(
        act="patient.erased",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        reason=reason,
        rows=sum(map(len, rows.values())),
        events=ids,
        left=what_is_left(ids, stripped=True),
    )
    strip_details(ids)
    _forget_copies(patient, rows)
    for model, keys in reversed(rows.items()):  # the patient last: triggers look for them
        _delete(model, keys)
    _forget_history(rows)


def _images_of(patient: Patient) -> set[Any]:
    """Return what was received that says it is of the patient, or of nobody else of that name."""
    says = "headers__says__identity"
    by_number = Q(**{f"{says}__patient_id": patient.mrn}) & Q(
        **{f"{says}__issuer__in": ["", patient.mrn_issuer]}
    )
    by_name = Q(**{f"{says}__birth_date": patient.birth_date.isoformat()}) & Q(
        **{f"{says}__name__icontains": patient.family_name}
    )
    of_others = Q(study__isnull=False) & ~Q(study__patient=patient)
    return _keys(Received, Q(by_number | by_name, clinic=patient.clinic) & ~of_others)


def _rows_of(found: Rows) -> Rows:
    """Return all rows that belong to those found, directly or by others, of whatever table."""
    rows: Rows = defaultdict(set, {model: set(keys) for model, keys in found.items()})
    fresh = list(rows.items())
    while fresh:
        model, keys = fresh.pop(0)
        for relation in model._meta.get_fields(include_hidden=True):
            if not isinstance(relation, ManyToOneRel):
                continue
            owned: Any = relation.related_model
            if issubclass(owned, Snapshot):  # these come last, for a deletion adds to them
                continue
            new = _keys(owned, Q(**{f"{relation.field.name}__in": keys}))
            new -= rows[owned]
            if new:
                rows[owned] |= new
                fresh.append((owned, new))
    return rows


def _keys(model: type[models.Model], of: Q) -> set[Any]:
    return set(model._base_manager.filter(of).values_list("pk", flat=True))


def _check_over(rows: Rows, at: datetime) -> None:
    schedules = Schedule.objects.filter(pk__in=rows[Schedule])
    if schedules.filter(state__in=[ScheduleState.ACTIVE, ScheduleState.SUSPENDED]).exists():
        raise ValidationError("The follow-up goes on: end it first, for a reason.")
    bookings = Booking.objects.filter(pk__in=rows[Booking], state__in=Booking.ACTIVE)
    if bookings.filter(starts_at__gte=at).exists():
        raise ValidationError("An appointment is ahead: cancel it first.")
    untold = Announcement.objects.filter(pk__in=rows[Announcement], message__state__in=UNSENT)
    if untold.exists():
        raise ValidationError("A receiver of HL7 has not been told of all yet: wait until it is.")


def _study_uids(rows: Rows) -> list[str]:
    return sorted(
        set(
            chain.from_iterable(
                model._base_manager.filter(pk__in=rows[model]).values_list("study_uid", flat=True)
                for model in (Booking, Study, Received)
            )
        )
    )


def _forget_copies(patient: Patient, rows: Rows) -> None:
    """Empty or delete what tells of the patient and belongs to others, too."""
    told = set(
        Message.objects.filter(
            Q(lines__in=rows[Line]) | Q(announcement__in=rows[Announcement])
        ).values_list("pk", flat=True)
    )
    shared = set(
        Line.objects.filter(message__in=told)
        .exclude(pk__in=rows[Line])
        .values_list("message", flat=True)
    )
    Message.objects.filter(pk__in=shared).update(subject="", body="", last_error="")
    rows[Message] |= told - shared
    Answered.objects.filter(patient_ids__contains=[patient.public_id]).delete()
    # Files live for a day, and who asked for one can ask again.
    JobFile.objects.filter(job__ended_at__isnull=False).delete()
    Import.objects.filter(clinic=patient.clinic).exclude(data=b"").update(
        data=b"", corrections=b"", found=None
    )


def _delete(model: type[models.Model], keys: set[Any]) -> None:
    """Delete rows, whatever refers to them: what does goes too, and PostgreSQL looks at the end."""
    table, key = model._meta.db_table, model._meta.pk
    assert key
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {key.column} = ANY(%s)", [list(keys)])  # noqa: S608


def _forget_history(rows: Rows) -> None:
    """Delete what the rows were, and what those were that had been deleted before."""
    for history in cast(list[Any], event_models()):
        of = Q()
        for column in history._meta.get_fields():
            if isinstance(column, ForeignKey) and rows.get(cast(Any, column.related_model)):
                of |= Q(**{f"{column.attname}__in": rows[cast(Any, column.related_model)]})
        if of:
            _delete(history, _keys(history, of))
