"""What tumours and sites are called, and that names alone are touched."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from patients.naming import (
    MORPHOLOGIES,
    SITES,
    morphology_name,
    morphology_to_store,
    site_name,
    sites_in_words,
)
from surveillance.demo import cases, cohort

WORDS = [
    *("left", "right", "distal", "proximal", "first", "twelfth", "thoracic", "vertebra"),
    *("liver", "S6", "S9", "between", "and", "%(site)s", *SITES),
]
TYPED = st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join)


def of_the_demo() -> Iterator[tuple[str, str, str, list[str]]]:
    told = tomllib.loads(Path(cases.__file__).with_name("cases.toml").read_text())
    for case in told["cases"]:
        tumour = case["tumour"]
        sites = [site for event in case["events"] for site in event.get("sites", [])]
        yield tumour["morphology"], tumour["morphology_name"], tumour["site"], sites
    yield "8890/3", "Leiomyosarcoma, NOS", "thigh", ["liver S5", *(s for s, _ in cohort.SITES)]


@given(TYPED)
def test_in_the_language_in_which_they_are_stored_names_stay_as_they_are(stored: str) -> None:
    for language in ("en-gb", None):
        with override(language):
            assert site_name(stored) == stored
            assert morphology_name("8890/3", stored) == stored


@given(TYPED, st.sampled_from([*MORPHOLOGIES.values(), "", "9999/9"]))
def test_whatever_is_stored_has_a_name(stored: str, code: str) -> None:
    with override("ja"):
        assert site_name(stored) or not stored
        assert morphology_name(code, stored) or not stored
        assert morphology_to_store(code, stored) or not stored


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("left distal femur", "左大腿骨遠位部"),
        ("Left quadriceps femoris", "左大腿四頭筋"),
        ("liver S6", "肝S6"),
        ("liver between S4 and S8", "肝S4・S8間"),
        ("eleventh thoracic vertebra", "第11胸椎"),
        ("right lung", "右肺"),
        ("thigh ", "大腿"),
        ("左大腿", "左大腿"),
        ("left thigh, behind the scar", "left thigh, behind the scar"),
        ("left", "left"),
        ("liver S9", "liver S9"),
        ("thirteenth thoracic vertebra", "thirteenth thoracic vertebra"),
    ],
)
def test_a_site_of_known_words_is_told_in_japanese(stored: str, name: str) -> None:
    with override("ja"):
        assert site_name(stored) == name


def test_a_tumour_is_named_by_its_code_and_its_name_together() -> None:
    with override("ja"):
        assert morphology_name("8890/3", "Leiomyosarcoma, NOS") == "平滑筋肉腫"
        assert morphology_name("8890/3", " leiomyosarcoma") == "平滑筋肉腫"
        assert morphology_name("8891/3", "Leiomyosarcoma, NOS") == "Leiomyosarcoma, NOS"
        assert morphology_name("8890/3", "Leiomyosarcoma of a vein") == "Leiomyosarcoma of a vein"
        assert sites_in_words(["liver S6", "肺"]) == "肝S6、肺"


def test_a_name_typed_in_another_language_is_stored_in_english() -> None:
    assert morphology_to_store("8890/3", " 平滑筋肉腫") == "Leiomyosarcoma, NOS"
    for typed in ("LEIOMYOSARCOMA", "Leiomyosarcoma, NOS"):
        assert morphology_to_store("8890/3", typed) == typed
    assert morphology_to_store("9120/3", "血管肉腫") == "Angiosarcoma"
    assert morphology_to_store("8850/3", "平滑筋肉腫") == "平滑筋肉腫"
    assert morphology_to_store("8890/3", "子宮平滑筋肉腫") == "子宮平滑筋肉腫"


def test_each_name_of_the_list_has_its_code_and_its_japanese() -> None:
    assert all(re.fullmatch(r"\d{4}/[013]", code) for code in MORPHOLOGIES.values())
    with override("ja"):
        assert [
            name for name, code in MORPHOLOGIES.items() if morphology_name(code, name) == name
        ] == []
        assert [site for site in SITES if site_name(site) == site] == []


def test_what_the_demo_shows_is_all_known() -> None:
    with override("ja"):
        for code, name, site, sites in of_the_demo():
            assert morphology_name(code, name) != name
            assert [one for one in [site, *sites] if site_name(one) == one] == []
