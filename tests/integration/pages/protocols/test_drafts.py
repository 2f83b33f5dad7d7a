"""A draft of the next version, typed phase by phase."""

from typing import Any

import pytest
from django.test import Client

from schedules.models import Protocol
from surveillance.accounts.models import User
from tests.factories import PROTOCOL
from tests.integration.pages.reading import Page

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
