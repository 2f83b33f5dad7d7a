"""The numbered steps of the guides, done in the demo as they stand there, word by word.

What a step prints in bold after a word that asks for an act is found on the page and pressed,
chosen or looked under; all else that it prints in bold must be there to read while the step is
done. A patient whom it names is a row, in which the next thing is pressed.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, expect

from patients.models import Patient
from schedules.models import (
    Booking,
    BookingState,
    Contact,
    Decision,
    Review,
    Schedule,
    ScheduleState,
    Study,
)
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.browser.person import Person
from tests.browser.screenshots import NOW, SEED

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
# Whose guide it is, who of the demo follows it, and which of its parts.
WALKS = {
    ("nurse", "nurse"): (
        "Book an exam",
        "Call a patient",
        "The patient came",
        "The patient did not come",
        "A study that counts for nothing",
    ),
    ("clinician", "clinician"): (
        "Decide on an overdue exam",
        "Start a new series after an operation",
    ),
    ("administrator", "admin"): ("Export the schedules", "Read the figures"),
}
STEP = re.compile(r"^\d+\. (.+(?:\n   .+)*)", re.MULTILINE)
CLAUSES = re.compile(r"(?<=[.:;]) | says ")
ASKS = re.compile(r"^(open|on|at|press|choose|tick|under|give|load)\b|\bpress\b", re.IGNORECASE)
TOLD = re.compile(r"DEMO-\d+|\*\*.+?\*\*|\*.+?\*|one of the three|Load the page again")
# What a step leaves to its reader, by its last words: a field and what is typed there.
TYPED = {
    "*Defer until*": ("Defer until", f"{NOW + timedelta(days=7):%Y-%m-%d}"),
    "*MR of the knee*": ("Reason", "MR of the knee"),
}


@pytest.fixture
def demo(transactional_db: None) -> Iterator[None]:
    """The demo, on the day and with the data of its pictures."""
    with patch("django.utils.timezone.now", return_value=NOW):
        call_command("load_protocols", verbosity=0)
        call_command("seed_demo", seed=SEED, today=NOW.date(), verbosity=0)
        yield


class Reader:
    """Somebody who does what a guide says, and knows nothing else."""

    def __init__(self, person: Person) -> None:
        self.page = person.page
        self.row: Locator | None = None  # where the next thing is pressed
        self.seen = ""

    def do(self, step: str) -> None:
        self.seen, to_read = "", []
        for clause in CLAUSES.split(step):
            for told in TOLD.findall(clause):
                if told.startswith("DEMO-"):
                    self.row = self.page.locator("tr, .case").filter(has_text=told)
                elif not ASKS.search(clause):
                    to_read.append(told.strip("*"))
                elif told in TYPED:
                    field, text = TYPED[told]
                    self.found(field).fill(text)
                elif told == "Load the page again":
                    self.page.reload()
                else:
                    self.act(self.found(told.strip("*")))
        for words in to_read:
            if words.casefold() not in self.seen:
                expect(self.page.locator("body")).to_contain_text(words, ignore_case=True)

    def found(self, words: str) -> Locator:
        """The first thing in sight of that name, in the row if one was named."""
        place = self.row or self.page.locator("body")
        if words == "one of the three":
            return place.get_by_role("button").first
        name = re.compile(rf"^\s*{re.escape(words)}\b")
        named = place.get_by_role("button", name=name)
        for other in (
            place.get_by_role("link", name=name),
            place.get_by_label(name),
            place.get_by_role("heading", name=name),
            place.locator("summary", has_text=name),
        ):
            named = named.or_(other)
        return named.filter(visible=True).first

    def act(self, what: Locator) -> None:
        what.wait_for()
        self.seen += self.page.locator("body").inner_text().casefold()
        kind = what.evaluate("it => it.matches('a, button') ? 'leads on' : it.type || it.tagName")
        if kind == "leads on":
            with self.page.expect_event("response"):
                what.click()
            self.row = None
        elif kind == "SECTION":
            self.row = what
        elif kind in ("radio", "checkbox"):
            what.check()
        else:  # a field, what is folded away, or a heading
            what.click()


def steps(guide: str, title: str) -> list[str]:
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    [section] = re.findall(rf"^## {title}$(.+?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [" ".join(step.split()) for step in STEP.findall(section)]


@pytest.mark.usefixtures("demo")
def test_the_steps_of_the_guides_are_done_in_the_demo(somebody: Person) -> None:
    for (guide, username), titles in WALKS.items():
        somebody.is_signed_in_as(User.objects.get(username=username))
        for title in titles:
            somebody.page.goto("/")
            reader = Reader(somebody)
            for step in steps(guide, title):
                reader.do(step)

    def patient(number: int) -> Patient:
        return Patient.objects.get(mrn=f"DEMO-{number:04}")

    assert Booking.objects.get(slot__schedule__tumour__patient=patient(1), starts_at__gt=NOW)
    assert Contact.objects.get(slot__schedule__tumour__patient=patient(13)).snoozed_until
    came = Booking.objects.get(slot__schedule__tumour__patient=patient(6))
    assert came.state == BookingState.FULFILLED
    stayed_away = Booking.objects.get(slot__schedule__tumour__patient=patient(18))
    assert stayed_away.state == BookingState.NO_SHOW
    assert Study.objects.get(patient=patient(12), modality="MR").kept_because == "MR of the knee"
    [review] = Review.objects.filter(slot__schedule__tumour__patient=patient(4))
    assert (review.decision, review.until) == (Decision.DEFER, (NOW + timedelta(days=7)).date())
    states = Schedule.objects.filter(tumour__patient=patient(7)).values_list("state", flat=True)
    assert sorted(states) == [ScheduleState.ACTIVE, ScheduleState.SUPERSEDED]
    assert Event.objects.filter(act="schedules.exported").exists()
