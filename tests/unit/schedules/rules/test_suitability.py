from typing import Any

import pytest

from schedules.rules.protocol import ProtocolError
from schedules.rules.suitability import Suits, TumourFacts, rank

LEIOMYOSARCOMA = TumourFacts(topography="C49.2", morphology="8890/3", grade=3)


@pytest.mark.parametrize(
    ("suits", "reason"),
    [
        (Suits(topography=("C40", "C49")), "site C49.2"),
        (Suits(morphology=("8890/3",)), "morphology 8890/3"),
        (Suits(grades=(2, 3)), "grade 3"),
        (
            Suits(topography=("C49.2",), morphology=("889",), grades=(3,)),
            "site C49.2 and morphology 8890/3 and grade 3",
        ),
    ],
)
def test_a_protocol_that_was_made_for_such_tumours_says_by_what(suits: Suits, reason: str) -> None:
    assert suits.reason_for(LEIOMYOSARCOMA) == reason


@pytest.mark.parametrize(
    "suits",
    [
        Suits(topography=("C48",), morphology=("8890/3",), grades=(3,)),
        Suits(topography=("C49",), morphology=("8802/3",), grades=(3,)),
        Suits(topography=("C49",), morphology=("8890/3",), grades=(1,)),
    ],
    ids=["other site", "other morphology", "other grade"],
)
def test_one_fact_that_differs_is_enough_not_to_suit(suits: Suits) -> None:
    assert suits.reason_for(LEIOMYOSARCOMA) is None


def test_a_grade_that_nobody_knows_suits_no_protocol_for_grades() -> None:
    unknown = TumourFacts("C49.2", "8890/3", None)

    assert Suits(grades=(1, 2, 3)).reason_for(unknown) is None


def test_a_protocol_that_names_no_tumours_is_proposed_for_none() -> None:
    assert Suits().reason_for(LEIOMYOSARCOMA) is None


def test_the_most_narrowly_made_comes_first_and_then_the_alphabet_decides() -> None:
    candidates = [
        ("the site", Suits(topography=("C49",))),
        ("by all", Suits(topography=("C49",), morphology=("8890/3",), grades=(3,))),
        ("for bone", Suits(topography=("C40",))),
        ("a site", Suits(topography=("C49",))),
        ("by grade", Suits(grades=(3,))),
        ("by two", Suits(topography=("C49",), morphology=("8890/3",))),
        ("for all", Suits()),
    ]

    assert rank(candidates, LEIOMYOSARCOMA) == [
        ("by all", "site C49.2 and morphology 8890/3 and grade 3"),
        ("by two", "site C49.2 and morphology 8890/3"),
        ("a site", "site C49.2"),
        ("by grade", "grade 3"),
        ("the site", "site C49.2"),
    ]


def test_it_is_read_from_plain_data() -> None:
    data = {"topography": ["C49"], "morphology": ["8890/3"], "grades": [2, 3]}

    assert Suits.from_data(data) == Suits(("C49",), ("8890/3",), (2, 3))
    assert Suits.from_data({}) == Suits()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stage": [3], "age": [50], "grades": [2]}, "unknown age, stage"),
        ({"topography": "C49"}, "topography is not a list of texts"),
        ({"morphology": [8890]}, "morphology is not a list of texts"),
        ({"grades": 3}, "grades is not a list of whole numbers"),
        ({"grades": ["3"]}, "grades is not a list of whole numbers"),
        ({"grades": [3, True]}, "grades is not a list of whole numbers"),
    ],
)
def test_data_of_another_shape_is_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ProtocolError, match=f"^suits: {message}$"):
        Suits.from_data(data)
