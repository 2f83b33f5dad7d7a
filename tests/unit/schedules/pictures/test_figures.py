"""The pictures of the figures: a bar a row, as long as it counts, and nothing over anything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.pictures.drawing import Path
from schedules.pictures.figures import KINDS, WIDTH, Bar, by_month, by_week
from tests.unit.schedules.pictures.sizes import inside, text_overlaps

COUNTS = st.integers(0, 100_000)
PARTS = st.tuples(*(st.tuples(st.just(kind), COUNTS) for kind in KINDS))
BARS = st.builds(Bar, st.text(max_size=40), PARTS, st.text(max_size=80), st.none() | COUNTS)

some = settings(max_examples=40, deadline=None)


@some
@given(st.lists(BARS, max_size=60))
def test_everything_lies_inside_and_no_words_cover_others(bars: list[Bar]) -> None:
    for picture in (by_month(bars, "x", "y"), by_week(bars, "x", "y")):
        assert inside(picture) == []
        assert text_overlaps(picture) == []
        assert picture.width == WIDTH


def test_a_bar_is_as_long_as_it_counts_and_each_row_tells_itself() -> None:
    bars = [Bar("April", (("on_time", 6), ("late", 2)), "8 due"), Bar("May", (), "none")]

    _, april, may = by_month(bars, "x", "y").groups

    on_time, late = [one for one in april.shapes if isinstance(one, Path) and one.closed]
    widths = [one.bounds.right - one.bounds.left for one in (on_time, late)]
    assert abs(widths[0] - 3 * widths[1]) < 0.01
    assert (april.tells, may.tells) == ("April: 8 due", "May: none")


def test_what_the_scanners_take_is_a_line_across_and_in_the_legend() -> None:
    bars = [Bar("6 Apr", (("booked", 5), ("to_book", 5)), "10 of 8", limit=8)]

    picture = by_week(bars, "x", "y")

    [limit] = [one for one in picture.groups[1].shapes if one.look == "pic-limit"]
    right = max(one.bounds.right for one in picture.groups[1].shapes if one.look == "pic-slot")
    assert limit.bounds.left < right
    assert [key.means for key in picture.legend][-1] == "what the scanners take"
    assert len(by_week([], "x", "y").legend) == 2
