"""What the software stores in English is read in the language of whoever asks."""

from datetime import date

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from schedules import stored_words
from schedules.sentences import stored
from schedules.stored_words import STORED

words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
sentences = st.one_of(
    st.builds(lambda what, day: stored(stored_words.REBASELINED, what=what, day=day), words, days),
    st.builds(lambda n: stored(stored_words.GOES_ON, code="ct-3m", version=n), st.integers(1, 99)),
    st.builds(lambda day: stored(stored_words.BOOKED, day=day), days),
    st.builds(lambda day: stored(stored_words.DEFERRED, day=day), days),
    st.builds(lambda person: stored(stored_words.IN_HAND, person=person), words),
)


@given(sentences)
def test_in_english_it_is_read_as_it_was_stored(said: str) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        assert STORED.read_again(said) == said


@given(words)
def test_what_people_wrote_stays(said: str) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        assert STORED.read_again(said) == said


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("booked for 5 March 2026", "2026年3月5日に予約済み"),
        ("deferred until 29 February 2028", "2028年2月29日まで延期"),
        ("Nurse A has it in hand", "Nurse Aが対応中"),
        ("Goes on under ct-3m version 2", "ct-3m 第2版で継続"),
        ("The patient declines", "患者の辞退"),
        ("", ""),
        ("booked for some day", "booked for some day"),
        ("booked for 31 February 2026", "31 February 2026に予約済み"),
    ],
)
def test_in_japanese_it_is_japanese(said: str, read: str) -> None:
    with translation.override("ja"):
        assert STORED.read_again(said) == read
