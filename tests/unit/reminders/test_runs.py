from datetime import UTC, datetime, timedelta

import pytest

from reminders.models import Sweep

BEGAN = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finished_at", "seconds"),
    [(None, None), (BEGAN, 0), (BEGAN + timedelta(seconds=1.5), 1.5)],
)
def test_how_long_a_sweep_took_is_known_once_it_is_over(
    finished_at: datetime | None, seconds: float | None
) -> None:
    assert Sweep(started_at=BEGAN, finished_at=finished_at).seconds == seconds
