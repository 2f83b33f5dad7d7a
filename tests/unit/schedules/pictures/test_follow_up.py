"""The picture of a follow-up: whatever happened, all of it is drawn, inside, and can be read."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.pictures.drawing import Path, Picture, Text
from schedules.pictures.facts import (
    Appointed,
    Appointment,
    Event,
    Fate,
    FollowUp,
    Happened,
    Rest,
    Scan,
    Series,
    Shown,
    Window,
)
from schedules.pictures.follow_up import picture
from schedules.pictures.table import rows
from schedules.rules.plan import plan
from schedules.rules.protocol import REGIONS, Definition
from tests.unit.schedules.pictures.sizes import inside, text_overlaps

QUARTERLY = Definition.from_data(
    {
        "phases": [
            {
                "after_month": 0,
                "up_to_month": 60,
                "every_months": 3,
                "opens_months_before": 1,
                "late_after_days": 14,
                "exams": [{"modality": "CT", "regions": ["chest", "abdomen"]}],
            }
        ]
    }
)
DAYS = st.dates(date(1995, 1, 1), date(2060, 12, 31))
WORDS = st.text(max_size=60) | st.sampled_from(["Wide excision", "肝部分切除術", "W" * 200])
EVENTS = st.builds(
    Event, st.sampled_from(Happened), st.none() | DAYS, WORDS.filter(str.strip), WORDS
)


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    """Twenty windows in five years, each with any fate, or a few of them."""
    slots = plan(QUARTERLY, draw(DAYS))[: draw(st.integers(0, 20))]
    return [
        Window(
            slot.n,
            slot.earliest_on,
            slot.due_on,
            slot.latest_on,
            slot.lapses_on,
            draw(st.sampled_from(Fate)),
            draw(st.booleans()),
        )
        for slot in slots
    ]


@st.composite
def rests(draw: st.DrawFn) -> Rest:
    from_on = draw(DAYS)
    until_on = from_on + timedelta(days=draw(st.integers(1, 400)))
    return Rest(from_on, until_on, draw(WORDS), draw(st.booleans()))


SERIES = st.builds(
    Series,
    WORDS,
    windows(),
    st.lists(rests(), max_size=2),
    st.none() | DAYS,
    WORDS,
    st.booleans(),
)
FOLLOW_UPS = st.builds(
    FollowUp,
    DAYS,
    st.lists(EVENTS, max_size=6),
    st.lists(SERIES, max_size=3),
    st.lists(st.builds(Appointment, st.sampled_from(Appointed), DAYS, WORDS), max_size=8),
    st.lists(
        st.builds(
            Scan,
            st.sampled_from(Shown),
            DAYS,
            st.lists(st.sampled_from(REGIONS), min_size=1, max_size=4, unique=True),
            st.just("CT"),
        ),
        max_size=12,
    ),
)

some = settings(max_examples=60, deadline=None)


def drawn(told: FollowUp) -> Picture:
    found = picture(told)
    assert found is not None
    return found


@some
@given(FOLLOW_UPS)
def test_everything_lies_inside_and_no_words_cover_others(told: FollowUp) -> None:
    found = picture(told)
    if found is not None:
        assert inside(found) == []
        assert text_overlaps(found) == []


@some
@given(FOLLOW_UPS)
def test_the_picture_tells_what_the_table_tells(told: FollowUp) -> None:
    found = picture(told)
    tells = {group.tells for group in found.groups} if found else set()

    assert [row.sentence for row in rows(told) if row.on and row.sentence not in tells] == []


@given(st.lists(DAYS, min_size=2, max_size=12, unique=True), DAYS)
def test_what_is_later_lies_further_to_the_right(days: list[date], today: date) -> None:
    events = [Event(Happened.OPERATION, day, "x") for day in days]

    found = drawn(FollowUp(today, events))

    lefts = {group.tells: group.shapes[0].bounds.left for group in found.groups}
    in_time = [lefts[row.sentence] for row in rows(FollowUp(today, events))]
    assert all(before < after for before, after in pairwise(in_time))


@given(DAYS)
def test_the_day_that_is_due_lies_in_its_window_and_the_windows_tile(anchor: date) -> None:
    slots = [
        Window(s.n, s.earliest_on, s.due_on, s.latest_on, s.lapses_on, Fate.TO_COME)
        for s in plan(QUARTERLY, anchor)
    ]

    found = drawn(FollowUp(anchor, series=[Series("CT", slots)]))

    drawn_slots = [group for group in found.groups if "no. " in group.tells]
    assert len(drawn_slots) == 20
    for group in drawn_slots:
        tail, frame, due, *_ = (shape.bounds for shape in group.shapes)
        assert frame.left < due.left < frame.right == tail.left < tail.right
    for before, after in pairwise(drawn_slots):
        assert abs(before.shapes[0].bounds.right - after.shapes[1].bounds.left) < 0.01


def windows_of(*fates: Fate, partly: bool = False) -> list[Window]:
    slots = plan(QUARTERLY, date(2026, 1, 15))
    return [
        Window(s.n, s.earliest_on, s.due_on, s.latest_on, s.lapses_on, fate, partly)
        for s, fate in zip(slots, fates, strict=False)
    ]


def test_each_fate_has_a_shape_and_a_letter_of_its_own() -> None:
    found = drawn(FollowUp(date(2026, 5, 1), series=[Series("CT", windows_of(*Fate))]))

    slots = [group for group in found.groups if "no. " in group.tells]
    letters = [
        [shape.words for shape in group.shapes if isinstance(shape, Text)][1:] for group in slots
    ]
    assert letters == [[], ["N"], ["O"], ["L"], ["D"], ["S"], ["X"], ["W"]]
    looks = [
        (group.look, *(shape.look for shape in group.shapes if isinstance(shape, Path)))
        for group in slots
    ]
    assert len(set(looks)) == len(Fate)


def test_what_is_partly_done_says_so_beside_its_window() -> None:
    [window] = windows_of(Fate.OVERDUE, partly=True)

    assert (window.letters, window.state) == ("PO", "partly done, overdue")


def test_a_superseded_series_is_faded_and_says_why_and_when() -> None:
    series = Series(
        "CT",
        windows_of(Fate.DONE, Fate.SUPERSEDED),
        ended_on=date(2026, 7, 3),
        ended="Superseded: Re-baseline",
        is_superseded=True,
    )

    found = drawn(FollowUp(date(2026, 8, 1), series=[series]))

    assert [group.look for group in found.groups if "no. " in group.tells] == ["pic-faded"] * 2
    assert "3 July 2026: Superseded: Re-baseline; CT" in {group.tells for group in found.groups}


def test_a_suspension_that_rests_two_series_stands_in_both_and_once_in_the_table() -> None:
    rest = Rest(date(2026, 2, 1), date(2026, 4, 1), "Suspended: abroad", is_over=False)
    series = [Series(title, windows_of(Fate.TO_COME), [rest]) for title in ("CT", "MR")]
    told = FollowUp(date(2026, 3, 1), series=series)

    [row] = [row for row in rows(told) if row.kind == "Suspension"]

    assert row.days == "1 Feb 2026 to be looked at again on 1 Apr 2026"
    assert [group.tells for group in drawn(told).groups].count(row.sentence) == 2


def test_a_scan_of_the_chest_alone_leaves_the_abdomens_row_empty() -> None:
    scan = Scan(Shown.NO_DISEASE, date(2026, 4, 1), ("chest", "pelvis", "lower_limb"), "CT")

    tells = [g.tells for g in drawn(FollowUp(date(2026, 5, 1), scans=[scan])).groups if g.tells]

    of_scan = "1 April 2026: CT of chest and pelvis and lower limb (no evidence of disease)"
    assert tells[1:] == [
        "Scans of the chest",
        of_scan,
        "Scans of the abdomen: none",
        "Scans of other regions: lower limb, pelvis",
        of_scan,
    ]


def test_what_has_no_day_is_counted_beneath_the_picture() -> None:
    events = [Event(Happened.OPERATION, date(2026, 1, 1), "Excision")]
    undated = [Event(Happened.OTHER_TREATMENT, None, "doxorubicin")]

    assert drawn(FollowUp(date(2026, 2, 1), events)).note == ""
    assert drawn(FollowUp(date(2026, 2, 1), events + undated)).note == (
        "Events without a stated date, which stand in the table alone: 1."
    )
    assert picture(FollowUp(date(2026, 2, 1), undated)) is None


def test_the_legend_explains_what_is_drawn_and_nothing_else() -> None:
    told = FollowUp(
        date(2026, 5, 1),
        series=[Series("CT", windows_of(Fate.DONE, Fate.TO_COME))],
        appointments=[Appointment(Appointed.NO_SHOW, date(2026, 4, 2), "09:00")],
    )

    assert [key.means for key in drawn(told).legend] == [
        "exam: its window, the day it is due, and fainter until it lapses",
        "D: done",
        "M: did not attend",
    ]


def test_the_description_says_in_words_what_the_picture_shows() -> None:
    told = FollowUp(date(2026, 5, 1), series=[Series("CT", windows_of(Fate.DONE, Fate.DUE))])

    desc = drawn(told).desc

    assert "today is 1 May 2026" in desc
    assert "Exams of the plan: 1 due now, 1 done." in desc


def test_words_are_escaped_wherever_they_are_written() -> None:
    event = Event(Happened.OPERATION, date(2026, 1, 1), '<b> & "x"', "<script>")

    markup = "".join(group.markup for group in drawn(FollowUp(date(2026, 2, 1), [event])).groups)

    assert "<b>" not in markup
    assert "<script>" not in markup
    assert markup.count("&lt;b&gt; &amp; &quot;x&quot;") == 2
