"""What goes wrong with the machine itself is read in the language of whoever asks."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from django.conf import settings
from django.utils import translation

from imaging import troubles as imaging_troubles
from reminders import troubles
from reminders.models import Alarm
from schedules.sentences import Sentences, stored
from surveillance.audit import chain, history
from surveillance.outgoing import connecting

FILLED = {"day": date(2026, 3, 5), "time": "09:30", "count": 7}
READ = {"day": "2026年3月5日", "time": "09:30", "count": "7"}


def sentences() -> Iterator[tuple[Sentences, str]]:
    for module in (troubles, chain, history, connecting):
        for name, sentence in vars(module).items():
            if isinstance(sentence, str) and re.fullmatch("[A-Z][A-Z_0-9]+", name):
                yield troubles.ALARMS, sentence
    for sentence in (imaging_troubles.TOO_LONG, imaging_troubles.TOO_SLOW):
        yield imaging_troubles.TROUBLES, sentence


@pytest.mark.parametrize(("known", "sentence"), list(sentences()))
def test_each_is_found_again_by_its_words(known: Sentences, sentence: str) -> None:
    places = re.findall(r"%\((\w+)\)s", sentence)
    said = stored(sentence, **{place: FILLED.get(place, place.upper()) for place in places})
    with translation.override(settings.LANGUAGE_CODE):
        assert known.read_again(said) == said
    with translation.override("ja"):
        read = {place: READ.get(place, place.upper()) for place in places}
        assert known.read_again(said) == translation.gettext(sentence) % read != said


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (
            "Compared on 5 March 2026 at 09:30 UTC.\nNot said: Exam overdue: 3 (a, b, …)\n"
            "Never gathered into a message, of notices: 1 (c)",
            "2026年3月5日 09:30 UTCに照合しました。\n未通知：検査の期限超過：3件（a, b, …）\n"
            "メッセージにまとめられていない通知：1件（c）",
        ),
        (
            "In 2 places the audit does not fit:\n5 March 2026: its seal is gone\n6 March 2026: at "
            "10:00 UTC rows were changed around the application by me: patients_patient (3 update)",
            "監査記録に一致しない箇所が2件あります：\n2026年3月5日：封印がなくなっています\n"
            "2026年3月6日：10:00 UTCに、meがアプリケーションを通さずに行を変更しました："
            "patients_patient (3 update)",
        ),
        (
            "hl7.test:2575 is not told of the appointments of Nowhere since 5 March 2026 at 09:30 "
            "UTC; 4 messages wait. The receiver cannot be reached: timed out.",
            "2026年3月5日 09:30 UTC以降、Nowhereの予約をhl7.test:2575に伝えられていません。"
            "4件のメッセージが待機中です。受信側システムに接続できません：時間切れ。",
        ),
    ],
)
def test_an_alarm_is_read_line_by_line(detail: str, words: str) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        assert Alarm(detail=detail).words == detail
    with translation.override("ja"):
        assert Alarm(detail=detail).words == words


def test_a_day_as_programs_write_it_is_read_as_people_do() -> None:
    fault = chain.Fault(date(2026, 3, 5), chain.SEAL_IS_GONE)
    alarm = Alarm(detail=str(fault))
    with translation.override(settings.LANGUAGE_CODE):
        assert (alarm.detail, alarm.words) == (
            "2026-03-05: its seal is gone",
            "5 March 2026: its seal is gone",
        )
    with translation.override("ja"):
        assert alarm.words == "2026年3月5日：封印がなくなっています"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (
            "The mail server answered 550 5.1.1 No such user",
            "メールサーバーの応答：550 5.1.1 No such user",
        ),
        ("Twilio answered 400: 21211 Invalid 'To'", "Twilioの応答：400: 21211 Invalid 'To'"),
        (
            "The receiver answered what is no answer: its code is none",
            "受信側システムの応答が応答の形になっていません：コードが正しくありません",
        ),
        ("ValueError: what nobody foresaw", "ValueError: what nobody foresaw"),
    ],
)
def test_what_another_side_said_stays_in_its_words(said: str, read: str) -> None:
    with translation.override("ja"):
        assert troubles.TROUBLES.read_again(said) == read
