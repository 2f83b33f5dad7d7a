"""What an export says in SQL, against the rule that decides it."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedules.exports.facts import DAYS_LATE, WINDOW_STATUS
from schedules.models import Slot
from schedules.rules.outcome import Outcome
from schedules.rules.windows import days_late, window_status

pytestmark = pytest.mark.django_db

ASK = f"""
SELECT {WINDOW_STATUS}, {DAYS_LATE} FROM unnest(
    %(earliest_on)s::date[], %(latest_on)s::date[], %(lapses_on)s::date[], %(asked_on)s::date[],
    %(outcome)s::text[]
) WITH ORDINALITY AS facts (earliest_on, latest_on, lapses_on, asked_on, outcome, place)
ORDER BY place
"""


@dataclass(frozen=True)
class Dates:
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date
    asked_on: date
    outcome: Outcome


@st.composite
def dates(draw: st.DrawFn) -> Dates:
    first = draw(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
    gaps = [draw(st.integers(0, 200)) for _ in range(3)]
    due, latest, lapses = (first + timedelta(days=sum(gaps[: n + 1])) for n in range(3))
    edge = draw(st.sampled_from([first, due, latest, lapses]))
    asked = edge + timedelta(days=draw(st.integers(-2, 2) | st.integers(-900, 900)))
    return Dates(first, due, latest, lapses, asked, draw(st.sampled_from(Outcome)))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(dates(), min_size=1, max_size=50))
def test_postgresql_says_of_every_window_what_the_rule_says(slots: list[Dates]) -> None:
    told = {
        name: [getattr(slot, name) for slot in slots]
        for name in ("earliest_on", "latest_on", "lapses_on", "asked_on", "outcome")
    }
    with connection.cursor() as cursor:
        cursor.execute(ASK, told | {"outcome": [slot.outcome.value for slot in slots]})
        said = cursor.fetchall()

    by_the_rule = [
        (str(window_status(slot, slot.asked_on)), days_late(slot, slot.asked_on))
        if slot.outcome in Slot.TO_BE_DONE
        else (None, None)
        for slot in slots
    ]
    assert said == by_the_rule
