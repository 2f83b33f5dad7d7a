import re

from imaging.regions import Region
from imaging.terms import NAMING, TAKES_AWAY, Says, codes, tokens, vocabulary


def test_no_word_says_two_things() -> None:
    assert len(vocabulary()) > 4000  # it raises where one does


def test_each_naming_word_names_a_region_and_only_words_of_regions_do() -> None:
    of_regions = NAMING | {Says.ORGAN} | TAKES_AWAY
    for term, meaning in vocabulary().items():
        assert meaning.regions or meaning.says not in NAMING, term
        assert not meaning.regions or meaning.says in of_regions, term


def test_codes_are_of_known_schemes_and_name_each_region() -> None:
    found = {**codes("procedure"), **codes("anatomy")}

    assert all(re.fullmatch(r"LN \d+-\d|SCT \d+|SRT [A-Z]-\w+|JJ1017 \d\d", code) for code in found)
    assert {region for meaning in found.values() for region in meaning.regions} == set(Region)


def test_chest_and_abdomen_are_not_mistaken_for_all_three() -> None:
    # The codes are neighbours in every list.
    assert len(codes("anatomy")["SCT 416550000"].regions) == 2
    assert len(codes("anatomy")["SCT 416775004"].regions) == 3


def test_texts_are_read_without_case_accents_and_widths() -> None:
    def plain(text: str) -> list[str]:
        return [token.text for token in tokens(text)]

    assert plain("Tórax PÉLVICO") == plain("torax pelvico")
    assert plain("ＣＴ胸部～骨盤") == plain("ct胸部〜骨盤") == ["ct", "胸", "部", "~", "骨", "盤"]
    assert plain("頚部ﾀﾞｲﾅﾐｯｸ") == plain("頸部ダイナミック")
    assert plain("ThoraxRoutine") == ["thorax", "routine"]
    assert plain("Schädel") == ["schadel"]
