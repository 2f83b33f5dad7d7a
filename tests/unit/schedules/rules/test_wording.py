from collections.abc import Iterator
from datetime import date

import pytest

from schedules.rules import wording
from schedules.rules.compare import in_words
from schedules.rules.months import long_date
from schedules.rules.plan import plan
from schedules.rules.protocol import Contrast, Definition, Exam, Phase, Unit, exam_name
from schedules.rules.reconcile import Standing, reconcile
from schedules.rules.wording import Tongue, both, listed, speak


class Shouting(Tongue):
    """A language of its own, so that a sentence that nobody translates can be heard."""

    def text(self, text: str) -> str:
        return f"{text}!"

    def counted(self, one: str, many: str, count: int) -> str:
        return f"{one if count == 1 else many}!"

    def long_date(self, day: date) -> str:
        return f"{day:%Y%m%d}"


@pytest.fixture(autouse=True)
def _the_tongue_of_before() -> Iterator[None]:
    before = wording._tongue
    yield
    speak(before)


PHASE = Phase(0, 24, 3, 1, Unit.MONTHS, 14, (Exam("CT", ("chest", "abdomen")),))


def test_without_anybody_to_translate_the_rules_speak_english() -> None:
    speak(Tongue())
    assert in_words(PHASE) == (
        "every 3 months: CT chest+abdomen; from 1 month before, overdue 14 days after"
    )
    assert long_date(date(2026, 3, 5)) == "5 March 2026"
    assert wording.short_date(date(2026, 3, 5)) == "5 Mar 2026"
    assert wording.month(date(2026, 3, 5)) == "Mar 2026"


def test_whoever_translates_is_asked_for_sentences_counts_and_days() -> None:
    speak(Shouting())
    assert in_words(PHASE) == (
        "every 3 months!: CT chest!+abdomen!; from 1 month! before, overdue 14 days! after!"
    )
    assert long_date(date(2026, 3, 5)) == "20260305"


def test_an_exam_is_named_in_the_readers_language() -> None:
    exam = Exam("MR", ("abdomen", "lower_limb"), Contrast.WITH)
    speak(Shouting())
    assert exam.key == "MR abdomen+lower_limb with contrast"
    assert exam.name == exam_name(exam.key) == "MR abdomen!+lower limb! with contrast!"


def test_things_are_joined_by_and_or_by_commas() -> None:
    speak(Tongue())
    assert both(["chest"]) == "chest"
    assert both(["chest", "abdomen", "pelvis"]) == "chest and abdomen and pelvis"
    assert listed(["chest", "abdomen"]) == "chest, abdomen"


def test_the_reason_of_a_change_is_stored_as_written_and_told_in_the_readers_language() -> None:
    speak(Shouting())
    changes = reconcile(list[Standing[None]](), plan(Definition((PHASE,)), date(2026, 1, 15)))
    assert changes[0].reason == "the protocol asks for it"
    assert changes[0].told == "Create!: the protocol asks for it!!"
