"""What events say of rows, compared with what the history says of the same rows."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from pghistory.core import event_models

from schedules.rules.reconcile import Act
from surveillance.audit.models import Event

HISTORY: list[Any] = event_models()
TRACKED = {one.pgh_tracked_model.__name__: one.pgh_tracked_model for one in HISTORY}
_LAST = " UNION ALL ".join(
    f"SELECT '{model._meta.db_table}', coalesce(max({key}), 0) FROM {model._meta.db_table}"
    for model, key in [*((model, "pgh_id") for model in HISTORY), (Event, "id")]
)

# Whose row an act, or all acts of that first word, tell of, where the word is not its name.
OF = {
    "account": "User",
    "account.invited": "",  # when, the history does not keep
    "clinic.closed_on": "ClosedDay",
    "clinic.opened_on": "ClosedDay",
    "emergency": "EmergencyAccess",
    "emergency.refused": "",  # nothing was done
    "images.arranged": "Arrangement",
    "member": "Membership",
    "patient.erased": "",  # its history is erased with it
    "schedule.anchor_declined": "DeclinedAnchor",
    "schedule.suspended": "Suspension",
    "text": "TextMeaning",
}
# Which field a word of an event means, where it is not the field's name.
MEANS = {
    "booking.broken_off because": "broken_off_because",
    "emergency access": "public_id",
    "finding.withdrawn reason": "withdrawn_because",
    "member member": "user",
    "patient clinician": "responsible",
    "schedule.protocol_changed reason": "state_reason",
    "schedule.rebaselined reason": "state_reason",
    "study.keeping_undone reason": "kept_because",
    "study.kept_off_schedule reason": "kept_because",
    "study.withdrawn reason": "withdrawn_because",
    "token owner": "user",
    "token token": "name",
}
# What tells of another row, of several, or of what was done.
BESIDE = {
    "account": {"reason"},
    "booking": {"study", "undone"},
    "clinic": {"administrator"},
    "member": {"name"},
    "patient": {"bookings_cancelled"},
    "protocol": {"based_on"},
    "result": {"reason"},
    "schedule": {"explanation", "new_schedule", *(f"slots_{act}" for act in Act)},
    "study": {"finding", "leaves", "outcome", "sites"},
    "token": {"days"},
}
IMPORTED = {"patient.changed", "tumour.changed", "treatment.changed"}
OF_WHAT_WAS = {"study.keeping_undone reason", "study.withdrawn regions"}
ONE_WORD = {"booking": "state", "member": "role"}  # what their "before" and "after" are of
BY_ITSELF = {"recorded_at", "reviewed_at"}  # what a change of other fields brings with it


class Change(NamedTuple):
    """What became of one row in one transaction; `None` where there was none."""

    model: type[models.Model]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass
class Agreement:
    """It looks at what has come since it looked last."""

    last: dict[str, int] = field(default_factory=dict)
    acts: set[str] = field(default_factory=set)  # those that agreed

    def look(self) -> set[str]:
        """Compare each new event with the changes of its transaction.

        Returns the tables that were changed in transactions without an event.

        Raises:
            AssertionError: an event says of a row what its history does not, or in a word that
                means nothing here.
        """
        since, self.last = self.last, _last()
        changes: dict[Any, list[Change]] = {}
        for history in HISTORY:
            seen = since.get(history._meta.db_table, 0)
            if self.last[history._meta.db_table] > seen:
                for key, change in _changes(history, seen):
                    changes.setdefault(key, []).append(change)
        events = list(Event.objects.filter(pk__gt=since.get(Event._meta.db_table, 0)))
        wrong = []
        for event in events:
            if model := model_of(event.act):
                of_it = changes.get((event.transaction, event.began), [])
                rows = [one for one in of_it if one.model is model]
                if not any(_agree(event, one) for one in rows):
                    wrong.append((event.act, event.detail, rows))
                self.acts.add(event.act)
        assert not wrong, wrong
        told = {(event.transaction, event.began) for event in events}
        around = (of_it for key, of_it in changes.items() if key not in told)
        return {one.model._meta.db_table for of_it in around for one in of_it}


def _last() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST)
        return dict(cursor.fetchall())


def _changes(history: Any, seen: int) -> Iterator[tuple[Any, Change]]:
    """Give the changes of one table, each with its transaction.

    What a row became is what it was before its next change, or what it is.
    """
    model, new = history.pgh_tracked_model, history.objects.filter(pgh_id__gt=seen)
    live = model._base_manager.in_bulk(list(new.values_list("pgh_obj_id", flat=True)))
    rows = new.order_by("pgh_obj_id", "pgh_id").values()
    for pk, of_row in groupby(rows, itemgetter("pgh_obj_id")):
        by_key = groupby(of_row, itemgetter("transaction", "pgh_created_at"))
        parts = [(key, next(part)) for key, part in by_key]
        now = vars(live[pk]) if pk in live else None
        for (key, first), after in zip(parts, [*(row for _, row in parts[1:]), now], strict=True):
            yield key, Change(model, None if first["pgh_label"] == "insert" else first, after)


def model_of(act: str) -> type[models.Model] | None:
    """Return whose row an act tells of, if it is of a tracked one."""
    word = act.split(".")[0]
    return TRACKED.get(OF.get(act, OF.get(word, word.title())))


def _agree(event: Event, change: Change) -> bool:
    """Say whether a row was and became what an event says of it.

    An event that says what was before must say so of all that has changed.
    """
    model, before, after = change
    word, told = event.act.split(".")[0], _told(event, gone=after is None)
    if any(
        side in event.detail and event.detail[side] is None and row is not None
        for side, row in (("before", before), ("after", after))
    ):
        return False  # there was, or is, a row after all
    if isinstance(event.detail.get("before"), dict) and before and after:
        fields = (one for one in model._meta.concrete_fields if one.name not in BY_ITSELF)
        if any(before[f.attname] != after[f.attname] and f.name not in told.before for f in fields):
            return False
    return all(
        _says(
            model, row, MEANS.get(f"{event.act} {name}", MEANS.get(f"{word} {name}", name)), value
        )
        for words, row in ((told.before, before), (told.after, after))
        for name, value in words.items()
    )


class Told(NamedTuple):
    """What an event says that a row was, and is: its words with their values."""

    before: dict[str, Any]
    after: dict[str, Any]


def _told(event: Event, *, gone: bool) -> Told:
    word, told = event.act.split(".")[0], Told({}, {})
    for name, value in event.detail.items():
        if name in ("before", "after"):
            if value is not None:
                said = value if isinstance(value, dict) else {ONE_WORD[word]: value}
                getattr(told, name).update(said)
        elif event.act in IMPORTED and isinstance(value, list):
            told.before[name], told.after[name] = value
        elif value != "changed":  # of a person: not what it was, nor what it is
            (told.before if gone or f"{event.act} {name}" in OF_WHAT_WAS else told.after)[name] = (
                value
            )
    for words in told:
        for name in BESIDE.get(word, ()):
            words.pop(name, None)
    return told


def _says(model: type[models.Model], row: Mapping[str, Any] | None, name: str, value: Any) -> bool:
    """Say whether a row has a value as the audit writes it down."""
    if row is None:
        return False
    try:
        of: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        if name != model.__name__.lower():
            raise
        itself = model(
            **{
                one.attname: row[one.attname]
                for one in model._meta.concrete_fields
                if one.attname in row
            }
        )
        return value in _names(itself)
    stored = row[of.attname]
    if of.is_relation:
        return value in _names(of.related_model._base_manager.filter(pk=stored).first())
    written = json.loads(json.dumps(stored, cls=DjangoJSONEncoder))
    return bool(of.to_python(value) == of.to_python(written))


def _names(of: models.Model | None) -> set[str | None]:
    """Return what the audit may call a row, or nobody."""
    if of is None:
        return {None, "", "nobody"}
    own = {str(getattr(of, one)) for one in ("public_id", "username", "code") if hasattr(of, one)}
    return {*own, str(of)}
