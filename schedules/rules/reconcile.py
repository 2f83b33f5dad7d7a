"""Re-planning as reconciliation: what is planned beside what should be, and what to do about it.

What happened is never rewritten. The same answer tells what would change and what to change, and
once it is applied the next answer changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from schedules.rules.plan import PlannedSlot
from schedules.rules.protocol import exam_name
from schedules.rules.wording import gettext as _
from schedules.rules.wording import gettext_noop

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Standing(Generic[Row]):
    """A slot as it stands in a schedule."""

    row: Row  # the caller's own, handed back with the change
    exam: str
    n: int
    dates: tuple[date, date, date, date]  # earliest, due, latest, lapses
    settled: bool  # something happened at it, or a person decided about it
    withdrawn: bool  # a plan no longer asked for it
    booked: bool  # an appointment is ahead


class Act(StrEnum):
    """What is to be done about a slot."""

    CREATE = "create"
    KEEP = "keep"
    MOVE = "move"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    ASK = "ask"  # left as it is; a nurse must settle its appointment first


@dataclass(frozen=True, slots=True)
class Change(Generic[Row]):
    """One slot, what is to be done about it, and why."""

    act: Act
    exam: str
    n: int
    reason: str  # in the source language, since it may be stored; `told` is to be shown
    standing: Standing[Row] | None
    planned: PlannedSlot | None

    @property
    def exam_name(self) -> str:
        return exam_name(self.exam)

    @property
    def told(self) -> str:
        """What is to be done, and why, in words."""
        return _("%(act)s: %(reason)s") % {
            "act": _(_ACTS[self.act]).capitalize(),
            "reason": _(self.reason),
        }


_ACTS = {
    Act.CREATE: gettext_noop("create"),
    Act.KEEP: gettext_noop("keep"),
    Act.MOVE: gettext_noop("move"),
    Act.WITHDRAW: gettext_noop("withdraw"),
    Act.RESTORE: gettext_noop("restore"),
    Act.ASK: gettext_noop("ask"),
}


def reconcile(
    standing: Iterable[Standing[Row]], planned: Sequence[PlannedSlot]
) -> list[Change[Row]]:
    """Return for each slot that stands or is planned what makes the one the other.

    Slots are the same if they are the same exam and have the same number in its series.
    """
    stands = {(slot.exam, slot.n): slot for slot in standing}
    wanted = {(slot.exam.key, slot.n): slot for slot in planned}
    return [
        _change(exam, n, stands.get((exam, n)), wanted.get((exam, n)))
        for exam, n in sorted(stands.keys() | wanted.keys())
    ]


def _change(
    exam: str, n: int, slot: Standing[Row] | None, planned: PlannedSlot | None
) -> Change[Row]:
    act, reason = _decide(slot, planned)
    return Change(act, exam, n, reason, slot, planned)


def _decide(slot: Standing[Row] | None, planned: PlannedSlot | None) -> tuple[Act, str]:
    if slot is None:
        return Act.CREATE, gettext_noop("the protocol asks for it")
    if slot.settled:
        return Act.KEEP, gettext_noop("what happened stays")
    if planned is None:
        if slot.withdrawn:
            return Act.KEEP, gettext_noop("it is withdrawn already")
        if slot.booked:
            return Act.ASK, gettext_noop(
                "the plan asks for it no more, but an appointment is booked"
            )
        return Act.WITHDRAW, gettext_noop("the plan asks for it no more")
    if slot.withdrawn:
        return Act.RESTORE, gettext_noop("the protocol asks for it again")
    if slot.dates == planned[-4:]:
        return Act.KEEP, gettext_noop("it is where it should be")
    if slot.booked:
        return Act.ASK, gettext_noop("its dates change, but an appointment is booked")
    return Act.MOVE, gettext_noop("its dates change")
