from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.months import add_months
from schedules.rules.risk import RiskFacts, rank, weights
from tests.unit.schedules.rules.strategies import core

ON = date(2026, 11, 25)
GRADES = (None, 1, 2, 3)
MARGINS = ("", "R0", "R1", "R2")
NOTHING = RiskFacts(
    grade=1,
    size_mm=30,
    is_deep=False,
    margin="R0",
    operation="resection",
    operated_on=date(2020, 1, 15),
    had_metastasis=False,
    had_local_recurrence=False,
    days_late=0,
    on=ON,
)
FACTS = st.builds(
    RiskFacts,
    grade=st.sampled_from(GRADES),
    size_mm=st.none() | st.integers(0, 400),
    is_deep=st.sampled_from([None, False, True]),
    margin=st.sampled_from(MARGINS),
    operation=st.just("resection"),
    operated_on=st.dates(ON - timedelta(days=2000), ON),
    had_metastasis=st.booleans(),
    had_local_recurrence=st.booleans(),
    days_late=st.integers(0, 400),
    on=st.just(ON),
)


def words(facts: RiskFacts) -> list[str]:
    return [part.words for part in rank(facts).parts]


def test_the_parts_say_what_the_sum_is_made_of() -> None:
    facts = RiskFacts(3, 120, True, "R1", "resection", date(2026, 2, 1), True, True, 36, ON)

    assert [tuple(part) for part in rank(facts).parts] == [
        ("previous metastasis", 3),
        ("previous local recurrence", 2),
        ("grade 3", 2),
        ("120 mm", 2),
        ("deep", 1),
        ("R1 margin", 1),
        ("9 months after the resection", 2),
        ("36 days late", 2),
    ]
    assert rank(facts).score == 15


def test_what_adds_nothing_is_not_listed_but_for_the_days() -> None:
    assert words(NOTHING) == ["0 days late"]
    assert rank(NOTHING).score == 0


def test_what_nobody_stated_adds_nothing_and_is_said() -> None:
    facts = replace(NOTHING, grade=None, size_mm=None, is_deep=None, margin="")

    assert words(facts) == ["0 days late", "grade, size, depth, margin not stated"]
    assert rank(facts).score == 0


@pytest.mark.parametrize(
    ("fact", "points"),
    [
        ({"grade": 2}, 1),
        ({"size_mm": 50}, 0),
        ({"size_mm": 51}, 1),
        ({"size_mm": 100}, 1),
        ({"size_mm": 101}, 2),
        ({"margin": "R2"}, 2),
        ({"days_late": 13}, 0),
        ({"days_late": 14}, 1),
        ({"days_late": 84}, 6),
        ({"days_late": 900}, 6),
    ],
)
def test_a_fact_adds_its_points(fact: dict[str, Any], points: int) -> None:
    assert rank(replace(NOTHING, **fact)).score == points


@pytest.mark.parametrize(
    ("operated_on", "part"),
    [
        (ON, ("0 months after the resection", 2)),
        (date(2026, 10, 25), ("1 month after the resection", 2)),
        (date(2026, 10, 26), ("0 months after the resection", 2)),
        (date(2025, 11, 26), ("11 months after the resection", 2)),
        (date(2025, 11, 25), ("12 months after the resection", 1)),
        (date(2023, 11, 26), ("35 months after the resection", 1)),
        (date(2027, 1, 1), ("0 months after the resection", 2)),
    ],
)
def test_a_year_and_three_years_are_counted_in_whole_months(
    operated_on: date, part: tuple[str, int]
) -> None:
    assert rank(replace(NOTHING, operated_on=operated_on)).parts[0] == part


def test_three_years_after_the_operation_time_adds_nothing() -> None:
    assert words(replace(NOTHING, operated_on=date(2023, 11, 25))) == ["0 days late"]


@core
@given(FACTS, st.data())
def test_more_of_any_one_fact_never_ranks_lower(facts: RiskFacts, data: st.DataObject) -> None:
    more: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"grade": data.draw(st.sampled_from(GRADES[GRADES.index(facts.grade) :]))},
                {"size_mm": (facts.size_mm or 0) + data.draw(st.integers(0, 400))},
                {"is_deep": True},
                {"margin": data.draw(st.sampled_from(MARGINS[MARGINS.index(facts.margin) :]))},
                {"operated_on": data.draw(st.dates(facts.operated_on, ON))},
                {"had_metastasis": True},
                {"had_local_recurrence": True},
                {"days_late": facts.days_late + data.draw(st.integers(0, 400))},
            ]
        )
    )

    assert rank(replace(facts, **more)).score >= rank(facts).score


@core
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 40))
def test_months_are_counted_as_follow_up_counts_them(operated_on: date, months: int) -> None:
    on = add_months(operated_on, months)
    day_before = on - timedelta(days=1)

    after = {
        day: rank(replace(NOTHING, operated_on=operated_on, on=day)).score
        for day in (on, day_before)
        if day >= operated_on
    }

    assert after.pop(on) == (2 if months < 12 else 1 if months < 36 else 0)
    assert all(
        score == (2 if months <= 12 else 1 if months <= 36 else 0) for score in after.values()
    )


def test_the_page_can_say_every_weight() -> None:
    assert [tuple(part) for part in weights()] == [
        ("previous metastasis", 3),
        ("previous local recurrence", 2),
        ("grade 2", 1),
        ("grade 3", 2),
        ("larger than 50 mm", 1),
        ("larger than 100 mm", 2),
        ("deep", 1),
        ("R1 margin", 1),
        ("R2 margin", 2),
        ("less than 12 months after the operation", 2),
        ("less than 36 months after the operation", 1),
        ("every 14 days late, up to 6 times", 1),
    ]
