"""For how long a slot may leave the list of what is to be booked, after a call."""

from datetime import date, timedelta

from schedules.rules.windows import Window

USUAL = timedelta(days=7)
AT_MOST_WHEN_LATE = timedelta(days=14)


def latest_snooze(slot: Window, on: date) -> date:
    """Return the last day until which a slot may be snoozed on the day `on`.

    That is the last day that is on time; where the slot is late already, two weeks ahead. If it
    is `on` itself, or before, there is nothing left to snooze.
    """
    return slot.latest_on if on <= slot.latest_on else on + AT_MOST_WHEN_LATE


def usual_snooze(slot: Window, on: date) -> date | None:
    """Return the day that is proposed: a week ahead, or sooner where that is too late."""
    until = min(on + USUAL, latest_snooze(slot, on))
    return until if until > on else None
