"""What a cell says: every value in, itself out; what is none or could be two is refused."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from patients.importing import cells
from patients.importing.columns import BY_KEY, COLUMNS, NOTHING, matched
from patients.models import Laterality, Patient, Sex, TreatmentKind

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@given(DAYS)
def test_a_day_is_read_as_it_was_written(day: date) -> None:
    for written in (
        *(f"{day}", f"{day:%Y/%m/%d}", f"{day} 00:00:00", f"{day:%d %b %Y}"),
        f"{day.year}年{day.month}月{day.day}日",
    ):
        assert cells.day(written, day_first=False) == day


@given(DAYS)
def test_of_digits_alone_a_day_that_could_be_another_is_refused(day: date) -> None:
    written = f"{day.day}/{day.month}/{day.year}"
    assert cells.day(written, day_first=True) == day
    if day.day <= 12 and day.day != day.month:
        with pytest.raises(ValidationError, match="write the year first"):
            cells.day(written, day_first=False)
    else:
        assert cells.day(written, day_first=False) == day


@pytest.mark.parametrize(
    "written", ["27.3.26", "45000", "soon", "2026-02-30", "today", "3/27/2026"]
)
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        cells.day(written, day_first=True)


@given(st.text(max_size=30))
def test_whatever_is_read_may_stand_in_its_field(cell: str) -> None:
    for column in COLUMNS:
        try:
            typed = cells.plain(cell)
            value = column.read(typed) if column.read else cells.day(typed, day_first=False)
        except ValidationError:
            continue
        if value not in ("", []):
            field = column.of._meta.get_field(column.field)
            field.clean(value, None)  # type: ignore[union-attr]
            assert "\0" not in str(value)


@given(st.text(min_size=1, alphabet=st.characters(categories=["L", "N", "P", "Zs"])))
def test_what_an_export_writes_safely_is_read_as_it_was(name: str) -> None:
    for begins in "=+-@":
        assert cells.plain(f"'{begins}{name}".rstrip()) == f"{begins}{name}".rstrip()


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("A\0B", "U+0000"),
        ("A\u202eB", "U+202E"),
        ("\u200fAB", "U+200F"),
        ("A\nB", "line break"),
        ("M\ufffdller", "was lost"),
        ("#N/A", "put an error"),
    ],
)
def test_what_cannot_be_seen_or_is_no_value_is_refused(cell: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        cells.plain(cell)
    assert why.casefold() in refused.value.messages[0].casefold()


def test_a_megabyte_in_a_cell_is_refused_in_few_words() -> None:
    read = BY_KEY["family_name"].read
    assert read
    with pytest.raises(ValidationError, match="longer than 100 characters"):
        read("x" * 2**20)
    assert len(cells.shown("x" * 2**20)) == 60


@pytest.mark.parametrize(
    ("key", "cell", "value"),
    [
        ("sex", "Ｆ", Sex.FEMALE),
        ("sex", "女性", Sex.FEMALE),
        ("laterality", "LEFT", Laterality.LEFT),
        ("laterality", "右", Laterality.RIGHT),
        ("treatment", "手術", TreatmentKind.RESECTION),
        ("topography", "ｃ４９．２", "C49.2"),
        ("size_mm", "４５ mm", 45),
        ("drugs", "doxorubicin、ifosfamide", ["doxorubicin", "ifosfamide"]),
    ],
)
def test_a_word_is_read_in_either_language_and_width(key: str, cell: str, value: object) -> None:
    read = BY_KEY[key].read
    assert read
    assert read(cell) == value


def test_headings_are_known_by_english_and_japanese_names_whatever_their_width_and_case() -> None:
    keys, asked = matched(["ＭＲＮ", "Family_Name", "生年月日", "To correct", "Ward", "Size"], {})
    assert keys == {
        "ＭＲＮ": "mrn",
        "Family_Name": "family_name",
        "生年月日": "birth_date",
        "To correct": NOTHING,
    }
    assert asked == ["Ward", "Size"]  # of a size without its unit nobody knows


def test_what_was_told_before_comes_first_and_two_columns_are_not_one() -> None:
    remembered = {"Ward": NOTHING, "No.": "mrn"}
    keys, asked = matched(["No.", "Ward", "MRN"], remembered)
    assert (keys, asked) == ({"No.": "mrn", "Ward": NOTHING}, ["MRN"])


def test_every_column_is_a_field_of_its_model() -> None:
    assert len(BY_KEY) == len(COLUMNS)
    assert {column.field for column in COLUMNS if column.of is Patient} < {
        field.name for field in Patient._meta.get_fields()
    }
