"""Which event month 0 should count from. The rules propose; a person decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from schedules.rules.months import long_date

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Operation(Generic[Event]):
    """An operation that removed disease with intent to cure."""

    on: date
    name: str
    event: Event  # the caller's own row, handed back with the proposal


@dataclass(frozen=True, slots=True)
class AnchorProposal(Generic[Event]):
    """A new anchor, and why."""

    anchor: date
    reason: str
    event: Event


def propose_anchor(
    operations: Iterable[Operation[Event]], current: date | None
) -> AnchorProposal[Event] | None:
    """Propose the last operation as anchor, if it is later than the `current` one.

    A resection of a recurrence and a metastasectomy restart the clock: the risk that follow-up
    answers to counts from the day on which the patient was last made free of visible disease.
    Until a person accepts, the old slots go on.
    """
    last = max(operations, key=lambda operation: operation.on, default=None)
    if last is None or (current is not None and last.on <= current):
        return None
    since = f", after the anchor of {long_date(current)}" if current else ""
    return AnchorProposal(
        anchor=last.on,
        reason=f"{last.name} on {long_date(last.on)}{since}",
        event=last.event,
    )
