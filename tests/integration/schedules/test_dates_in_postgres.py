"""The rules count months as PostgreSQL does, from every day of four years."""

from datetime import date, timedelta

import pytest
from django.db import connection

from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit

CT = Exam("CT", ("chest", "abdomen"))
FIRST = date(2023, 7, 1)
ANCHORS = [FIRST + timedelta(days=day) for day in range(1461)]
SLOTS = 40

pytestmark = pytest.mark.django_db


def dates_in_postgres(earliest: str, due: str, latest: str, next_earliest: str) -> list[object]:
    """Return the four dates of each slot, from expressions over `anchor` and the number `n`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT n, ({earliest})::date, ({due})::date, ({latest})::date,
                ({next_earliest} - interval '1 day')::date
            FROM generate_series(0, %s) AS day,
                LATERAL (SELECT %s::date + day AS anchor),
                generate_series(1, %s) AS n
            ORDER BY day, n
            """,
            [len(ANCHORS) - 1, FIRST, SLOTS],
        )
        dates: list[object] = cursor.fetchall()
    return dates


def dates_by_the_rules(definition: Definition) -> list[object]:
    return [(slot.n, *slot[-4:]) for anchor in ANCHORS for slot in plan(definition, anchor)]


def test_months_from_every_anchor_of_four_years() -> None:
    every_3_months = Definition((Phase(0, 3 * SLOTS, 3, 1, Unit.MONTHS, 14, (CT,)),))

    dates = dates_in_postgres(
        "anchor + (3 * n - 1) * interval '1 month'",
        "anchor + 3 * n * interval '1 month'",
        "anchor + 3 * n * interval '1 month' + interval '14 days'",
        "anchor + (3 * n + 2) * interval '1 month'",
    )

    assert len(dates) == 58_440
    assert dates_by_the_rules(every_3_months) == dates


def test_weeks_of_a_later_phase_from_every_anchor_of_four_years() -> None:
    # Months 1 to 38 have 1124 to 1127 days: 40 times 28 days, and never 41 times.
    every_4_weeks = Definition((Phase(1, 38, 4, 1, Unit.WEEKS, 7, (CT,)),))

    dates = dates_in_postgres(
        "anchor + interval '1 month' + (4 * n - 1) * interval '1 week'",
        "anchor + interval '1 month' + 4 * n * interval '1 week'",
        "anchor + interval '1 month' + 4 * n * interval '1 week' + interval '7 days'",
        "anchor + interval '1 month' + (4 * n + 3) * interval '1 week'",
    )

    assert len(dates) == 58_440
    assert dates_by_the_rules(every_4_weeks) == dates
