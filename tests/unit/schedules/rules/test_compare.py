"""What two definitions ask for differently."""

from dataclasses import replace

from hypothesis import given

from schedules.rules.compare import ANCHOR, YEARS, counts, in_words, stretches, totals
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit
from tests.unit.schedules.rules.strategies import DEFINITIONS, core

CT = Exam("CT", ("chest", "abdomen"))
MR = Exam("MR", ("lower_limb",))


def phase(after: int, up_to: int, every: int, *exams: Exam) -> Phase:
    return Phase(after, up_to, every, 1, Unit.MONTHS, 14, exams or (CT,))


QUARTERLY = Definition((phase(0, 60, 3),))
SLOWER = Definition((phase(0, 24, 3), phase(24, 60, 6), phase(60, 120, 12)))


def differing(first: Definition, second: Definition) -> list[tuple[int, int]]:
    return [(one.after_month, one.up_to_month) for one in stretches(first, second) if one.differs]


def test_only_the_months_in_which_something_differs_are_told() -> None:
    assert differing(QUARTERLY, SLOWER) == [(24, 60), (60, 120)]
    assert [(one.after_month, one.up_to_month) for one in stretches(QUARTERLY, SLOWER)] == [
        (0, 24),
        (24, 60),
        (60, 120),
    ]


def test_where_one_has_ended_the_other_goes_on_alone() -> None:
    last = stretches(QUARTERLY, SLOWER)[-1]

    assert (last.first, last.second) == (None, SLOWER.phases[-1])


def test_a_window_or_an_exam_more_is_a_difference_and_their_order_is_none() -> None:
    [usual] = QUARTERLY.phases
    later = Definition((replace(usual, late_after_days=21),))
    both, turned = (Definition((replace(usual, exams=exams),)) for exams in ((CT, MR), (MR, CT)))

    assert differing(QUARTERLY, later) == [(0, 60)]
    assert differing(QUARTERLY, both) == [(0, 60)]
    assert differing(both, turned) == []


def test_a_phase_cut_in_two_asks_for_the_same() -> None:
    cut = Definition((phase(0, 24, 3), phase(24, 60, 3)))
    shifted = Definition((phase(0, 25, 3), phase(25, 60, 3)))

    assert differing(QUARTERLY, cut) == []
    assert differing(QUARTERLY, shifted) == [(25, 60)]


def test_exams_are_counted_up_to_the_end_of_each_year() -> None:
    assert YEARS == (1, 2, 3, 5, 10)
    assert counts(SLOWER) == {"CT chest+abdomen": [4, 8, 10, 14, 19]}
    assert totals(counts(Definition((phase(0, 24, 6, CT, MR),)))) == [4, 8, 8, 8, 8]


def test_a_phase_is_told_in_words() -> None:
    assert in_words(phase(0, 60, 3)) == (
        "every 3 months: CT chest+abdomen; from 1 month before, overdue 14 days after"
    )
    assert in_words(replace(phase(0, 60, 3), every=1, opens_before=0, late_after_days=1)) == (
        "every month: CT chest+abdomen; from 0 months before, overdue 1 day after"
    )


@core
@given(DEFINITIONS)
def test_nothing_differs_from_itself(definition: Definition) -> None:
    assert differing(definition, definition) == []


@core
@given(DEFINITIONS, DEFINITIONS)
def test_the_stretches_are_in_order_and_what_differs_does_so_from_both_sides(
    first: Definition, second: Definition
) -> None:
    there, back = stretches(first, second), stretches(second, first)

    assert [one.differs for one in there] == [one.differs for one in back]
    assert [one.after_month for one in there[1:]] == [one.up_to_month for one in there[:-1]]


@core
@given(DEFINITIONS)
def test_counts_grow_with_the_years_up_to_all_that_there_are(definition: Definition) -> None:
    counted = counts(definition)

    assert all(of_exam == sorted(of_exam) for of_exam in counted.values())
    if definition.phases[-1].up_to_month <= 120:
        assert totals(counted)[-1] == len(plan(definition, ANCHOR))
