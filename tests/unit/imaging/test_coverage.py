"""How the sources of a study stand to each other."""

import pytest

from imaging.coverage import Code, Coverage, Evidence, Kind, Series, Source, Study, covered
from imaging.doubts import Doubt
from imaging.regions import Region

CHEST, ABDOMEN, PELVIS = Region.CHEST, Region.ABDOMEN, Region.PELVIS
CAP = Code("LN", "72254-6")
CHEST_CODE = Code("SCT", "816094009")


def of(*series: Series, **study: object) -> Coverage:
    return covered(Study(series=series or (Series(),), **study), {})  # type: ignore[arg-type]


def test_a_coded_procedure_is_enough_and_outweighs_a_word_that_nobody_knows() -> None:
    coverage = of(procedures=(CAP,), description="BODY ZWQX")

    assert (coverage.regions, coverage.sure) == ((CHEST, ABDOMEN, PELVIS), True)
    assert coverage.evidence[0] == Evidence(
        Source.PROCEDURE, "LN 72254-6", (CHEST, ABDOMEN, PELVIS)
    )


@pytest.mark.parametrize("description", ["CT CHEST BIOPSY", "CTA CAP", "CT CHEST LIMITED"])
def test_a_code_does_not_outweigh_what_the_words_say_the_exam_was(description: str) -> None:
    coverage = of(procedures=(CAP,), description=description)

    assert (coverage.regions, coverage.sure) == ((CHEST, ABDOMEN, PELVIS), False)


@pytest.mark.parametrize(
    ("code", "regions", "doubt"),
    [
        ("86983-4", (CHEST, ABDOMEN, PELVIS), Doubt.ANGIOGRAPHY),
        ("79086-5", (CHEST,), Doubt.SCREENING),
        ("47366-0", (CHEST,), Doubt.LIMITED),
        ("35895-2", (), Doubt.GUIDANCE),
        ("58744-4", (), Doubt.ORGAN),
        ("30592-0", (), Doubt.SPINE),
        ("25045-6", (), Doubt.AMBIGUOUS),
    ],
)
def test_codes_of_other_exams_cover_nothing_for_sure(
    code: str, regions: tuple[Region, ...], doubt: Doubt
) -> None:
    coverage = of(procedures=(Code("LN", code),), description="CT chest")

    assert (coverage.regions, coverage.sure) == (regions, False)
    assert doubt in coverage.doubts


def test_a_spine_beside_a_chest_leaves_the_chest() -> None:
    assert of(procedures=(Code("LN", "24627-2"), Code("LN", "30592-0"))).sure


@pytest.mark.parametrize(
    "code",
    [
        Code("SCT", "416775004"),
        Code("SRT", "R-FAB56"),
        Code("SNM3", "R-FAB56"),
        Code("99SDM", "R-FAB56"),
    ],
)
def test_old_and_new_codes_of_a_region_say_the_same(code: Code) -> None:
    coverage = of(Series(anatomy=(code,)))

    assert (coverage.regions, coverage.sure) == ((CHEST, ABDOMEN, PELVIS), True)


def test_japanese_codes_are_known_under_each_edition() -> None:
    assert of(Series(anatomy=(Code("JJ1017-16P", "30"),))).regions == (CHEST, ABDOMEN)


def test_a_code_that_nobody_knows_says_nothing() -> None:
    assert of(procedures=(Code("99LOCAL", "CT7"),), description="CT chest").sure


def test_a_weaker_source_that_names_more_leaves_it_unsure_and_so_do_words_that_name_less() -> None:
    more = of(Series(anatomy=(CHEST_CODE,)), description="CT CAP")
    less = of(procedures=(CAP,), description="CT chest")
    of_parts = of(Series(anatomy=(CHEST_CODE,), body_part="CHEST"), procedures=(CAP,))
    meant = covered(Study("CT", (CAP,), "A"), {"A": {CHEST}})

    assert (more.regions, more.doubts) == ((CHEST,), (Doubt.CONTRADICTION,))
    assert (less.regions, less.doubts) == ((CHEST, ABDOMEN, PELVIS), (Doubt.CONTRADICTION,))
    assert meant.doubts == (Doubt.CONTRADICTION,)
    assert of_parts.sure


def test_description_and_protocol_must_agree() -> None:
    agree = of(Series("CHEST 1MM"), Series("ABD PELVIS"), description="CT CAP W")
    differ = of(Series("THORAX ROUTINE"), description="CT CAP W")
    silent = of(Series("BODY 5MM"), description="CT CAP W")

    assert agree.sure
    assert (differ.regions, differ.doubts) == ((CHEST, ABDOMEN, PELVIS), (Doubt.CONTRADICTION,))
    assert silent.sure


def test_protocols_of_several_series_are_joined() -> None:
    coverage = of(Series("CT CHEST W"), Series("CT ABDOMEN W"))

    assert (coverage.regions, coverage.sure) == ((CHEST, ABDOMEN), True)


def test_a_body_part_alone_is_never_sure() -> None:
    coverage = of(Series(body_part="CHESTABDPELVIS"), modality="CT")

    assert (coverage.regions, coverage.sure) == ((CHEST, ABDOMEN, PELVIS), False)
    assert coverage.doubts == (Doubt.BODY_PART_ALONE,)


def test_a_body_part_may_name_fewer_regions_but_none_besides() -> None:
    fewer = of(Series(body_part="CHEST"), description="CT CAP")
    other = of(Series(body_part="ABDOMEN"), description="CT chest")

    assert fewer.sure
    assert (other.regions, other.doubts) == ((CHEST,), (Doubt.CONTRADICTION,))


def test_a_body_part_does_not_bring_back_what_the_words_took_away() -> None:
    assert of(Series(body_part="CHEST"), description="CT guided biopsy chest").regions == ()


def test_a_text_that_people_have_mapped_is_not_read() -> None:
    texts = {"CTA CAP WEIRD": {CHEST, ABDOMEN}, "Import": set[Region]()}

    mapped = covered(Study(description=" CTA CAP WEIRD "), texts)
    nothing = covered(Study(description="Import", series=(Series(body_part="CHEST"),)), texts)

    assert (mapped.regions, mapped.sure) == ((CHEST, ABDOMEN), True)
    assert mapped.evidence == (Evidence(Source.MAPPED, "CTA CAP WEIRD", (CHEST, ABDOMEN)),)
    assert (nothing.regions, nothing.sure) == ((), False)


def test_a_text_that_is_not_mapped_still_says_what_exam_it_was() -> None:
    texts = {"ONKO KOMPLETT": {CHEST, ABDOMEN}}

    guided = covered(Study("CT", (), "ONKO KOMPLETT", (Series("BIOPSY"),)), texts)
    unknown = covered(Study("CT", (), "ONKO KOMPLETT", (Series("ZWQX 5.1"),)), texts)

    assert (guided.regions, guided.doubts) == ((CHEST, ABDOMEN), (Doubt.GUIDANCE,))
    assert unknown.sure


def test_mapped_texts_must_agree_with_each_other_and_with_what_is_not_mapped() -> None:
    texts = {"A": {CHEST}, "B": {ABDOMEN}}

    assert Doubt.CONTRADICTION in covered(Study("CT", (), "A", (Series("B"),)), texts).doubts
    assert Doubt.CONTRADICTION in covered(Study("CT", (), "A", (Series("CAP"),)), texts).doubts
    assert covered(Study("CT", (), "A", (Series("CHEST"),)), texts).sure


def test_only_images_as_they_were_taken_count() -> None:
    others = [Series("CAP", "PELVIS", (CHEST_CODE,), kind) for kind in Kind if kind != Kind.IMAGES]

    alone = of(Series("CHEST W"), description="CT chest")

    assert of(Series("CHEST W"), *others, description="CT chest") == alone
    assert of(*others, description="CT CAP") == Coverage(doubts=(Doubt.NO_IMAGES,))


def test_another_modality_covers_nothing() -> None:
    assert of(modality="MR", description="CT CAP") == Coverage(doubts=(Doubt.OTHER_MODALITY,))


def test_the_modality_says_that_it_was_ct() -> None:
    assert of(modality="CT", description="CHEST").sure
    assert of(description="CHEST").doubts == (Doubt.NOT_SAID_TO_BE_CT,)


def test_evidence_says_who_named_what() -> None:
    coverage = of(Series("Thorax^CAP", "CHEST"), description="CT CHEST BIOPSY")

    assert [(one.source, one.words, one.regions) for one in coverage.evidence] == [
        ("study_description", "chest", (CHEST,)),
        ("study_description", "biopsy", ()),
        ("protocol_name", "cap", (CHEST, ABDOMEN, PELVIS)),
        ("body_part_examined", "chest", (CHEST,)),
    ]


def test_evidence_shows_the_folder_that_leaves_a_protocol_in_doubt() -> None:
    coverage = of(Series("CTA Pelvis^CHEST_ROUTINE"))

    assert [(one.words, one.regions) for one in coverage.evidence] == [
        ("chest", (CHEST,)),
        ("cta", ()),
        ("pelvis", (PELVIS,)),
    ]
