"""Choosing the language of the pages."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from schedules.models import Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Event, Look
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in

pytestmark = pytest.mark.django_db

CHOOSE = "/language/"
SIGN_IN = "/sign-in/"


def language_of(client: Client, path: str = "/") -> str:
    return str(Page(client.get(path)).find("html")["lang"])


def test_pages_speak_english_to_whoever_asks_for_nothing_else(nurse_client: Client) -> None:
    assert language_of(nurse_client) == "en-gb"


def test_pages_speak_what_the_browser_asks_for(nurse: User) -> None:
    client = Client(headers={"accept-language": "ja,en;q=0.5"})
    client.force_login(nurse)

    assert language_of(client) == "ja"


def test_each_page_offers_the_other_language_by_its_own_name(nurse_client: Client) -> None:
    for client, path in ((Client(), SIGN_IN), (nurse_client, "/")):
        [button] = Page(client.get(path)).document.select("footer button")

        assert (button.text, button["lang"], button["value"]) == ("日本語", "ja", "ja")


def test_who_chose_a_language_is_back_on_the_same_page_in_it(nurse_client: Client) -> None:
    asked_for = "/worklists/to-book/?on=2026-05-01"
    hidden = Page(nurse_client.get(asked_for)).find("footer [name=next]")["value"]

    answer = nurse_client.post(CHOOSE, {"language": "ja", "next": str(hidden)})

    assert answer.headers["Location"] == asked_for
    assert language_of(nurse_client, asked_for) == "ja"


def test_a_choice_leads_to_no_other_site(nurse_client: Client) -> None:
    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)", ""):
        answer = nurse_client.post(CHOOSE, {"language": "ja", "next": elsewhere})

        assert answer.headers["Location"] == "/"


def test_a_choice_stays_with_the_person_at_every_browser(nurse: User, nurse_client: Client) -> None:
    nurse_client.post(CHOOSE, {"language": "ja"})
    nurse_client.post("/sign-out/")

    elsewhere = signed_in(nurse)

    assert language_of(elsewhere) == "ja"
    assert Event.objects.get(act="language.chosen").detail == {"language": "ja"}


def test_who_has_not_signed_in_chooses_for_this_browser(client: Client) -> None:
    answer = client.post(CHOOSE, {"language": "ja", "next": SIGN_IN})

    assert answer.headers["Location"] == SIGN_IN
    assert language_of(client, SIGN_IN) == "ja"
    assert not User.objects.exclude(language="").exists()


def test_the_language_of_the_person_goes_before_that_of_the_browser(
    nurse: User, nurse_client: Client
) -> None:
    nurse.language = "en-gb"
    nurse.save()
    nurse_client.cookies["django_language"] = "ja"

    assert language_of(nurse_client) == "en-gb"


def test_a_language_that_is_none_is_refused(nurse: User, nurse_client: Client) -> None:
    answer = nurse_client.post(CHOOSE, {"language": "tlh"})

    nurse.refresh_from_db()
    assert (answer.status_code, nurse.language) == (400, "")
    assert nurse_client.get(CHOOSE).status_code == 405


def test_names_and_days_are_written_in_the_way_of_the_language(
    nurse: User, nurse_client: Client, open_slot: Slot
) -> None:
    patient, path = open_slot.patient, f"/patients/{open_slot.patient.public_id}/"
    family, given, born = patient.family_name, patient.given_name, patient.birth_date
    english = Page(nurse_client.get(path))
    nurse_client.post(CHOOSE, {"language": "ja"})
    japanese = Page(nurse_client.get(path))

    assert english.text("h1") == f"{family}, {given}"
    assert f"{born.day} {born:%B %Y}" in english.text(".page-head")
    assert japanese.text("h1") == f"{family} {given}"
    assert f"{born.year}年{born.month}月{born.day}日" in japanese.text(".page-head")
    assert (english.text(".site-user"), japanese.text(".site-user")) == (
        "Naomi Nurse",
        "Nurse Naomi",
    )


def test_the_audit_names_people_alike_whatever_they_read(
    nurse: User, nurse_client: Client, open_slot: Slot
) -> None:
    nurse_client.post(CHOOSE, {"language": "ja"})
    nurse_client.get(f"/patients/{open_slot.patient.public_id}/")

    assert Look.objects.get().by_name == Event.objects.get(by_id=nurse.public_id).by_name
    assert Look.objects.get().by_name == "Naomi Nurse"


def test_pages_of_refusals_and_failures_speak_the_language_too(nurse_client: Client) -> None:
    nurse_client.post(CHOOSE, {"language": "ja"})

    for path, status in (("/no-such-page/", 404), ("/audit/", 403), ("/safety-net/?on=x", 400)):
        page = Page(nurse_client.get(path))
        assert (page.status, page.find("html")["lang"]) == (status, "ja")
    with translation.override("ja"):
        assert '<html lang="ja">' in render_to_string("500.html")


def test_a_choice_without_the_forms_token_is_refused(nurse: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(nurse)

    assert client.post(CHOOSE, {"language": "ja"}).status_code == 403
