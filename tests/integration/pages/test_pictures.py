"""The pictures on the pages hold what the tables hold, and say it to who does not see them."""

from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic, Patient
from schedules.actions import suspend
from schedules.models import Protocol, Slot
from schedules.protocol_files import load_protocols
from schedules.rules.months import add_months, long_date
from surveillance.accounts.models import User
from surveillance.demo.cases import enter_case, published_cases
from tests.factories import (
    PROTOCOL,
    BookingFactory,
    HalfYearlyProtocolFactory,
    PatientFactory,
    ProtocolFactory,
    ResectionFactory,
    StudyFactory,
)
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import enter_patient_of_every_list, moment

pytestmark = pytest.mark.django_db

FIRST = f"/protocols/{PROTOCOL}/1/"
HALF_YEARLY = "ct-chest-abdomen-6m"


@pytest.fixture
def published(clinic: Clinic, clinician: User) -> Patient:
    """The second published case, four years long, with a series that another took over."""
    ProtocolFactory.create()
    return enter_case(
        published_cases()[1],
        clinic=clinic,
        resected_on=add_months(clinic.today(), -49),
        by=clinician,
    )


def page_of(client: Client, patient: Patient) -> Page:
    return Page(client.get(f"/patients/{patient.public_id}/"))


def told(page: Page) -> list[str]:
    """What the picture tells, mark by mark."""
    return [text_of(title) for title in page.document.select("svg.pic g > title")]


def table(page: Page) -> list[list[str]]:
    rows = page.document.select("details.pic-table tbody tr")
    return [[text_of(cell) for cell in row.select("td")] for row in rows]


# The patient's page.


def test_the_picture_holds_every_slot_study_and_event_that_the_story_holds(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    kinds = Counter(row[1] for row in table(page))
    assert kinds == {
        "Exam": Slot.objects.count(),
        "Scan": published.studies.count(),
        "Operation": 2,
        "Other treatment": 2,
        "Finding": 1,
        "End of a series": 1,
    }
    marks = "\n".join(told(page))
    for slot in Slot.objects.all():
        assert f"due {slot.due_on.day} {slot.due_on:%b %Y}" in marks
    for study in published.studies.all():
        assert marks.count(f"{long_date(study.performed_on)}: CT of chest and abdomen") == 2
    assert "Partial hepatic resection (between S4 and S8)" in marks
    assert "Metastasis: liver between S4 and S8; found by contrast CT, then FDG-PET" in marks


def test_every_line_of_the_table_with_a_day_stands_in_the_picture(
    nurse_client: Client, clinic: Clinic, nurse: User, clinician: User
) -> None:
    page = page_of(nurse_client, enter_patient_of_every_list(clinic, nurse, clinician))
    marks = told(page)

    for _, _, words, state in table(page):
        assert any(f": {words} ({state.lower()})" in mark or words in mark for mark in marks), words
    assert {row[1] for row in table(page)} == {"Operation", "Exam", "Appointment", "Scan"}
    assert any("(partly done, overdue)" in mark for mark in marks)
    assert any("Scans of other regions: lower limb" in mark for mark in marks)
    assert "Scans of the abdomen: none" in marks


def test_the_superseded_series_is_faded_and_gives_its_reason(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    assert len(page.document.select("svg.pic g.pic-faded")) == 20
    [end] = [row for row in table(page) if row[1] == "End of a series"]
    assert end[2].startswith("Superseded: Re-baseline: Partial hepatic resection")
    assert [mark for mark in told(page) if end[2] in mark]


def test_what_has_no_date_is_in_the_table_and_counted_beneath_the_picture(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    [undated] = [row for row in table(page) if row[0] == "No date stated"]
    assert undated[2] == "doxorubicin, ifosfamide; Chemotherapy; neoadjuvant; 3 cycles"
    assert "Events without a stated date, which stand in the table alone: 1." in page.text()


def test_a_suspension_is_drawn_from_its_day_to_the_day_of_review(
    nurse_client: Client, clinic: Clinic, clinician: User, open_slot: Slot
) -> None:
    review_on = clinic.today() + timedelta(days=60)
    suspend(
        schedule=open_slot.schedule, reason="Another operation", review_on=review_on, by=clinician
    )

    page = page_of(nurse_client, open_slot.patient)

    [row] = [row for row in table(page) if row[1] == "Suspension"]
    assert row[0].endswith(f"to be looked at again on {review_on.day} {review_on:%b %Y}")
    assert row[2:] == ["Suspended: Another operation", "Goes on"]
    assert [mark for mark in told(page) if "Suspended: Another operation" in mark]


def test_an_appointment_stands_with_its_time_scanner_and_state(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    booking = BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=7), at=moment(clinic, days=-1)
    )

    page = page_of(nurse_client, open_slot.patient)

    expected = f"09:00 at {booking.scanner} for no. 1 of CT chest+abdomen (booked)"
    assert [mark for mark in told(page) if expected in mark]


def test_who_has_no_events_has_no_picture(nurse_client: Client, clinic: Clinic) -> None:
    page = page_of(nurse_client, PatientFactory.create(clinic=clinic))

    assert page.status == 200
    assert not page.document.select("svg")


def test_two_events_alone_are_a_picture_too(nurse_client: Client, clinic: Clinic) -> None:
    operation = ResectionFactory.create(tumour__patient__clinic=clinic, on=clinic.today())
    patient = operation.tumour.patient
    StudyFactory.create(patient=patient, performed_on=clinic.today())

    page = page_of(nurse_client, patient)

    assert [row[1] for row in table(page)] == ["Operation", "Scan"]


def test_a_picture_is_an_image_with_a_name_and_a_description_and_can_be_scrolled_by_keys(
    nurse_client: Client, published: Patient
) -> None:
    page = page_of(nurse_client, published)

    svg = page.find("svg[role=img]")
    name, description = str(svg["aria-labelledby"]).split()
    assert page.text(f"#{name}") == "Follow-up over time"
    assert "Exams of the plan: " in page.text(f"#{description}")
    box = page.find(".pic-box")
    assert (box["tabindex"], box["role"]) == ("0", "region")
    assert box["aria-label"]
    assert page.find(page.link("Move the picture to today"))


def test_ids_are_unique_and_labels_lead_to_something(
    clinician_client: Client, published: Patient
) -> None:
    load_protocols()
    for address in (
        f"/patients/{published.public_id}/",
        "/protocols/",
        FIRST,
        f"/protocols/compare/?a={PROTOCOL}-1&b=esmo-sts-high-1",
    ):
        document = Page(clinician_client.get(address)).document
        ids = [str(tag["id"]) for tag in document.select("[id]")]
        assert [name for name, count in Counter(ids).items() if count > 1] == [], address
        for tag in document.select("[aria-labelledby]"):
            assert set(str(tag["aria-labelledby"]).split()) <= set(ids), address
        for drawing in document.select("svg:not([aria-hidden])"):
            assert drawing.find("title", recursive=False), address


# Protocols.


def test_a_protocols_page_draws_its_phases_and_exams_with_the_source(
    nurse_client: Client,
) -> None:
    ProtocolFactory.create()

    page = Page(nurse_client.get(FIRST))

    marks = told(page)
    assert any(mark.startswith("Months 0 to 60: every 3 months: CT chest+abd") for mark in marks)
    assert any(mark.startswith("CT chest+abdomen: 20 exams, due in months 3, 6") for mark in marks)
    assert any(mark.startswith("Source: Mizoshiri N, et al.") for mark in marks)
    [row] = page.table(under="Over the years")
    assert row["Due in months"].startswith("3, 6, 9, 12")
    counted = [row[f"In {years}"] for years in ("1 year", "2 years", "3 years", "5 years")]
    assert counted == ["4", "8", "12", "20"]


def test_a_draft_without_complete_phases_is_not_drawn_and_said_to_be_so(
    nurse_client: Client,
) -> None:
    load_protocols()
    flawed = next(one for one in Protocol.objects.all() if one.flaw)

    page = Page(nurse_client.get(f"/protocols/{flawed.code}/{flawed.version}/"))
    everyone = Page(nurse_client.get("/protocols/"))

    assert not page.document.select("svg")
    assert str(flawed) in everyone.text("#years + p")


def test_the_list_draws_all_that_are_complete_on_one_axis(nurse_client: Client) -> None:
    load_protocols()

    page = Page(nurse_client.get("/protocols/"))

    complete = [one for one in Protocol.objects.all() if not one.flaw]
    assert len(complete) > 2
    marks = told(page)
    for one in complete:
        assert any(str(one) in mark for mark in marks)
    assert {row["Protocol"] for row in page.table(under="Over the years")} == {
        str(one) for one in complete
    }


# Two protocols compared.


@pytest.fixture
def two() -> list[Protocol]:
    return [ProtocolFactory.create(), HalfYearlyProtocolFactory.create()]


def compared(client: Client, first: str, second: str) -> Page:
    return Page(client.get("/protocols/compare/", {"a": first, "b": second}))


def test_the_list_leads_to_the_comparison_which_begins_empty(
    nurse_client: Client, two: list[Protocol]
) -> None:
    page = Page(nurse_client.get(Page(nurse_client.get("/protocols/")).link("Compare two")))

    assert page.status == 200
    assert not page.document.select("svg, table, .error-summary")
    labels = [text_of(option) for option in page.document.select("#id_a option")]
    assert f"{two[0].title} ({PROTOCOL} version 1, active)" in labels


def test_two_protocols_stand_beside_one_another_with_what_differs(
    nurse_client: Client, two: list[Protocol]
) -> None:
    page = compared(nurse_client, f"{PROTOCOL}-1", f"{HALF_YEARLY}-1")

    [row] = page.table(under="Phases")
    assert row == {
        "Months": "0 to 60",
        f"First: {PROTOCOL} version 1": (
            "Every 3 months: CT chest+abdomen; from 1 month before, overdue 14 days after"
        ),
        f"Second: {HALF_YEARLY} version 1": (
            "Every 6 months: CT chest+abdomen; from 1 month before, overdue 14 days after"
        ),
        "The same?": "Differs",
    }
    counted = {
        (row["Exam"], row["Protocol"].split(":")[0]): [
            row[years] for years in ("1 year", "2 years", "3 years", "5 years", "10 years")
        ]
        for row in page.table(under="How many exams")
    }
    assert counted["All exams", "First"] == ["4", "8", "12", "20", "20"]
    assert counted["All exams", "Second"] == ["2", "4", "6", "10", "10"]
    marks = told(page)
    assert sum(mark.startswith("CT chest+abdomen: ") for mark in marks) == 2


def test_a_protocol_does_not_differ_from_itself(nurse_client: Client, two: list[Protocol]) -> None:
    page = compared(nurse_client, f"{PROTOCOL}-1", f"{PROTOCOL}-1")

    assert "no difference" in page.text()
    assert [row["The same?"] for row in page.table(under="Phases")] == ["The same"]


@pytest.mark.parametrize("named", ["", "nothing", f"{PROTOCOL}-99", PROTOCOL, "é-1"])
def test_a_version_that_there_is_not_is_said_beside_its_field(
    nurse_client: Client, two: list[Protocol], named: str
) -> None:
    page = compared(nurse_client, named, f"{PROTOCOL}-1")

    assert page.status == 200
    assert page.error_beside("a")
    assert not page.error_beside("b")
    assert not page.document.select("svg")


def test_an_incomplete_draft_cannot_be_compared_and_the_reason_is_given(
    nurse_client: Client,
) -> None:
    load_protocols()
    flawed = next(one for one in Protocol.objects.all() if one.flaw)

    page = compared(nurse_client, f"{PROTOCOL}-1", f"{flawed.code}-{flawed.version}")

    assert "cannot be compared as long as its phases are incomplete" in page.error_beside("b")


def test_each_version_leads_to_what_it_changed(nurse_client: Client) -> None:
    first = ProtocolFactory.create()
    [phase] = first.phases
    ProtocolFactory.create(version=2, state="draft", phases=[phase | {"late_after_days": 21}])

    page = Page(nurse_client.get(Page(nurse_client.get(FIRST)).link("Compare with version 2")))

    assert [row["The same?"] for row in page.table(under="Phases")] == ["Differs"]


def test_every_shipped_protocol_can_be_compared_with_every_other(nurse_client: Client) -> None:
    load_protocols()
    complete = [f"{one.code}-{one.version}" for one in Protocol.objects.all() if not one.flaw]

    for name in complete[1:]:
        assert compared(nurse_client, complete[0], name).document.select("svg.pic")
