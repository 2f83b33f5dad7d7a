"""Days that go by, swept as beat would sweep them, only less often."""

from datetime import date, datetime, time, timedelta

from patients.models import Clinic
from reminders.actions import sweep
from tests.factories import TOKYO

A_DAY = timedelta(days=1)


def moment(month: int, day: int, hour: int = 0, minute: int = 1) -> datetime:
    """Return a moment of 2026 in Tokyo, a minute past midnight unless told."""
    return datetime(2026, month, day, hour, minute, tzinfo=TOKYO)


def live(first: date, last: date, clinic: Clinic | None = None) -> None:
    """Sweep on each day, the last one too: just after midnight, and when the clinic opens."""
    zone = clinic.zone if clinic else TOKYO
    while first <= last:
        for hour in (time(0, 1), time(8, 0)):
            sweep(at=datetime.combine(first, hour, zone))
        first += A_DAY
