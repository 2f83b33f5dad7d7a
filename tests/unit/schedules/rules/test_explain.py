from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from schedules.rules.explain import Explanation, phase_at
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit
from tests.unit.schedules.rules.strategies import ANCHORS, DEFINITIONS

CT = Exam("CT", ("chest", "abdomen"))
MR = Exam("MR", ("lower_limb",))
DEFINITION = Definition(
    (
        Phase(0, 3, 6, 1, Unit.WEEKS, 7, (CT,)),
        Phase(3, 24, 3, 1, Unit.MONTHS, 14, (CT, MR)),
        Phase(24, 60, 6, 1, Unit.MONTHS, 14, (CT,)),
    )
)
EXPLANATION = Explanation(
    protocol="ct-chest-abdomen-3m version 1",
    exam="CT chest+abdomen",
    phase="every 3 months after month 0 up to month 60",
    anchor_event="Wide resection",
    anchor_on=date(2026, 11, 30),
    n=1,
    month=3,
    weeks=0,
    earliest_on=date(2027, 1, 30),
    due_on=date(2027, 2, 28),
    latest_on=date(2027, 3, 14),
    lapses_on=date(2027, 4, 29),
    became="",
    citation="Mizoshiri 2018",
)


def test_one_sentence_says_why_a_slot_is_on_its_day() -> None:
    assert EXPLANATION.sentence == (
        "CT chest+abdomen, number 1 of its series under ct-chest-abdomen-3m version 1, "
        "every 3 months after month 0 up to month 60. "
        "From Wide resection: 30 November 2026 + 3 months = 28 February 2027. "
        "It counts from 30 January 2027, is overdue after 14 March 2027 "
        "and lapses after 29 April 2027. Source: Mizoshiri 2018"
    )


def test_the_sentence_says_what_became_of_the_slot() -> None:
    skipped = replace(EXPLANATION, became="Skipped: pregnancy")

    assert skipped.sentence.endswith("29 April 2027. Skipped: pregnancy. Source: Mizoshiri 2018")


@pytest.mark.parametrize(
    ("month", "weeks", "due_on", "arithmetic"),
    [
        (3, 6, date(2027, 4, 11), "30 November 2026 + 3 months + 6 weeks = 11 April 2027"),
        (0, 6, date(2027, 1, 11), "30 November 2026 + 6 weeks = 11 January 2027"),
    ],
)
def test_the_sum_names_weeks_where_the_phase_counts_in_weeks(
    month: int, weeks: int, due_on: date, arithmetic: str
) -> None:
    in_weeks = replace(EXPLANATION, month=month, weeks=weeks, due_on=due_on)

    assert in_weeks.arithmetic == arithmetic


@pytest.mark.parametrize(
    ("exam", "month", "weeks", "phase"),
    [
        (CT, 0, 6, "every 6 weeks after month 0 up to month 3"),
        (CT, 0, 12, "every 6 weeks after month 0 up to month 3"),
        (CT, 6, 0, "every 3 months after month 3 up to month 24"),
        (MR, 24, 0, "every 3 months after month 3 up to month 24"),
        (CT, 30, 0, "every 6 months after month 24 up to month 60"),
        (CT, 60, 0, "every 6 months after month 24 up to month 60"),
    ],
)
def test_a_phase_is_found_by_what_falls_in_it(
    exam: Exam, month: int, weeks: int, phase: str
) -> None:
    assert phase_at(DEFINITION, exam.key, month, weeks) == phase


@pytest.mark.parametrize(
    ("exam", "month", "weeks"), [(MR, 3, 0), (MR, 30, 0), (CT, 63, 0), (MR, 0, 6)]
)
def test_what_no_phase_asks_for_has_no_phase(exam: Exam, month: int, weeks: int) -> None:
    with pytest.raises(
        ValueError, match=f"^no phase of the protocol holds {exam.key.replace('+', '.')} at month"
    ):
        phase_at(DEFINITION, exam.key, month, weeks)


@given(DEFINITIONS, ANCHORS)
def test_every_slot_of_any_protocol_is_explained_by_a_phase_that_asks_for_it(
    definition: Definition, anchor: date
) -> None:
    for slot in plan(definition, anchor):
        told = phase_at(definition, slot.exam.key, slot.month, slot.weeks)

        asking = [
            f"every {phase.every} {phase.unit if phase.every > 1 else phase.unit[:-1]} "
            f"after month {phase.after_month} up to month {phase.up_to_month}"
            for phase in definition.phases_of(slot.exam)
        ]
        assert told in asking
