import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.rules.outcome import Outcome, missing_regions, outcome_of
from schedules.rules.protocol import REGIONS

BOTH = ("chest", "abdomen")
REGION_SETS = st.sets(st.sampled_from(REGIONS))


def test_the_words_that_are_stored_never_change() -> None:
    assert list(Outcome) == [
        "open",
        "partially_satisfied",
        "satisfied",
        "skipped",
        "superseded",
        "withdrawn",
    ]


@pytest.mark.parametrize(
    ("studies", "outcome", "missing"),
    [
        ([], Outcome.OPEN, ("chest", "abdomen")),
        ([["head"]], Outcome.OPEN, ("chest", "abdomen")),
        ([["chest"]], Outcome.PARTIALLY_SATISFIED, ("abdomen",)),
        ([["abdomen", "pelvis"]], Outcome.PARTIALLY_SATISFIED, ("chest",)),
        ([["chest"], ["chest"]], Outcome.PARTIALLY_SATISFIED, ("abdomen",)),
        ([["chest", "abdomen"]], Outcome.SATISFIED, ()),
        ([["chest"], ["abdomen"]], Outcome.SATISFIED, ()),
        ([["neck", "chest", "abdomen", "pelvis"]], Outcome.SATISFIED, ()),
    ],
)
def test_both_regions_or_it_is_not_done(
    studies: list[list[str]], outcome: Outcome, missing: tuple[str, ...]
) -> None:
    assert outcome_of(BOTH, studies) == outcome
    assert missing_regions(BOTH, studies) == missing


@given(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True), st.lists(REGION_SETS))
def test_what_counts_is_the_union_of_the_studies(
    required: list[str], studies: list[set[str]]
) -> None:
    together = set().union(*studies)

    assert missing_regions(required, studies) == tuple(r for r in required if r not in together)
    assert outcome_of(required, studies) == outcome_of(required, [together])


@given(
    st.lists(st.sampled_from(REGIONS), min_size=1, unique=True),
    st.lists(REGION_SETS),
    REGION_SETS,
)
def test_one_study_more_never_takes_anything_away(
    required: list[str], studies: list[set[str]], one_more: set[str]
) -> None:
    before = missing_regions(required, studies)

    assert set(missing_regions(required, [*studies, one_more])) <= set(before)
