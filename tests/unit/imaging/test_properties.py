"""What holds for any study."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from imaging.coverage import Code, Kind, Series, Study, covered
from imaging.terms import codes, vocabulary

TERMS = sorted(" ".join(term) for term in vocabulary())
GLUE = [" ", "", "/", "_", "^", "-", "~", ", ", "(", ")", "・"]

words = st.one_of(st.sampled_from(TERMS), st.sampled_from(GLUE), st.text(max_size=6))
texts = st.one_of(st.text(), st.lists(words, max_size=12).map("".join))
known = st.sampled_from(sorted({*codes("procedure"), *codes("anatomy")}))
coded = st.lists(known, max_size=2).map(lambda found: tuple(Code(*one.split()) for one in found))
series = st.builds(
    Series, protocol_name=texts, body_part=texts, anatomy=coded, kind=st.sampled_from(Kind)
)
studies = st.builds(
    Study,
    modality=st.sampled_from(["", "CT"]),
    procedures=coded,
    description=texts,
    series=st.lists(series, min_size=1, max_size=4).map(tuple),
)


@given(studies)
def test_each_region_has_its_evidence_and_what_is_sure_has_no_doubt(study: Study) -> None:
    coverage = covered(study, {})

    shown = {region for evidence in coverage.evidence for region in evidence.regions}
    assert set(coverage.regions) <= shown
    assert coverage.sure == (not coverage.doubts)
    assert coverage.regions or not coverage.sure


@given(studies, st.randoms())
def test_the_order_of_series_changes_nothing(study: Study, chance: Random) -> None:
    shuffled = list(study.series)
    chance.shuffle(shuffled)

    assert covered(replace(study, series=tuple(shuffled)), {}) == covered(study, {})


@given(studies, series, st.sampled_from([kind for kind in Kind if kind != Kind.IMAGES]))
def test_what_is_no_image_changes_nothing(study: Study, more: Series, kind: Kind) -> None:
    with_more = replace(study, series=(*study.series, replace(more, kind=kind)))

    assert covered(with_more, {}) == covered(study, {})


@given(
    texts, st.sampled_from(["biopsy", "limited", "angiography", "Phantom", "生検", "ohne Thorax"])
)
def test_a_word_more_that_limits_never_makes_it_surer(text: str, word: str) -> None:
    before = covered(Study(description=text), {})
    after = covered(Study(description=f"{text} {word} "), {})

    assert before.sure or not after.sure
