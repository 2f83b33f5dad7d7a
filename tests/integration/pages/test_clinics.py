"""The pages on which administrators keep their clinics."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from patients.clinic_actions import close_on
from patients.models import Clinic
from schedules.actions import use_scanner
from schedules.models import Scanner
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, MembershipFactory, ScannerFactory, UserFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, moment, slot_due_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(clinic: Clinic) -> str:
    return f"/administration/{clinic.code}/"


def sent(client: Client, address: str, **told: str) -> Page:
    return Page(client.post(address, told, follow=True))


def facts_of(client: Client, desk: str) -> dict[str, str]:
    """What the form of the facts would send if it were saved as it is."""
    form = Page(client.get(f"{desk}facts/")).find("form.narrow")
    told = {str(f["name"]): str(f.get("value", "")) for f in form.select("input")}
    for field in form.select("select"):
        chosen = field.select_one("option[selected]")
        told[str(field["name"])] = str(chosen["value"]) if chosen else ""
    return told


def test_only_ones_own_clinics_are_listed(administrator_client: Client, clinic: Clinic) -> None:
    MembershipFactory.create(role=Role.ADMINISTRATOR)
    ScannerFactory.create(clinic=clinic)

    page = Page(administrator_client.get("/administration/"))

    [row] = page.table()
    assert row["Clinic"] == f"{clinic} {clinic.code}"
    assert (row["Members"], row["Scanners in use"]) == ("1", "1")
    assert page.link(clinic.name) == f"/administration/{clinic.code}/"


def test_the_facts_are_changed_and_said(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    told = facts_of(administrator_client, desk)

    page = sent(administrator_client, f"{desk}facts/", **{**told, "phone": "+81 3 9"})

    assert page.messages == [f"{clinic}: saved."]
    assert "+81 3 9" in page.text(".facts")


def test_what_is_mistyped_in_the_facts_is_said_beside_its_field(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    told = facts_of(administrator_client, desk)

    page = sent(administrator_client, f"{desk}facts/", **{**told, "country": "XX", "name": ""})

    assert page.error_beside("name")
    page = sent(administrator_client, f"{desk}facts/", **{**told, "country": "XX"})
    assert "XX" in page.error_beside("country")
    assert page.error_summary


def test_a_change_by_somebody_else_is_shown_and_can_be_overruled_knowingly(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    told = facts_of(administrator_client, desk)
    clinic.phone = "theirs"
    clinic.save()

    page = sent(administrator_client, f"{desk}facts/", **{**told, "phone": "mine"})

    assert "Somebody else has changed this clinic" in page.error_summary[0]
    assert "theirs" in page.text(".facts")
    assert page.find("[name=phone]")["value"] == "mine"
    again = {**told, "phone": "mine", "seen": str(page.find("[name=seen]")["value"])}
    assert sent(administrator_client, f"{desk}facts/", **again).messages == [f"{clinic}: saved."]


def test_a_member_is_added_changed_and_removed(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    nora = UserFactory.create(username="nora", first_name="Nora", last_name="Nurse")

    page = sent(administrator_client, desk, add_member="yes", username="nora", role="nurse")
    assert page.messages == [f"Nora Nurse is a member of {clinic} now."]
    key = str(nora.public_id)
    page = sent(administrator_client, desk, change_role=key, role="clinician", seen="nurse")
    assert page.messages == ["Nora Nurse: the role is clinician now."]
    page = sent(administrator_client, desk, remove_member=key)
    assert page.messages == ["Nora Nurse is no member any more."]
    assert len(page.table("Members")) == 1


def test_an_unknown_username_is_said_beside_its_field_and_the_form_stays_open(
    administrator_client: Client, desk: str
) -> None:
    page = sent(administrator_client, desk, add_member="yes", username="nobody", role="nurse")

    assert page.error_beside("username") == "Nobody signs in as “nobody”."
    assert page.error_summary == ["Username: Nobody signs in as “nobody”."]
    assert page.title.startswith("Error:")
    assert page.find("details[open] [name=username]")["value"] == "nobody"


def test_a_role_changed_meanwhile_is_said_in_its_row(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    other = member(clinic, Role.CLINICIAN, "Carl Clinician")

    page = sent(
        administrator_client,
        desk,
        change_role=str(other.public_id),
        role="administrator",
        seen="nurse",
    )

    assert "meanwhile: the role is clinician now" in page.text("details[open] .field-error")
    assert clinic.memberships.get(user=other).role == Role.CLINICIAN


def test_ones_own_row_has_no_buttons_and_the_last_administrator_stays(
    administrator_client: Client, administrator: User, clinic: Clinic, desk: str
) -> None:
    page = sent(administrator_client, desk, remove_member=str(administrator.public_id))

    assert page.error_summary == ["Another administrator must do this to your own place."]
    assert "You: another administrator changes this" in page.text()
    assert clinic.memberships.filter(user=administrator).exists()


def test_a_member_or_scanner_of_another_clinic_is_not_found(
    administrator_client: Client, desk: str
) -> None:
    foreign = MembershipFactory.create().user
    scanner = ScannerFactory.create()

    for told in (
        {"remove_member": str(foreign.public_id)},
        {"use_scanner": str(scanner.public_id)},
        {"remove_member": "nonsense"},
    ):
        assert administrator_client.post(desk, told).status_code == 404


def test_a_scanner_is_added_renamed_and_taken_out_of_use(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    page = sent(administrator_client, desk, add_scanner="yes", name="CT X", minutes="20")
    assert page.messages == ["CT X is added."]
    key = str(clinic.scanners.get().public_id)
    page = sent(
        administrator_client, desk, change_scanner=key, name="CT Y", minutes="25", seen="20 CT X"
    )
    assert page.messages == ["CT Y is saved."]
    page = sent(administrator_client, desk, use_scanner=key)
    assert page.messages == ["CT Y is out of use."]
    [row] = page.table("Scanners")
    assert (row["An appointment takes"], row["State"]) == ("25 minutes", "Out of use")
    page = sent(administrator_client, desk, use_scanner=key, in_use="yes")
    assert page.messages == ["CT Y is in use again."]


def test_a_scanners_name_that_is_taken_is_said_in_its_row(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    ScannerFactory.create(clinic=clinic, name="CT A")
    other = ScannerFactory.create(clinic=clinic, name="CT B")

    page = sent(
        administrator_client,
        desk,
        change_scanner=str(other.public_id),
        name="CT A",
        minutes="30",
        seen="30 CT B",
    )

    assert "There is a scanner “CT A” already." in page.text("details[open] .field-error")


def test_how_many_appointments_stand_is_said_when_a_scanner_or_a_day_goes(
    administrator_client: Client, clinic: Clinic, scanner: Scanner, desk: str
) -> None:
    starts_at = moment(clinic, 5)
    BookingFactory.create(
        slot=slot_due_in(0, clinic), scanner=scanner, starts_at=starts_at, at=moment(clinic, -2)
    )
    day = (clinic.today() + timedelta(days=5)).isoformat()

    closed = sent(administrator_client, desk, close_on="yes", on=day, reason="Maintenance")
    out = sent(administrator_client, desk, use_scanner=str(scanner.public_id))

    assert "1 appointment on that day stands" in closed.messages[0]
    assert "1 appointment ahead on it stands" in out.messages[0]


def test_a_day_is_closed_and_opened_again(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    day = clinic.today() + timedelta(days=40)
    page = sent(
        administrator_client, desk, close_on="yes", on=day.isoformat(), reason="Foundation day"
    )
    [row] = page.table("Days without work")
    assert row["Reason"] == "Foundation day"
    closed = clinic.closed_days.get()

    page = sent(administrator_client, desk, open_on=str(closed.public_id))

    assert page.table("Days without work") == []
    assert "The clinic closes on no day of its own." in page.text()


def test_a_day_that_has_passed_is_refused_beside_its_field(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    day = clinic.today() - timedelta(days=1)

    page = sent(administrator_client, desk, close_on="yes", on=day.isoformat(), reason="x")

    assert page.error_beside("on").endswith("This day has passed.")


def test_the_public_holidays_of_two_years_are_listed(
    administrator_client: Client, clinic: Clinic, desk: str
) -> None:
    assert "Public holidays" not in Page(administrator_client.get(desk)).text()
    clinic.country = "JP"
    clinic.save()

    page = Page(administrator_client.get(desk))

    year = clinic.today().year
    assert f"Public holidays of {year}" in page.text()
    assert f"Public holidays of {year + 1}" in page.text()
    assert len(page.document.select(".holidays li")) > 30


def test_thirty_rows_cost_as_many_queries_as_three(
    administrator_client: Client,
    administrator: User,
    clinic: Clinic,
    desk: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(30):
        MembershipFactory.create(clinic=clinic)
        use_scanner(scanner=ScannerFactory.create(clinic=clinic), in_use=n > 3, by=administrator)
        close_on(
            clinic=clinic,
            on=clinic.today() + timedelta(days=n),
            reason="x",
            by=administrator,
        )

    with django_assert_max_num_queries(16):
        administrator_client.get(desk)
