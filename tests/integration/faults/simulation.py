"""Sweeps with a clock of our own."""

from datetime import datetime, timedelta

from reminders.actions import sweep
from reminders.models import Line, Message, MessageState

WAITS = (MessageState.QUEUED, MessageState.SENDING)


def sweep_until_all_is_said(start: datetime, step: timedelta, *, within: timedelta) -> datetime:
    """Sweep at each step until nothing waits; return when that was."""
    at = start
    while at <= start + within:
        sweep(at=at)
        if not Message.objects.filter(state__in=WAITS).exists():
            assert not Line.objects.filter(message=None, withdrawn_at=None).exists()
            return at
        at += step
    left = Message.objects.filter(state__in=WAITS)
    raise AssertionError(f"{left.count()} still wait after {within}: {left.first()}")
