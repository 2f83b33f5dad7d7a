"""Why a slot is on its day, in one sentence."""

from datetime import date
from typing import Protocol

from schedules.rules.months import long_date


class Dated(Protocol):
    """A slot, planned or stored, as far as its explanation goes."""

    @property
    def n(self) -> int: ...
    @property
    def month(self) -> int: ...
    @property
    def earliest_on(self) -> date: ...
    @property
    def due_on(self) -> date: ...
    @property
    def latest_on(self) -> date: ...
    @property
    def lapses_on(self) -> date: ...


def explain(slot: Dated, *, exam: str, protocol: str, anchor: date, citation: str) -> str:
    """Return the protocol, the arithmetic, the window and the source of a slot's dates."""
    return (
        f"{exam}, number {slot.n} of its series under {protocol}: "
        f"{long_date(anchor)} + {slot.month} months = {long_date(slot.due_on)}. "
        f"It counts from {long_date(slot.earliest_on)}, "
        f"is overdue after {long_date(slot.latest_on)} "
        f"and lapses after {long_date(slot.lapses_on)}. Source: {citation}"
    )
