"""Every page comes in Japanese, and nothing that the software itself says stays in English."""

import functools
import gc
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import available_timezones

import pytest
from bs4 import BeautifulSoup
from bs4.element import NavigableString
from django.apps import apps
from django.db import transaction
from django.db.models import Field
from django.urls import resolve
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker

from imaging.models import Arrangement
from imaging.troubles import TOO_SLOW
from patients.models import Clinic, Finding, Tumour
from reminders import troubles
from reminders.alarms import raise_alarm
from reminders.models import (
    Alarm,
    AlarmKind,
    ChannelName,
    Kind,
    Message,
    MessageState,
    Receiver,
)
from reminders.reconciliation import Difference
from schedules import protocol_words
from schedules.models import Correction, Protocol, Result, Slot
from schedules.protocol_files import load_protocols
from schedules.rules.protocol import REGIONS
from schedules.sentences import stored
from surveillance.accounts.roles import Role
from surveillance.audit.chain import SEAL_IS_GONE, Fault
from tests.factories import BookingFactory, ClinicFactory, ScannerFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import (
    enter_patient_of_every_list,
    give_feeds,
    give_lists,
    member,
    moment,
    signed_in,
    slot_due_in,
    tell_of_all,
)
from tests.integration.pages.test_every_page import Answer, walk

pytestmark = pytest.mark.django_db  # or there is no database where this module runs alone

OF_OURS = (
    "schedules.",
    "patients.",
    "reminders.",
    "surveillance.",
    "allauth.",
)  # whose pages are looked at
READ_ALOUD = ("title", "aria-label", "placeholder", "alt")
WORD = re.compile(r"[A-Za-z]{2,}")
KNOWN = {  # what is the same in every language
    "StudyInstanceUID",  # the name of a DICOM attribute
    *("CT", "MR", "PET"),
    *available_timezones(),
    *("MSH-3", "MSH-4", "MSH-5", "MSH-6"),  # fields of HL7 v2
    *("UTF-8", "ISO-2022-JP", "Latin-1"),  # character sets
    "PO",  # two letters of the picture, which its key explains
    "English",  # each language is named in itself
}
AS_STORED = {
    "audit",  # whose facts are for programs too
    "draft-protocol",  # begins with what is stored
}


class Walked(NamedTuple):
    answers: list[Answer]
    stored: list[str]  # the longest first
    shown: list[str]  # of these, what pages show as it stands


def foreign(text: str) -> str:
    """Translate into a language without letters; what is filled in later is left alone."""
    kept = re.compile(r"(%%|%\(\w+\)[sd]|%[sd]|<[^>]*>|&\w+;)")
    return "".join(
        part if kept.fullmatch(part) else re.sub(r"[^\W\d_]", "■", part)
        for part in kept.split(str(text))
    )


@pytest.fixture(scope="module")
def walked(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Walked]:
    """What people of each role get in Japanese, as if all that is marked had been translated."""
    with pytest.MonkeyPatch.context() as patch:
        for name, translate in {
            "gettext": foreign,
            "pgettext": lambda context, text: foreign(text),
            "ngettext": lambda one, many, count: foreign(one if count == 1 else many),
            "npgettext": lambda context, one, many, count: foreign(one if count == 1 else many),
        }.items():
            patch.setattr(translation._trans, name, translate, raising=False)  # type: ignore[attr-defined]
        with django_db_blocker.unblock(), transaction.atomic():
            load_protocols()
            clinic = ClinicFactory.create()
            users = {role: member(clinic, role) for role in Role}
            ScannerFactory.create(clinic=clinic)
            enter_patient_of_every_list(clinic, users[Role.NURSE], users[Role.CLINICIAN])
            slot_due_in(-30, clinic)
            BookingFactory.create(
                slot=slot_due_in(0, clinic), starts_at=moment(clinic, 5), at=moment(clinic, -2)
            )
            tell_of_all(clinic)
            give_lists(clinic, users[Role.ADMINISTRATOR])
            give_feeds(clinic, users[Role.ADMINISTRATOR])
            let_things_go_wrong(clinic)
            clients = {role: signed_in(users[role]) for role in Role}
            for client in clients.values():
                client.defaults["HTTP_ACCEPT_LANGUAGE"] = "ja"
            answers = [one for role in Role for one in walk(role, clients[role])]
            with translation.override("ja"):
                stored, names = set(data()), set(named())
                stored |= set(map(protocol_words.read_again, names))
            quoted = {f"“{name}”" for name in names}  # as somebody said it
            by_length = partial(sorted, key=len, reverse=True)
            yield Walked(answers, by_length(stored), by_length(stored - names | quoted))
            transaction.set_rollback(True)
    forget_what_was_kept()


def forget_what_was_kept() -> None:
    """Empty every cache of ours: what the walk filled is in a language without letters."""
    for kept in gc.get_objects():
        if type(kept) is functools._lru_cache_wrapper and kept.__module__.startswith(OF_OURS):
            kept.cache_clear()


def let_things_go_wrong(clinic: Clinic) -> None:
    """Raise an alarm of each kind, and let a mail, a PACS and a receiver of HL7 be in trouble."""
    at = timezone.now()
    silent = stored(troubles.NOT_REACHED, who=troubles.RECEIVER, why=troubles.TIMED_OUT)
    since = {"day": at, "time": f"{at:%H:%M}"}
    difference = Difference(stored(troubles.NOT_SAID, kind=Kind.OVERDUE.label), 1, ["1"])
    fault = Fault(at.date(), SEAL_IS_GONE)
    details = {
        AlarmKind.SILENCE: [troubles.SILENT_EVER],
        AlarmKind.DIFFERENCE: [stored(troubles.COMPARED, **since), str(difference)],
        AlarmKind.HELD: [stored(troubles.HELD, lines=900, clinic=clinic, usual=300)],
        AlarmKind.DICOM: [stored(troubles.DICOM_SILENT_SINCE, **since)],
        AlarmKind.HL7: [
            stored(troubles.NOT_TOLD, receiver="1", clinic=clinic, **since, count=3, trouble=silent)
        ],
        AlarmKind.AUDIT: [stored(troubles.AUDIT_UNFIT, count=1), str(fault)],
    }
    for kind, lines in details.items():
        raise_alarm(kind, "\n".join(lines), at=at)
    mails = Message.objects.filter(channel=ChannelName.EMAIL).order_by("pk")
    for message, state in zip(mails, (MessageState.FAILED, MessageState.QUEUED), strict=False):
        message.state, message.last_error = state, troubles.CONTROL_IN_SUBJECT
        message.sent_at, message.attempts, message.next_try_at = None, 3, at
        message.save()
    Receiver.objects.create(
        clinic=clinic, host="hl7", port=1, on=True, since=at, error=silent, tried_at=at
    )
    said = {"pacs_url": "https://pacs.test/", "pacs_error": stored(TOO_SLOW, seconds=60)}
    Arrangement.objects.update_or_create(said, clinic=clinic)


def data() -> Iterator[str]:
    """Yield every text of the database, but for choices: those are shown by their labels."""
    for model in apps.get_models():
        fields = [field for field in model._meta.concrete_fields if not _choices(field)]
        for row in model._default_manager.values_list(*(field.attname for field in fields)):
            yield from (text for value in row for text in _texts(value) if WORD.search(text))


def named() -> Iterator[str]:
    """Yield what the database holds in English and no page shows as it stands there."""
    yield from REGIONS
    for model, field in (
        (Alarm, "detail"),
        (Message, "last_error"),
        (Receiver, "error"),
        (Arrangement, "pacs_error"),
    ):
        for text in model._default_manager.values_list(field, flat=True):
            yield from _texts(text)
    for said in Protocol.objects.values_list("title", "population", "note", "missing"):
        yield from (text for text in said if protocol_words.read_again(text) != text)
    yield from Slot.objects.values_list("exam", flat=True)
    for names in Tumour.objects.values_list("morphology_name", "site"):
        yield from names
    for found in (Finding.all_ever, Result.all_ever, Correction.objects):
        for sites in found.values_list("sites", flat=True):
            yield from sites


def _choices(field: "Field[Any, Any]") -> bool:
    return bool(field.choices or getattr(getattr(field, "base_field", None), "choices", None))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(value.split())
        yield from (" ".join(line.split()) for line in value.splitlines())
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in _texts(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in _texts(one))


def english(page: Page, data: list[str]) -> Iterator[str]:
    """Yield what a page says in letters and is no data."""
    document = BeautifulSoup(str(page.document), "html.parser")
    # A note is data, cut to its room, as are citations with links; a key is made up as it is shown.
    for silent in document.select("script, style, .pic-note, .citation, .key"):
        silent.decompose()
    said = [str(text) for text in document.find_all(string=True) if type(text) is NavigableString]
    said += [str(tag[name]) for tag in document.select("*") for name in READ_ALOUD if tag.get(name)]
    for words in (" ".join(one.split()) for one in said):
        left = words
        for known in data:
            left = left.replace(known, " ")
        if words not in KNOWN and set(WORD.findall(left)) - KNOWN:
            yield words


def test_every_page_comes_in_japanese(walked: Walked) -> None:
    assert {answer.page.status for answer in walked.answers} == {200}
    assert {str(answer.page.find("html")["lang"]) for answer in walked.answers} == {"ja"}


def test_nothing_but_data_stays_in_english(walked: Walked) -> None:
    found = {
        (answer.name, words)
        for answer in walked.answers
        if resolve(answer.address.split("?")[0]).func.__module__.startswith(OF_OURS)
        for words in english(
            answer.page, walked.stored if answer.name in AS_STORED else walked.shown
        )
    }
    assert found == set()
