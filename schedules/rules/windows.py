"""The only place that turns a slot's dates into a status."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

CLOSE = timedelta(weeks=6)


class WindowStatus(StrEnum):
    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    LAPSED = "lapsed"


class Window(Protocol):
    """Anything with a slot's dates, all inclusive."""

    @property
    def earliest_on(self) -> date: ...
    @property
    def due_on(self) -> date: ...
    @property
    def latest_on(self) -> date: ...
    @property
    def lapses_on(self) -> date: ...


def window_status(slot: Window, on: date) -> WindowStatus:
    """Return where the day `on` stands in the slot's window.

    upcoming before `earliest_on`, due from `earliest_on` to `latest_on`, overdue after
    `latest_on`, lapsed after `lapses_on`.
    """
    if on < slot.earliest_on:
        return WindowStatus.UPCOMING
    if on <= slot.latest_on:
        return WindowStatus.DUE
    if on <= slot.lapses_on:
        return WindowStatus.OVERDUE
    return WindowStatus.LAPSED


def takes(slot: Window, performed_on: date) -> bool:
    """Say whether an exam of that day belongs to this slot: inside the window, late included."""
    return slot.earliest_on <= performed_on <= slot.lapses_on


def is_close(slot: Window, performed_on: date) -> bool:
    """Say whether an exam before the window lies so near the due date that a person should decide.

    Near is within six weeks. The exam does not count for the slot, and never drops it.
    """
    return slot.due_on - CLOSE <= performed_on < slot.earliest_on


def days_late(slot: Window, on: date) -> int:
    """Return by how many days `on` is past `latest_on`; 0 while it is not."""
    return max(0, (on - slot.latest_on).days)
