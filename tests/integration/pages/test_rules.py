"""The rules of a clinic in words; switching them, and adding one."""

from functools import partial

import pytest
from django.test import Client

from patients.models import Clinic
from reminders.actions import add_rule
from reminders.models import Audience, Kind, RelativeTo, Rule
from reminders.rules import give_defaults, why_not
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, UserFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in
from tests.threads import at_once

pytestmark = pytest.mark.django_db

RULES = "/rules/"


@pytest.fixture(autouse=True)
def default_rules(clinic: Clinic) -> None:
    give_defaults([clinic])


def add(client: Client, clinic: Clinic, **changes: str) -> Page:
    form = {
        "clinic": str(clinic.pk),
        "kind": "overdue",
        "days": "3",
        "side": "after",
        "relative_to": "latest",
        "repeat_days": "",
        "audience": "lead",
        "how": "morning",
    }
    return Page(client.post(RULES, form | changes, follow=True))


def test_the_rules_are_told_in_words(administrator_client: Client, clinic: Clinic) -> None:
    page = Page(administrator_client.get(RULES))

    told = [(row["What"], row["When"], row["Who is told"], row["How"]) for row in page.table()]
    assert len(told) == 12
    gathered = "By mail, on the next working morning, gathered"
    assert told[:2] == [
        ("Exam to be booked", "6 days before the window opens", "The nurses", gathered),
        (
            "Exam to be booked",
            "On the due date and again every 7 days while it stays true",
            "The nurses",
            gathered,
        ),
    ]
    assert (
        "Appointment ahead",
        "1 day before the appointment",
        "The patient, who agreed to it",
        "As the patient chose, at once, while the clinic is open",
    ) in told
    assert (
        "Result not reviewed",
        "1 day after the result was recorded",
        "The responsible clinician",
        gathered,
    ) in told


def test_the_hours_and_the_holidays_are_told(administrator_client: Client, clinic: Clinic) -> None:
    facts = Page(administrator_client.get(RULES)).text(".facts")
    assert "Nothing is sent from 19:00 to 08:00, Asia/Tokyo" in facts
    assert "None are kept: the clinic names no country." in facts

    clinic.country = "JP"
    clinic.lead = member(clinic, Role.CLINICIAN, "Lea Lead")
    clinic.save()

    facts = Page(administrator_client.get(RULES)).text(".facts")
    assert "Nothing is sent on the public holidays of JP." in facts
    assert "Lead: Lea Lead." in facts


def test_a_rule_is_switched_off_and_on(administrator_client: Client, clinic: Clinic) -> None:
    for label, active in (("off", False), ("on", True)):
        form = Page(administrator_client.get(RULES)).find("table form")
        button = form.select_one("button")
        assert button is not None
        page = Page(
            administrator_client.post(
                str(form["action"]), {str(button["name"]): "yes"}, follow=True
            )
        )

        assert page.messages[0].endswith(f"It is switched {label}.")
        assert page.table()[0]["State"] == label.capitalize()
        assert Rule.objects.filter(clinic=clinic, active=False).exists() is not active
        assert Event.objects.filter(act=f"rule.switched_{label}").count() == 1


def test_a_rule_is_added(administrator_client: Client, clinic: Clinic) -> None:
    page = add(
        administrator_client,
        clinic,
        kind="to_book",
        days="3",
        side="before",
        relative_to="due",
        repeat_days="2",
        audience="clinic",
        how="any_hour",
    )

    assert page.messages == [f"{clinic}: added. The next sweep says what is true of it."]
    rule = Rule.objects.get(audience=Audience.CLINIC, kind=Kind.TO_BOOK)
    assert (rule.days, rule.relative_to, rule.repeat_days) == (-3, RelativeTo.DUE, 2)
    assert (rule.by_mail, rule.digest, rule.any_hour, rule.active) == (True, False, True, True)
    assert Event.objects.get(act="rule.added").clinic_code == clinic.code


def test_a_rule_can_stand_in_the_inbox_alone(administrator_client: Client, clinic: Clinic) -> None:
    page = add(administrator_client, clinic, how="inbox")

    [row] = [row for row in page.table() if row["When"] == "3 days after the last day on time"]
    assert row["How"] == "In the inbox alone"


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        (
            {"kind": "result", "relative_to": "due"},
            "relative_to",
            "“Result not reviewed” counts from “the result was recorded”.",
        ),
        (
            {"kind": "overdue", "relative_to": "due"},
            "relative_to",
            "“Exam overdue” counts from “the last day on time”.",
        ),
        (
            {"kind": "appointment", "relative_to": "appointment"},
            "days",
            "Of an appointment ahead people are told before its day, or on it.",
        ),
        ({"side": "before"}, "days", "“Exam overdue” can be told only after that date."),
        (
            {"audience": "patient"},
            "audience",
            "Patients hear of “Exam to be booked” and “Appointment ahead” alone: no message names "
            "a result.",
        ),
        (
            {"kind": "to_book", "audience": "patient", "how": "inbox"},
            "how",
            "A patient has no inbox here: choose a message.",
        ),
        ({"days": "-1"}, "days", "Ensure this value is greater than or equal to 0."),
        ({"days": "40000"}, "days", "Ensure this value is less than or equal to 365."),
        ({"repeat_days": "0"}, "repeat_days", "Ensure this value is greater than or equal to 1."),
        (
            {"days": "1", "audience": "responsible"},
            "days",
            "The clinic has this rule already; it can be switched on and off above.",
        ),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    administrator_client: Client, clinic: Clinic, changes: dict[str, str], field: str, error: str
) -> None:
    page = add(administrator_client, clinic, **changes)

    assert page.title.startswith("Error: ")
    assert page.error_beside(field) == error
    assert Rule.objects.filter(clinic=clinic).count() == 12


def test_of_another_clinic_no_rule_is_seen_or_added(
    administrator_client: Client, clinic: Clinic
) -> None:
    elsewhere = ClinicFactory.create()
    give_defaults([elsewhere])

    page = add(administrator_client, elsewhere)

    assert "not one of the available choices" in page.error_beside("clinic")
    assert len(page.document.select("section")) == 1


def test_a_clinic_whose_first_rule_is_added_by_hand_has_the_defaults_too(
    administrator_client: Client, clinic: Clinic
) -> None:
    Rule.objects.filter(clinic=clinic).delete()

    add(administrator_client, clinic)

    assert Rule.objects.filter(clinic=clinic).count() == 13


def test_every_rule_of_the_defaults_makes_sense(clinic: Clinic) -> None:
    assert [why_not(rule) for rule in Rule.objects.filter(clinic=clinic)] == [{}] * 12


def test_who_keeps_two_clinics_sees_both(clinic: Clinic) -> None:
    user = member(clinic, Role.ADMINISTRATOR)
    another = ClinicFactory.create()
    user.memberships.create(clinic=another, role=Role.ADMINISTRATOR)

    page = Page(signed_in(user).get(RULES))

    assert len(page.document.select("section")) == 2
    assert page.text(".empty").startswith("No rule yet")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_the_same_rule_at_once_one_is_refused(clinic: Clinic) -> None:
    added = partial(
        add_rule,
        clinic=clinic,
        kind=Kind.TO_BOOK,
        relative_to=RelativeTo.DUE,
        days=-3,
        audience=Audience.CLINIC,
    )

    ended = at_once([partial(added, by=by) for by in UserFactory.create_batch(2)])

    assert sorted(type(one).__name__ for one in ended) == ["Rule", "ValidationError"]
    assert Event.objects.filter(act="rule.added").count() == 1
