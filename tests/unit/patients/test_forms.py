import pytest

from patients.forms import ListField


@pytest.mark.parametrize(
    "typed",
    ["liver S6, left lung", "liver S6、left lung", "liver S6，left lung,", ",liver S6,, left lung"],
)
def test_a_list_is_read_with_the_commas_of_either_language(typed: str) -> None:
    assert ListField().clean(typed) == ["liver S6", "left lung"]
