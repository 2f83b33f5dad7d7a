"""All protocols and one of them, as everybody sees them; and a second person signs."""

import pytest
from django.test import Client

from schedules.actions import activate_protocol, draft_protocol
from schedules.models import Protocol, ProtocolState, Slot
from schedules.protocol_files import load_protocols
from surveillance.accounts.models import User
from tests.factories import PROTOCOL, ScheduleFactory, UserFactory
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

FIRST, SECOND = (f"/protocols/{PROTOCOL}/{version}/" for version in (1, 2))


def test_protocols_are_listed_by_state_with_what_a_draft_lacks(
    nurse_client: Client, draft: Protocol, open_slot: Slot
) -> None:
    load_protocols()
    ScheduleFactory.create()  # of another clinic

    page = Page(nurse_client.get("/protocols/"))

    [in_use] = page.table(under="Active")
    assert in_use["Protocol"] == f"CT of chest and abdomen every 3 months {PROTOCOL} version 1"
    assert (in_use["In use"], in_use["By whom"]) == ("1 follow-up", "Came with the software")
    drafts = {row["Protocol"].rpartition(" version")[0]: row for row in page.table(under="Draft")}
    own = drafts[f"CT of chest and abdomen every 3 months {PROTOCOL}"]
    assert own["What it lacks"] == "Ready to be signed"
    assert own["By whom"] == "Drafted by Ada Administrator"
    assert drafts["Retroperitoneal sarcoma, TARPSWG rps-tarpswg"]["What it lacks"].endswith(
        "No phases"
    )
    assert page.table(under="Retired") == []


def test_a_page_says_what_the_source_says_and_what_it_does_not(
    nurse_client: Client, shipped: Protocol
) -> None:
    page = Page(nurse_client.get(FIRST))

    assert "Mizoshiri N, et al. Hepatic metastases" in page.text(".facts")
    assert "morphology 8890/3, 8891/3, 8896/3" in page.text(".facts")
    assert page.text("blockquote").startswith("Patients who have undergone resection")
    assert "lowest level of evidence" in page.text("[aria-labelledby=limits]")
    assert page.table(under="Phases") == [
        {
            "After month": "0",
            "Up to and including": "month 60",
            "Every": "3 months",
            "Exams": "CT chest+abdomen",
            "Window opens before": "1 month",
            "Overdue after": "14 days",
        }
    ]
    [version] = page.table(under="Versions")
    assert (version["Version"], version["State"]) == ("1, this one", "Active")


def test_a_preview_shows_the_four_dates_of_each_slot(
    nurse_client: Client, shipped: Protocol
) -> None:
    rows = Page(nurse_client.get(FIRST, {"anchor": "2026-01-31"})).table(under="The days it gives")

    assert len(rows) == 20
    assert rows[0] == {
        "Exam": "CT chest+abdomen",
        "No.": "1",
        "Month": "3",
        "Counts from": "31 Mar 2026",
        "Due": "30 Apr 2026",
        "On time until": "14 May 2026",
        "Lapses after": "29 Jun 2026",
    }


@pytest.mark.parametrize("anchor", ["", "yesterday", "1700-01-01", "9999-12-31"])
def test_a_day_that_cannot_be_counted_from_is_refused_beside_its_field(
    nurse_client: Client, shipped: Protocol, anchor: str
) -> None:
    page = Page(nurse_client.get(FIRST, {"anchor": anchor}))

    assert page.status == 200
    assert page.error_beside("anchor")
    assert page.table(under="The days it gives") != page.table(under="Versions")


def test_every_shipped_protocol_can_be_seen_with_its_note(
    nurse_client: Client, clinician_client: Client
) -> None:
    for protocol in load_protocols():
        address = f"/protocols/{protocol.code}/{protocol.version}/"
        page = Page(nurse_client.get(address, {"anchor": "2026-01-15"}))
        assert " ".join(protocol.note.split()) in page.text("[aria-labelledby=limits]")
        assert bool(page.document.select(".proposal li")) == (protocol.state == "draft")
        assert clinician_client.get(f"{address}draft/").status_code == 200


@pytest.mark.parametrize("address", [SECOND, "/protocols/none/1/", f"/protocols/{PROTOCOL}/99999/"])
def test_a_version_that_there_is_not_is_not_found(
    nurse_client: Client, shipped: Protocol, address: str
) -> None:
    assert nurse_client.get(address).status_code == 404


def test_a_nurse_sees_but_has_no_buttons(
    nurse_client: Client, draft: Protocol, open_slot: Slot
) -> None:
    for address in (FIRST, SECOND):
        page = Page(nurse_client.get(address))
        assert not page.document.select("main form[method=post], main a.btn")
        assert "What would change" not in page.text()
    assert "A clinician signs." in page.text(".proposal")

    for act in ("draft", "sign", "take-over"):
        assert nurse_client.post(f"{SECOND}{act}/").status_code == 403
    draft.refresh_from_db()
    assert draft.state == ProtocolState.DRAFT


# Signing.


def test_a_clinician_signs_what_somebody_else_wrote(
    clinician_client: Client, draft: Protocol
) -> None:
    page = Page(clinician_client.get(SECOND))
    assert "Version 1 is then retired" in page.text(".proposal")

    page = Page(clinician_client.post(str(page.find(".proposal form")["action"]), follow=True))

    assert page.messages == [f"You have signed {PROTOCOL} version 2: it is active now."]
    rows = page.table(under="Versions")
    assert [(row["Version"], row["State"]) for row in rows] == [
        ("2, this one", "Active"),
        ("1", "Retired"),
    ]
    assert "Signed by Carl Clinician" in rows[0]["By whom"]


def test_who_wrote_a_draft_is_told_that_a_second_person_must_sign(
    clinician_client: Client, clinician: User, shipped: Protocol
) -> None:
    draft_protocol(based_on=shipped, by=clinician)

    page = Page(clinician_client.get(SECOND))
    assert page.text(".proposal li") == "A second person must sign: you wrote this draft"
    assert not page.document.select(".proposal form")

    page = Page(clinician_client.post(f"{SECOND}sign/", follow=True))
    assert page.messages == [
        "It cannot be signed: a second person must sign: you wrote this draft."
    ]
    assert Protocol.objects.get(version=2).state == ProtocolState.DRAFT


def test_an_administrator_drafts_but_does_not_sign(
    administrator_client: Client, draft: Protocol
) -> None:
    assert administrator_client.get(f"{SECOND}draft/").status_code == 200
    assert administrator_client.post(f"{SECOND}sign/").status_code == 403
    assert administrator_client.get(f"{SECOND}take-over/").status_code == 403


def test_who_comes_second_is_told_that_it_is_active(
    clinician_client: Client, active: Protocol
) -> None:
    page = Page(clinician_client.post(f"{SECOND}sign/", follow=True))

    assert page.messages == [f"{PROTOCOL} version 2 is active already."]


def test_a_draft_that_a_newer_version_has_overtaken_is_not_ready(
    clinician_client: Client, administrator: User, draft: Protocol
) -> None:
    newer = draft_protocol(based_on=draft, by=administrator)
    activate_protocol(protocol=newer, by=UserFactory.create())

    [row] = Page(clinician_client.get("/protocols/")).table(under="Draft")

    assert row["What it lacks"] == "Version 3 is newer and active: draft from that one"
    assert row["What it lacks"] == Page(clinician_client.get(SECOND)).text(".proposal li")


def test_a_signature_needs_a_post(clinician_client: Client, draft: Protocol) -> None:
    assert clinician_client.get(f"{SECOND}sign/").status_code == 405
