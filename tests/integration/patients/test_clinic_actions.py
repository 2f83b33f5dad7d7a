"""What administrators do to a clinic: its facts, its members, the days on which it closes."""

from datetime import date, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from patients.clinic_actions import (
    add_member,
    change_clinic,
    change_role,
    close_on,
    mark_of,
    open_on,
    remove_member,
)
from patients.models import Clinic, ClosedDay
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, MembershipFactory, UserFactory, morning
from tests.threads import at_once

pytestmark = pytest.mark.django_db
CHRISTMAS = date(2026, 12, 25)


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def administrator(clinic: Clinic) -> User:
    return MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user


def test_a_changed_fact_is_in_the_audit_with_before_and_after(
    clinic: Clinic, administrator: User
) -> None:
    change_clinic(
        clinic=clinic, seen=mark_of(clinic), phone="+81 3 1234", country="JP", by=administrator
    )

    clinic.refresh_from_db()
    assert (clinic.phone, clinic.country) == ("+81 3 1234", "JP")
    event = Event.objects.get(act="clinic.changed")
    assert event.detail == {
        "before": {"phone": "", "country": ""},
        "after": {"phone": "+81 3 1234", "country": "JP"},
    }


def test_nothing_changed_is_no_event(clinic: Clinic, administrator: User) -> None:
    change_clinic(clinic=clinic, seen=mark_of(clinic), name=clinic.name, by=administrator)

    assert not Event.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    clinic: Clinic, administrator: User
) -> None:
    seen = mark_of(clinic)
    change_clinic(clinic=clinic, seen=seen, phone="1", by=administrator)

    with pytest.raises(ValidationError, match=f"{administrator} has changed this clinic"):
        change_clinic(clinic=clinic, seen=seen, phone="2", by=administrator)

    clinic.refresh_from_db()
    assert clinic.phone == "1"


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("time_zone", {"time_zone": "Tokyo"}),
        ("country", {"country": "XX"}),
        ("region", {"country": "JP", "region": "BY"}),
        ("closes_at", {"opens_at": time(20)}),
        ("alert_email", {"alert_email": "nobody"}),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    clinic: Clinic, administrator: User, field: str, told: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError) as refused:
        change_clinic(clinic=clinic, seen=mark_of(clinic), by=administrator, **told)

    assert field in refused.value.error_dict


def test_only_a_member_can_be_the_lead(clinic: Clinic, administrator: User) -> None:
    with pytest.raises(ValidationError) as refused:
        change_clinic(
            clinic=clinic, seen=mark_of(clinic), lead=UserFactory.create(), by=administrator
        )

    assert "lead" in refused.value.error_dict


def test_a_member_is_added_by_username_and_the_role_changed_and_taken_away(
    clinic: Clinic, administrator: User
) -> None:
    nora = UserFactory.create(username="nora")

    membership = add_member(clinic=clinic, username="nora", role=Role.NURSE, by=administrator)
    change_role(membership=membership, role=Role.CLINICIAN, seen=Role.NURSE, by=administrator)
    remove_member(membership=membership, by=administrator)

    assert not clinic.memberships.filter(user=nora).exists()
    events = Event.objects.order_by("id").values_list("act", "detail__before", "detail__after")
    assert list(events) == [
        ("member.added", None, "nurse"),
        ("member.role_changed", "nurse", "clinician"),
        ("member.removed", "clinician", None),
    ]


def test_who_has_no_account_or_a_closed_one_or_is_a_member_cannot_be_added(
    clinic: Clinic, administrator: User
) -> None:
    UserFactory.create(username="gone", is_active=False)
    member = MembershipFactory.create(clinic=clinic).user

    for username in ("nobody", "gone", member.username):
        with pytest.raises(ValidationError) as refused:
            add_member(clinic=clinic, username=username, role=Role.NURSE, by=administrator)
        assert "username" in refused.value.error_dict


def test_nobody_changes_or_removes_themselves(clinic: Clinic, administrator: User) -> None:
    MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR)
    own = clinic.memberships.get(user=administrator)

    with pytest.raises(ValidationError, match="Another administrator"):
        remove_member(membership=own, by=administrator)
    with pytest.raises(ValidationError, match="Another administrator"):
        change_role(membership=own, role=Role.NURSE, seen=own.role, by=administrator)


def test_the_last_administrator_stays(clinic: Clinic, administrator: User) -> None:
    own = clinic.memberships.get(user=administrator)
    MembershipFactory.create(
        clinic=clinic, role=Role.ADMINISTRATOR, user=UserFactory.create(is_active=False)
    )
    other = UserFactory.create()  # was an administrator a moment ago

    with pytest.raises(ValidationError, match="last administrator"):
        remove_member(membership=own, by=other)
    with pytest.raises(ValidationError, match="last administrator"):
        change_role(membership=own, role=Role.NURSE, seen=own.role, by=other)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_leave_one(
    clinic: Clinic, administrator: User
) -> None:
    own = clinic.memberships.get(user=administrator)
    other = MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR)

    at_once(
        [
            lambda: remove_member(membership=own, by=other.user),
            lambda: remove_member(membership=other, by=administrator),
        ]
    )

    assert clinic.memberships.filter(role=Role.ADMINISTRATOR).count() == 1


def test_a_role_that_somebody_else_changed_is_not_overwritten(
    clinic: Clinic, administrator: User
) -> None:
    membership = MembershipFactory.create(clinic=clinic, role=Role.CLINICIAN)

    with pytest.raises(ValidationError) as refused:
        change_role(
            membership=membership, role=Role.ADMINISTRATOR, seen=Role.NURSE, by=administrator
        )

    assert "role" in refused.value.error_dict


def test_the_lead_is_not_removed(clinic: Clinic, administrator: User) -> None:
    membership = MembershipFactory.create(clinic=clinic, role=Role.CLINICIAN)
    clinic.lead = membership.user
    clinic.save()

    with pytest.raises(ValidationError, match="lead"):
        remove_member(membership=membership, by=administrator)


def test_a_closed_day_is_a_holiday_until_it_is_opened_again(
    clinic: Clinic, administrator: User
) -> None:
    closed = close_on(
        clinic=clinic, on=CHRISTMAS, reason="Christmas", by=administrator, at=morning(12, 1)
    )
    assert Clinic.objects.get().holiday_on(CHRISTMAS) == "Christmas"
    assert Clinic.objects.get().holiday_on(CHRISTMAS + timedelta(days=1)) == ""

    open_on(closed=closed, by=administrator, at=morning(12, 2))

    assert Clinic.objects.get().holiday_on(CHRISTMAS) == ""
    assert [event.act for event in Event.objects.order_by("id")] == [
        "clinic.closed_on",
        "clinic.opened_on",
    ]


def test_a_day_is_closed_once_and_not_afterwards(clinic: Clinic, administrator: User) -> None:
    close_on(clinic=clinic, on=CHRISTMAS, reason="1", by=administrator, at=morning(12, 1))

    for at in (morning(12, 1), morning(12, 26)):
        with pytest.raises(ValidationError) as refused:
            close_on(clinic=clinic, on=CHRISTMAS, reason="2", by=administrator, at=at)
        assert "on" in refused.value.error_dict


def test_a_public_holiday_need_not_be_closed(clinic: Clinic, administrator: User) -> None:
    clinic.country = "JP"
    clinic.save()

    with pytest.raises(ValidationError, match="closed on that day already"):
        close_on(
            clinic=clinic, on=date(2026, 11, 3), reason="x", by=administrator, at=morning(10, 1)
        )


def test_a_closed_day_that_has_passed_stays_on_record(clinic: Clinic, administrator: User) -> None:
    closed = close_on(clinic=clinic, on=CHRISTMAS, reason="1", by=administrator, at=morning(12, 1))

    with pytest.raises(ValidationError, match="has passed"):
        open_on(closed=closed, by=administrator, at=morning(12, 26))

    assert ClosedDay.objects.exists()


def test_the_command_enters_a_clinic_with_its_first_administrator() -> None:
    ada = UserFactory.create(username="ada", email="ada@example.org")

    call_command("create_clinic", *ASKED, "--administrator", "ada", stdout=StringIO())

    clinic = Clinic.objects.get(code="sarcoma")
    assert clinic.memberships.get().user == ada
    assert clinic.memberships.get().role == Role.ADMINISTRATOR
    assert clinic.alert_email == "ada@example.org"
    assert Event.objects.get(act="clinic.created").by_name == "manage.py create_clinic"


ASKED = (
    *("--code", "sarcoma", "--name", "Sarcoma clinic"),
    *("--time-zone", "Asia/Tokyo", "--mrn-issuer", "our-hospital"),
)


def test_the_command_says_what_is_wrong() -> None:
    UserFactory.create(username="ada", email="ada@example.org")
    UserFactory.create(username="silent")

    with pytest.raises(CommandError, match="Nobody signs in as “nobody”"):
        call_command("create_clinic", *ASKED, "--administrator", "nobody")
    with pytest.raises(CommandError, match="--email"):
        call_command("create_clinic", *ASKED, "--administrator", "silent")
    with pytest.raises(CommandError, match="time_zone: “Tokyo”"):
        call_command("create_clinic", *ASKED, "--time-zone", "Tokyo", "--administrator", "ada")
