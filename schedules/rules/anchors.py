"""Which event month 0 should count from. The rules propose; a person decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from schedules.rules.wording import gettext as _
from schedules.rules.wording import long_date

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Operation(Generic[Event]):
    """An operation on the primary, on its recurrence or on a metastasis."""

    on: date
    name: str
    of_metastasis: bool
    leaves_disease: bool  # margin R2, or done to relieve, not to cure
    margin_not_clear: bool  # R1 or R2
    event: Event  # the caller's own row, handed back with the proposal
    declined: bool = False  # a person has decided that it restarts nothing


@dataclass(frozen=True, slots=True)
class AnchorProposal(Generic[Event]):
    """An anchor, and why."""

    anchor: date
    reason: str
    event: Event


def propose_anchor(
    operations: Iterable[Operation[Event]],
    recurrences: Iterable[date] = (),
    current: date | None = None,
) -> AnchorProposal[Event] | None:
    """Propose the last operation that left no visible disease, if it is later than `current`.

    One that a person has declined is not proposed again; an earlier one then may be.

    `recurrences` are the days on which a local recurrence was found. A resection of a recurrence,
    a re-excision for margins and a metastasectomy restart the clock: the risk that follow-up
    answers to counts from the day on which the patient was last made free of visible disease.
    Until a person accepts, the old slots go on.
    """
    in_order = sorted(operations, key=lambda operation: operation.on)
    curative = [
        operation
        for operation in in_order
        if not operation.leaves_disease and not operation.declined
    ]
    if not curative or (current is not None and curative[-1].on <= current):
        return None
    last = curative[-1]
    kind = _kind(last, in_order[: in_order.index(last)], recurrences)
    told = {"kind": kind, "operation": last.name, "day": long_date(last.on)}
    if current:
        reason = _("%(kind)s: %(operation)s on %(day)s, after the anchor of %(anchor)s") % (
            told | {"anchor": long_date(current)}
        )
    else:
        reason = _("%(kind)s: %(operation)s on %(day)s") % told
    return AnchorProposal(anchor=last.on, reason=reason, event=last.event)


def _kind(
    last: Operation[Event], before: Sequence[Operation[Event]], recurrences: Iterable[date]
) -> str:
    if last.of_metastasis:
        return _("Metastasectomy")
    resections = [operation for operation in before if not operation.of_metastasis]
    if not resections:
        return _("Resection of the primary")
    if any(resections[-1].on < found_on <= last.on for found_on in recurrences):
        return _("Resection of a local recurrence")
    if resections[-1].margin_not_clear:
        return _("Re-excision for margins")
    return _("Another resection")
