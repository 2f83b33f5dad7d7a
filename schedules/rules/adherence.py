"""Whether follow-up was kept: how each slot that came due stands, and how many were in time.

`schedules.figures` works the same out in SQL; a property test holds the two together. What counts:

- a slot has come due once its due date is there;
- it is done on the day on which its studies had covered all of its regions;
- adherence is done from `EARLY_DAYS` before to `LATE_DAYS` after the due date, both inclusive, over
  the slots whose `LATE_DAYS` have run out. Slots that were skipped, superseded or withdrawn are
  left out: nobody was meant to come.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median

from schedules.rules.outcome import Outcome

EARLY_DAYS = 30
LATE_DAYS = 60
FEW = 10  # below this many a percentage says little

_PUT_ASIDE = (Outcome.SUPERSEDED, Outcome.WITHDRAWN)


class Standing(StrEnum):
    """What has become of a slot by a day."""

    NOT_YET_DUE = "not_yet_due"
    PUT_ASIDE = "put_aside"  # superseded or withdrawn: the plan asks for it no more
    SKIPPED = "skipped"
    ON_TIME = "on_time"
    LATE = "late"  # done after its last day
    LAPSED = "lapsed"  # never done
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Came:
    """What is known of one slot: its dates, its outcome, and when it was done, if it was."""

    due_on: date
    latest_on: date
    lapses_on: date
    outcome: Outcome
    done_on: date | None


@dataclass(frozen=True, slots=True)
class Adherence:
    """`kept` slots were done in time, of `of` that count."""

    kept: int
    of: int

    @property
    def percent(self) -> int | None:
        """In whole per cent, halves rounded up; of nothing there is none."""
        return (200 * self.kept + self.of) // (2 * self.of) if self.of else None

    @property
    def is_few(self) -> bool:
        return 0 < self.of < FEW


def done_on(
    required: Collection[str], studies: Iterable[tuple[date, Collection[str]]], on: date
) -> date | None:
    """Return the first day by `on` on which the studies had covered all required regions.

    Each study is given as its day and the regions that it covered.
    """
    missing = set(required)
    for performed_on, regions in sorted(studies, key=lambda study: study[0]):
        missing -= set(regions)
        if not missing:
            return performed_on if performed_on <= on else None
    return None


def standing(slot: Came, on: date) -> Standing:
    """Return how a slot stands on the day `on`."""
    if on < slot.due_on:
        return Standing.NOT_YET_DUE
    if slot.outcome in _PUT_ASIDE:
        return Standing.PUT_ASIDE
    if slot.outcome == Outcome.SKIPPED:
        return Standing.SKIPPED
    if slot.done_on is not None and slot.done_on <= on:
        return Standing.ON_TIME if slot.done_on <= slot.latest_on else Standing.LATE
    return Standing.LAPSED if on > slot.lapses_on else Standing.OPEN


def counts(slot: Came, on: date) -> bool:
    """Say whether a slot is in the denominator: somebody was to come, and the days have run out."""
    is_asked_for = standing(slot, on) not in (
        Standing.NOT_YET_DUE,
        Standing.PUT_ASIDE,
        Standing.SKIPPED,
    )
    return is_asked_for and (on - slot.due_on).days > LATE_DAYS


def is_kept(slot: Came) -> bool:
    """Say whether a slot was done from 30 days before to 60 days after its due date."""
    return slot.done_on is not None and -EARLY_DAYS <= lateness(slot.done_on, slot) <= LATE_DAYS


def adherence(slots: Iterable[Came], on: date) -> Adherence:
    """Return how many slots were kept, of those that count on the day `on`."""
    counted = [slot for slot in slots if counts(slot, on)]
    return Adherence(sum(is_kept(slot) for slot in counted), len(counted))


def lateness(performed_on: date, slot: Came) -> int:
    """Return by how many days after the due date an exam was done; below 0 before it."""
    return (performed_on - slot.due_on).days


def median_lateness(slots: Iterable[Came], on: date, *, only_late: bool = False) -> float | None:
    """Return the median days after the due date of the slots done by `on`; None without any."""
    wanted = (Standing.LATE,) if only_late else (Standing.ON_TIME, Standing.LATE)
    days = [
        lateness(slot.done_on, slot)
        for slot in slots
        if slot.done_on is not None and standing(slot, on) in wanted
    ]
    return float(median(days)) if days else None
