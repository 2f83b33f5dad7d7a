"""Protocols: seen by everyone, drafted by one person, signed by another, then taken over by."""

from typing import Any

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import activate_protocol, draft_protocol
from schedules.jobs import work
from schedules.models import Protocol, ProtocolState, Schedule, ScheduleState, Slot
from schedules.protocol_files import load_protocols
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from tests.factories import (
    PROTOCOL,
    BookingFactory,
    ClinicFactory,
    ProtocolFactory,
    ScheduleFactory,
    UserFactory,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in

pytestmark = pytest.mark.django_db

FIRST, SECOND = (f"/protocols/{PROTOCOL}/{version}/" for version in (1, 2))
PHASE = {
    "after_month": "0",
    "up_to_month": "60",
    "every": "3",
    "unit": "months",
    "opens_before": "1",
    "late_after_days": "14",
    "exams": "CT chest+abdomen",
}
EMPTY = dict.fromkeys(PHASE, "") | {"unit": "months"}


@pytest.fixture
def shipped() -> Protocol:
    return ProtocolFactory.create()


@pytest.fixture
def draft(shipped: Protocol, administrator: User) -> Protocol:
    """The second version, drafted by Ada Administrator: a slot is overdue a week later."""
    [phase] = shipped.phases
    return draft_protocol(
        based_on=shipped, by=administrator, phases=[phase | {"late_after_days": 21}]
    )


@pytest.fixture
def active(draft: Protocol) -> Protocol:
    """The second version, signed."""
    activate_protocol(protocol=draft, by=UserFactory.create())
    return Protocol.objects.get(pk=draft.pk)


@pytest.fixture
def booked_slot(open_slot: Slot) -> Slot:
    clinic = open_slot.patient.clinic
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=7), at=moment(clinic, days=-1)
    )
    return open_slot


def typed(*rows: dict[str, str], **changes: Any) -> dict[str, Any]:
    """Return what the form sends: the shipped protocol with other rows, two of them spare."""
    sent: dict[str, Any] = {
        "title": "CT of chest and abdomen",
        "population": "Leiomyosarcoma",
        "citation": "Mizoshiri 2018",
        "quote": "every three months",
        "seen": "1",
        "phases-TOTAL_FORMS": len(rows) + 2,
        "phases-INITIAL_FORMS": 1,
    }
    for number, row in enumerate([*rows, EMPTY, EMPTY]):
        sent |= {f"phases-{number}-{name}": value for name, value in row.items()}
    return sent | changes


# All of them, and one.


def test_protocols_are_listed_by_state_with_what_a_draft_lacks(
    nurse_client: Client, draft: Protocol, open_slot: Slot
) -> None:
    load_protocols()
    ScheduleFactory.create()  # of another clinic

    page = Page(nurse_client.get("/protocols/"))

    [in_use] = page.table(under="Active")
    assert in_use["Protocol"] == f"CT of chest and abdomen every 3 months {PROTOCOL} version 1"
    assert (in_use["Follow-ups on it"], in_use["By whom"]) == ("1", "Came with the software")
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


# Drafting.


def test_the_form_begins_with_what_the_version_says(
    clinician_client: Client, shipped: Protocol
) -> None:
    page = Page(clinician_client.get(Page(clinician_client.get(FIRST)).link("Draft a new version")))

    assert page.find("#id_title")["value"] == shipped.title
    assert page.find("#id_morphology")["value"] == "8890/3, 8891/3, 8896/3"
    assert page.text("#id_phases-0-exams") == "CT chest+abdomen"
    assert len(page.document.select("fieldset.phase")) == 3


def test_what_is_sent_back_as_it_came_is_the_same_protocol(
    clinician_client: Client, shipped: Protocol
) -> None:
    page = Page(clinician_client.get(f"{FIRST}draft/"))
    sent = {
        str(field["name"]): field.get("value", field.get_text().removeprefix("\n"))
        for field in page.document.select("main input:not([type=checkbox]), main textarea")
        if field["name"] != "csrfmiddlewaretoken"
    }
    sent |= {str(field["name"]): "months" for field in page.document.select("main select")}

    clinician_client.post(f"{FIRST}draft/", sent)

    new = Protocol.objects.get(version=2)
    for field in ("title", "population", "citation", "quote", "suits", "phases"):
        assert getattr(new, field) == getattr(shipped, field)
    assert new.note.split() == shipped.note.split()


def test_a_draft_is_saved_as_the_next_version_and_shown(
    clinician_client: Client, clinician: User, shipped: Protocol
) -> None:
    later = PHASE | {
        "after_month": "36",
        "every": "26",
        "unit": "weeks",
        "opens_before": "2",
        "late_after_days": "10",
        "exams": "ct Abdomen + chest\n\nMR lower limb with contrast",
    }
    sent = typed(
        PHASE | {"up_to_month": "36"},
        later,
        topography="c49, C40.2",
        morphology="889",
        grades=["2", "3"],
        missing="a check",
    )

    page = Page(clinician_client.post(f"{FIRST}draft/", sent, follow=True))

    assert page.messages == [f"{PROTOCOL} version 2 is drafted; a second person must sign it."]
    draft = Protocol.objects.get(version=2)
    assert (draft.state, draft.drafted_by, draft.missing) == ("draft", clinician, "a check")
    assert draft.suits == {"topography": ["C49", "C40.2"], "morphology": ["889"], "grades": [2, 3]}
    assert draft.phases[1] == {
        "after_month": 36,
        "up_to_month": 60,
        "every_weeks": 26,
        "opens_weeks_before": 2,
        "late_after_days": 10,
        "exams": [
            {"modality": "CT", "regions": ["chest", "abdomen"]},
            {"modality": "MR", "regions": ["lower_limb"], "contrast": "with"},
        ],
    }
    assert page.table(under="Phases")[1]["Exams"] == (
        "CT chest+abdomen MR lower_limb with contrast"
    )
    assert "Still missing: a check" in page.text(".proposal")


def test_rows_may_stand_in_any_order_and_be_left_out(
    clinician_client: Client, shipped: Protocol
) -> None:
    sent = typed(
        PHASE | {"DELETE": "on", "exams": "nonsense"},
        PHASE | {"after_month": "36", "every": "6"},
        PHASE | {"up_to_month": "36"},
    )

    clinician_client.post(f"{FIRST}draft/", sent)

    phases = Protocol.objects.get(version=2).phases
    assert [(phase["after_month"], phase["every_months"]) for phase in phases] == [(0, 3), (36, 6)]


@pytest.mark.parametrize(
    ("row", "field", "error"),
    [
        ({"every": ""}, "every", "This field is required."),
        ({"up_to_month": "x"}, "up_to_month", "Enter a whole number."),
        ({"up_to_month": "9999"}, "up_to_month", "less than or equal to 600"),
        ({"exams": ""}, "exams", "This field is required."),
        ({"exams": "chest"}, "exams", "“chest”: begin with the modality: CT, MR, PT, CR."),
        ({"exams": "XR chest"}, "exams", "“XR chest”: begin with the modality"),
        ({"exams": "CT thorax"}, "exams", "“thorax” is no region. The regions are head, neck,"),
        ({"exams": "CT chest\nCT"}, "exams", "“CT”: a region is lacking"),
    ],
)
def test_what_is_wrong_in_a_field_of_a_phase_is_said_beside_it(
    clinician_client: Client, shipped: Protocol, row: dict[str, str], field: str, error: str
) -> None:
    page = Page(clinician_client.post(f"{FIRST}draft/", typed(PHASE | row, title="Kept")))

    assert error in page.error_beside(f"phases-0-{field}")
    assert page.title.startswith("Error: ")
    assert page.error_summary[0].startswith("Phase 1, ")
    assert page.find(".error-summary a")["href"] == f"#id_phases-0-{field}"
    assert page.find("#id_title")["value"] == "Kept"
    assert Protocol.objects.get() == shipped


def test_what_makes_no_sense_in_a_phase_is_said_at_its_row(
    clinician_client: Client, shipped: Protocol
) -> None:
    rows = [PHASE | {"up_to_month": "36"}, PHASE | {"after_month": "36", "opens_before": "3"}]

    page = Page(clinician_client.post(f"{FIRST}draft/", typed(*rows)))

    error = "Phase after month 36: a window would open before the exam before it is due"
    assert page.text("#phases-1 > .field-error") == error
    assert page.error_summary == [error]
    assert page.find(".error-summary a")["href"] == "#phases-1"


def test_what_makes_no_sense_between_phases_names_the_phase(
    clinician_client: Client, shipped: Protocol
) -> None:
    rows = [PHASE | {"up_to_month": "36"}, PHASE | {"after_month": "48"}]

    page = Page(clinician_client.post(f"{FIRST}draft/", typed(*rows)))

    assert page.error_summary == [
        "Phases: phase after month 48: the phase before it ends at month 36"
    ]
    assert page.find("#id_phases-1-after_month")["value"] == "48"


def test_a_draft_without_phases_is_refused(clinician_client: Client, shipped: Protocol) -> None:
    page = Page(clinician_client.post(f"{FIRST}draft/", typed(PHASE | {"DELETE": "on"})))

    assert page.error_summary == ["Phases: no phases"]


@pytest.mark.parametrize(
    ("told", "field", "error"),
    [
        ({"citation": ""}, "citation", "This field is required."),
        ({"topography": "C49, leg"}, "topography", "“LEG” begins no such code."),
        ({"morphology": "C49"}, "morphology", "“C49” begins no such code."),
        ({"grades": ["4"]}, "grades", "Select a valid choice."),
    ],
)
def test_what_is_wrong_elsewhere_is_said_beside_its_field(
    clinician_client: Client, shipped: Protocol, told: dict[str, Any], field: str, error: str
) -> None:
    page = Page(clinician_client.post(f"{FIRST}draft/", typed(PHASE, **told)))

    assert error in page.error_beside(field)
    assert len(page.error_summary) == 1


def test_a_form_without_its_rows_is_no_server_error(
    clinician_client: Client, shipped: Protocol
) -> None:
    page = Page(clinician_client.post(f"{FIRST}draft/", {"title": "Alone"}))

    assert page.status == 200
    assert page.error_summary


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


# What would change for all patients.


def shown_by(page: Page) -> dict[str, str]:
    return {"shown": str(page.find("input[name=shown]")["value"])}


def test_what_would_change_is_shown_by_patient_and_recorded_as_seen(
    clinician_client: Client, clinic: Clinic, booked_slot: Slot, draft: Protocol
) -> None:
    other = slot_due_in(-80, clinic)
    ScheduleFactory.create()  # of another clinic
    activate_protocol(protocol=draft, by=UserFactory.create())

    page = Page(clinician_client.get(Page(clinician_client.get(SECOND)).link("What would change")))

    rows = {row["Patient"].split(" MRN")[0]: row for row in page.table()}
    assert list(rows) == sorted([str(booked_slot.patient), str(other.patient)])
    row = rows[str(booked_slot.patient)]
    assert [row[name] for name in ("On version", "Moved", "Added", "Withdrawn")] == [
        "1",
        "20",
        "0",
        "0",
    ]
    assert row["Appointments"].endswith("goes over to no. 1")
    assert rows[str(other.patient)]["Withdrawn"] == "1 1 missed, undecided"
    assert "0 added, 39 moved, 1 withdrawn" in page.text(".facts")
    assert "1 lapsed exam that nobody has decided about" in page.text(".facts")
    [look] = Look.objects.filter(page="take over")
    assert set(look.patient_ids) == {booked_slot.patient.public_id, other.patient.public_id}


def test_an_appointment_at_risk_is_shown_with_its_day_and_scanner(
    clinician_client: Client, booked_slot: Slot, administrator: User
) -> None:
    [phase] = booked_slot.schedule.protocol.phases
    draft_protocol(
        based_on=booked_slot.schedule.protocol,
        by=administrator,
        phases=[phase | {"every_months": 12}],
    )

    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    [row] = page.table()
    scanner = booked_slot.bookings.get().scanner
    assert row["Appointments"].startswith("At risk ")
    assert row["Appointments"].endswith(f", 09:00, {scanner}")
    assert "1 at risk: no new slot takes it" in page.text(".facts")
    assert "A look ahead" in page.text(".empty")
    assert not page.document.select("main form")


def test_doing_it_does_it_for_all_in_the_background_and_leaves_nothing_to_do(
    clinician_client: Client, booked_slot: Slot, active: Protocol
) -> None:
    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    answer = clinician_client.post(f"{SECOND}take-over/", shown_by(page), follow=True)

    page = Page(answer)
    [(job, _)] = answer.redirect_chain
    assert page.title.startswith(f"Patients go over to a newer version: {PROTOCOL} version 2")
    assert page.text("#so-far") == "0 of 1 follow-up"
    assert work()
    page = Page(clinician_client.get(job))
    assert f"1 follow-up now goes on by {PROTOCOL} version 2." in page.text(".job")
    page = Page(clinician_client.get(page.link("Back to the protocol")))
    assert [row["Follow-ups on it, in your clinics"] for row in page.table(under="Versions")] == [
        "1",
        "0",
    ]
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    assert "No active follow-up of your clinics is on an older version." in page.text(".empty")


def test_while_it_is_being_done_the_page_says_so_and_leads_there(
    clinician_client: Client, clinic: Clinic, open_slot: Slot, draft: Protocol
) -> None:
    elsewhere = ScheduleFactory.create().tumour.patient.clinic
    activate_protocol(protocol=draft, by=UserFactory.create())
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    shown = shown_by(page)
    answer = clinician_client.post(f"{SECOND}take-over/", shown, follow=True)
    [(job, _)] = answer.redirect_chain

    page = Page(clinician_client.get(f"{SECOND}take-over/"))

    assert "Carl Clinician asked for it " in page.text(".proposal")
    assert page.link("See how far it is") == job
    assert not page.document.select("main form")
    again = clinician_client.post(f"{SECOND}take-over/", shown, follow=True)
    assert again.redirect_chain == answer.redirect_chain

    colleague = Page(signed_in(member(clinic, Role.CLINICIAN)).get(f"{SECOND}take-over/"))
    assert "Carl Clinician asked for it" in colleague.text(".proposal")
    assert not colleague.document.select(f".proposal a, a[href='{job}'], main form")
    other = Page(signed_in(member(elsewhere, Role.CLINICIAN)).get(f"{SECOND}take-over/"))
    assert not other.document.select(".proposal")
    assert other.document.select("main form")


def test_what_has_changed_since_is_said_and_shown_afresh(
    clinician_client: Client, clinic: Clinic, open_slot: Slot, draft: Protocol
) -> None:
    other, third = (slot_due_in(-10, clinic) for _ in range(2))
    activate_protocol(protocol=draft, by=UserFactory.create())
    page = Page(clinician_client.get(f"{SECOND}take-over/"))
    answer = clinician_client.post(f"{SECOND}take-over/", shown_by(page), follow=True)
    [(job, _)] = answer.redirect_chain
    BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=7), at=moment(clinic, days=-1)
    )
    Schedule.objects.filter(pk=other.schedule_id).update(state=ScheduleState.SUSPENDED)
    assert work()

    page = Page(clinician_client.get(job))
    assert page.title.startswith("Error: ")
    assert "Something has changed since this was shown" in page.text(".error-summary")
    page = Page(clinician_client.get(page.link("See what would change now")))

    assert page.title.startswith("Error: ")
    assert "Something has changed since this was shown" in page.text(".error-summary")
    assert f"No longer affected: {other.patient}" in page.text(".error-summary")
    changed = {row["Patient"].split(" MRN")[0]: row["Patient"] for row in page.table()}
    assert changed[str(open_slot.patient)].endswith("Changed since it was shown")
    assert not changed[str(third.patient)].endswith("Changed since it was shown")
    assert "1 suspended follow-up" in page.text(".facts")
    assert not Schedule.objects.filter(protocol=draft).exists()

    clinician_client.post(f"{SECOND}take-over/", shown_by(page))
    assert work()
    assert Schedule.objects.filter(protocol=draft).count() == 2


@pytest.mark.parametrize("shown", ["", "nonsense", "a=b c=d"])
def test_what_was_never_shown_is_not_done(
    clinician_client: Client, open_slot: Slot, active: Protocol, shown: str
) -> None:
    answer = clinician_client.post(f"{SECOND}take-over/", {"shown": shown}, follow=True)
    assert answer.status_code == 200
    assert work()

    page = Page(clinician_client.get(answer.redirect_chain[0][0]))

    assert "Something has changed" in page.text(".error-summary")
    assert not Schedule.objects.filter(protocol=active).exists()


@pytest.mark.parametrize("refused", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_refusal_that_there_is_not_marks_nothing(
    clinician_client: Client, open_slot: Slot, active: Protocol, refused: str
) -> None:
    page = Page(clinician_client.get(f"{SECOND}take-over/", {"refused": refused}))

    assert not page.document.select(".error-summary")


def test_a_clinician_of_another_clinic_sees_nobody(open_slot: Slot, active: Protocol) -> None:
    elsewhere = signed_in(member(ClinicFactory.create(), Role.CLINICIAN))

    page = Page(elsewhere.get(f"{SECOND}take-over/"))

    assert str(open_slot.patient) not in page.text("body")


def test_a_draft_that_no_schedule_can_follow_changes_nothing(
    clinician_client: Client, shipped: Protocol
) -> None:
    ProtocolFactory.create(version=2, state=ProtocolState.DRAFT, phases=[])

    assert "What would change" not in Page(clinician_client.get(SECOND)).text()
    assert clinician_client.get(f"{SECOND}take-over/").status_code == 404
