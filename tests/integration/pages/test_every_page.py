"""What is true of every page that a person of any role can reach by its links."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urldefrag
from uuid import UUID

import pytest
from bs4 import Tag
from django.db import transaction
from django.test import Client
from django.urls import resolve
from pytest_django import DjangoDbBlocker

from patients.models import Patient
from schedules.models import ListName, SavedView
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from surveillance.audit.wording import ACTS, PAGES
from tests.factories import BookingFactory, ClinicFactory, ResectionFactory, ScannerFactory
from tests.integration.pages.nonsense import Sent, send_nonsense
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
from tests.integration.test_role_matrix import RULES

pytestmark = pytest.mark.django_db  # or there is no database where this module runs alone

ENOUGH_OF_A_KIND = 12  # each time that may be booked has a page, and the calendar never ends
ADDRESSES = ("href", "src", "action", "formaction")


@dataclass(frozen=True)
class Answer:
    """What one person got at one address."""

    role: Role
    address: str
    page: Page
    headers: Mapping[str, str]
    size: int  # of the page alone, in bytes
    shown: set[UUID]  # patients who are named on the page
    looked_at: set[UUID]  # patients whom the page recorded as seen
    looked_from: set[str]  # the page, as it is named in that record

    @property
    def name(self) -> str:
        return resolve(self.address.split("?")[0]).url_name or ""


class Walked(NamedTuple):
    answers: list[Answer]
    refused: list[Sent]
    acts: set[str]  # that the audit recorded by the end


@pytest.fixture(scope="module")
def walked(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Walked:
    """A clinic with somebody on every list, walked through by a person of each role.

    With what came of nonsense in each form on the way.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        clinic = ClinicFactory.create()
        users = {role: member(clinic, role) for role in Role}
        ScannerFactory.create(clinic=clinic)
        enter_patient_of_every_list(clinic, users[Role.NURSE], users[Role.CLINICIAN])
        slot_due_in(-30, clinic)
        BookingFactory.create(
            slot=slot_due_in(0, clinic), starts_at=moment(clinic, 5), at=moment(clinic, -2)
        )
        ResectionFactory.create(
            tumour__patient__clinic=clinic, on=clinic.today() - timedelta(days=20)
        )
        tell_of_all(clinic)
        give_lists(clinic, users[Role.ADMINISTRATOR])
        give_feeds(clinic, users[Role.ADMINISTRATOR])
        answers, refused, seen = list[Answer](), list[Sent](), set[str]()
        sign_in = Page(Client().get("/sign-in/"))
        refused += send_nonsense(Client(), sign_in, "/sign-in/", seen)
        told = {"user": users[Role.NURSE], "list": ListName.TO_BOOK}
        SavedView.objects.create(**told, name="Soon", query="within=14")
        nurse, filtered = signed_in(users[Role.NURSE]), "/worklists/to-book/?order=due"
        refused += send_nonsense(nurse, Page(nurse.get(filtered)), filtered, seen)
        for role, user in users.items():
            client = signed_in(user)
            for answer in walk(role, client):
                answers.append(answer)
                refused += send_nonsense(client, answer.page, answer.address, seen)
        acts = set(Event.objects.values_list("act", flat=True))
        transaction.set_rollback(True)
    return Walked(answers, refused, acts)


@pytest.fixture(scope="module")
def answers(walked: Walked) -> list[Answer]:
    return walked.answers


@pytest.fixture(scope="module")
def refused(walked: Walked) -> list[Sent]:
    return walked.refused


def walk(role: Role, client: Client) -> Iterator[Answer]:
    """Follow every link from the home page, each once, but leave out what is more of the same."""
    patients = list(Patient.objects.all())
    seen, kinds, ahead = set[str](), Counter[str](), ["/"]
    while ahead:
        address = ahead.pop()
        kind = resolve(address.split("?")[0]).url_name or ""
        if address in seen or kinds[kind] == ENOUGH_OF_A_KIND:
            continue
        seen.add(address)
        kinds[kind] += 1
        before = set(Look.objects.values_list("pk", flat=True))
        response = client.get(address)
        if not response.headers["Content-Type"].startswith("text/html"):
            continue  # a file to be kept
        page = Page(response)
        words = page.text("body")
        looks = list(Look.objects.exclude(pk__in=before))
        yield Answer(
            role=role,
            address=address,
            page=page,
            headers=response.headers,
            size=len(response.content),
            shown={p.public_id for p in patients if str(p) in words or p.mrn in words},
            looked_at={seen for look in looks for seen in look.patient_ids},
            looked_from={look.page for look in looks},
        )
        links = (urldefrag(str(link["href"])).url for link in page.document.select("a[href]"))
        ahead += [link for link in links if link.startswith("/")]


def tags(answer: Answer) -> list[Tag]:
    return answer.page.document.select("*")


def test_the_walk_reaches_every_page_by_links(answers: list[Answer]) -> None:
    assert {(answer.role.value, answer.name) for answer in answers} == {
        *(
            ("nurse", name)
            for name in ("to-book", "booked", "book", "record-contact", "reschedule")
        ),
        *(("clinician", name) for name in ("overdue", "review", "rebaselines")),
        ("clinician", "take-over"),
        ("clinician", "emergency"),
        *(
            ("clinician", name)
            for name in ("enrol", "what-if", "decline-anchor", "suspend", "end", "death")
        ),
        *(
            (role, name)
            for role in ("nurse", "clinician")
            for name in (
                *("patients", "patient", "register", "record-study", "unmatched", "safety-net"),
                *("results", "record-result", "correct-result"),
                *("inbox", "calendar", "images", "upload"),
            )
        ),
        *(
            (role, name)
            for role in ("nurse", "clinician")
            for name in ("add-treatment", "add-finding", "contact")
        ),
        *(
            (role, name)
            for role, name in (("clinician", "draft-protocol"), ("administrator", "draft-protocol"))
        ),
        *((role, "figures") for role in ("clinician", "administrator", "auditor")),
        *((role, name) for role in ("administrator", "auditor") for name in ("audit", "looks")),
        *((role, "emergencies") for role in ("administrator", "auditor")),
        *(("administrator", name) for name in ("exports", "rules")),
        *(("administrator", name) for name in ("imports", "import")),
        *(("administrator", name) for name in ("administration", "clinic", "clinic-facts")),
        *(("administrator", name) for name in ("arrangement", "feeds", "receiver")),
        *(
            (role.value, name)
            for role in Role
            for name in (
                "status",
                "home",
                "jobs",
                "tokens",
                "account",
                "account_change_password",
                "mfa_index",
                "mfa_activate_totp",
                "mfa_add_webauthn",
                "api-docs",
                "mailbox",
                "protocols",
                "protocol",
                "compare-protocols",
            )
        ),
        *(
            (role, name)
            for role in ("nurse", "clinician", "administrator")
            for name in ("messages", "message")
        ),
    }


def test_no_link_is_dead_or_refused(answers: list[Answer]) -> None:
    assert {answer.address: answer.page.status for answer in answers} == dict.fromkeys(
        (answer.address for answer in answers), 200
    )


def test_every_patient_that_a_page_shows_is_recorded_as_seen(answers: list[Answer]) -> None:
    assert any(answer.shown for answer in answers)
    for answer in answers:
        assert answer.shown == answer.looked_at, answer.address


def test_all_that_the_walk_left_in_the_audit_has_words(walked: Walked) -> None:
    pages = {page for answer in walked.answers for page in answer.looked_from}

    assert len(walked.acts) > 5
    assert len(pages) > 15
    assert (walked.acts - set(ACTS), pages - set(PAGES)) == (set(), set())


def test_no_address_holds_a_record_number_or_a_name(answers: list[Answer]) -> None:
    addresses = {
        str(tag[name])
        for answer in answers
        for tag in tags(answer)
        for name in ADDRESSES
        if tag.has_attr(name)
    }

    assert len(addresses) > 10
    assert [text for text in addresses if "MRN" in text or "Family" in text] == []


def test_no_page_holds_code_or_style_of_its_own(answers: list[Answer]) -> None:
    for answer in answers:
        for tag in tags(answer):
            assert tag.name != "style", answer.address
            assert tag.name != "script" or tag.has_attr("src"), answer.address
            assert not any(name == "style" or name.startswith("on") for name in tag.attrs), tag


def test_no_page_fetches_anything_from_elsewhere(answers: list[Answer]) -> None:
    for answer in answers:
        for tag in answer.page.document.select("link[href], script, img, iframe, form[action]"):
            fetched = str(tag.get("href") or tag.get("src") or tag.get("action"))
            assert fetched.startswith(("/", "data:image/")), answer.address
            assert not fetched.startswith("//"), answer.address


@pytest.mark.parametrize(
    ("address", "status"),
    [("/worklists/to-book/?on=no-day", 400), ("/worklists/overdue/", 403), ("/nowhere/", 404)],
)
def test_a_refusal_is_a_page_too_guarded_and_kept_in_no_cache(
    nurse_client: Client, address: str, status: int
) -> None:
    answer = nurse_client.get(address)

    assert answer.status_code == status
    assert Page(answer).link("Go to today’s work") == "/"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_no_page_of_a_signed_in_person_is_kept_in_a_cache(answers: list[Answer]) -> None:
    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"], answer.address


def test_every_page_has_a_language_a_title_and_one_first_heading(answers: list[Answer]) -> None:
    for answer in answers:
        assert answer.page.find("html")["lang"] == "en-gb"
        assert answer.page.title.removesuffix(" – Sarcoma follow-up") not in {"", answer.page.title}
        assert len(answer.page.document.select("h1")) == 1, answer.address


def test_every_field_has_a_label_and_every_button_and_link_says_something(
    answers: list[Answer],
) -> None:
    for answer in answers:
        document = answer.page.document
        for field in document.select("input:not([type=hidden]), select, textarea"):
            assert document.select_one(f"label[for='{field.get('id')}']"), (answer.address, field)
        for control in document.select("button, a"):
            assert control.get_text(strip=True), (answer.address, control)


def test_every_page_is_small_enough_for_a_slow_line(answers: list[Answer]) -> None:
    """Without the stylesheets, which a browser keeps."""
    assert {a.address: a.size for a in answers if a.size > 100_000} == {}


def test_every_form_that_changes_something_carries_its_token(answers: list[Answer]) -> None:
    forms = [form for a in answers for form in a.page.document.select("form[method=post]")]

    assert forms
    assert all(form.select_one("input[name=csrfmiddlewaretoken]") for form in forms)


# Forms in which nothing can be typed.
ONLY_PRESSED = {
    "import-corrections",
    "revoke-token",
    "end-sessions",
    *("end-emergency", "note-emergency"),
    *("logout", "acknowledge", "send-again", "hold", "switch-rule"),
    *("move-booking", "review-result", "sign-protocol"),
    *("undo-booking", "undo-outcome", "undo-contact", "undo-review"),
    *("undo-result-review", "undo-keep-off-schedule"),
    *("what-if", "take-over", "resume"),
}


def test_every_form_was_sent_nonsense(refused: list[Sent]) -> None:
    can_be_sent = {name for name, rule in RULES.items() if "POST" in rule.verbs and not rule.led_to}

    assert can_be_sent - {sent.to for sent in refused} == ONLY_PRESSED


def test_every_refusal_says_what_is_wrong_leads_there_and_keeps_what_was_typed(
    refused: list[Sent],
) -> None:
    assert [f"{sent}: {fault}" for sent in refused for fault in sent.faults()] == []
