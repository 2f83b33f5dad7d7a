"""Tokens are made within bounds, and each clinic that they reach hears of it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from patients.api.tokens import MOST, make_token, revoke_token
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.api.models import Token
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, MembershipFactory
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db


def test_it_reaches_no_further_than_its_owner(nurse: User) -> None:
    with pytest.raises(ValidationError) as refused:
        make_token(name="x", acts=[Act.BOOK, Act.REVIEW], days=1, by=nurse)
    assert refused.value.message_dict == {
        "acts": ["You may not do this yourself: review overdue slots."]
    }
    for told, field in (
        ({"acts": []}, "acts"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
    ):
        with pytest.raises(ValidationError) as refused:
            make_token(**{"name": "x", "acts": [Act.BOOK], "days": 1} | told, by=nurse)  # type: ignore[arg-type]
        assert list(refused.value.message_dict) == [field]
    assert not Token.kept.exists()


def test_names_are_told_apart_and_their_number_is_bounded(nurse: User) -> None:
    for number in range(MOST):
        make_token(name=f"no. {number}", acts=[Act.BOOK], days=1, by=nurse)
    with pytest.raises(ValidationError, match="revoke one first"):
        make_token(name="one more", acts=[Act.BOOK], days=1, by=nurse)
    Token.kept.filter(name="no. 1").delete()
    with pytest.raises(ValidationError, match="of this name"):
        make_token(name="no. 2", acts=[Act.BOOK], days=1, by=nurse)


def test_every_clinic_of_its_owner_hears_of_it(clinic: Clinic, nurse: User) -> None:
    other = MembershipFactory.create(user=nurse, role=Role.NURSE).clinic

    token, text = make_token(name="x", acts=[Act.BOOK], days=1, by=nurse)
    revoke_token(token=token, by=nurse)

    told = Event.objects.filter(act__in=["token.made", "token.revoked"])
    assert sorted((event.act, event.clinic_code) for event in told) == sorted(
        (act, code) for act in ("token.made", "token.revoked") for code in (clinic.code, other.code)
    )
    assert text not in str(list(told.values()))


def test_who_keeps_a_clinic_ends_its_members_tokens_and_no_others(
    clinic: Clinic, nurse: User, program_of: Callable[..., Client]
) -> None:
    administrator = Client()
    administrator.force_login(MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user)
    stranger = MembershipFactory.create(clinic=ClinicFactory.create(), role=Role.NURSE).user
    program = program_of(nurse)
    program_of(stranger)
    theirs, of_stranger = Token.kept.get(user=nurse), Token.kept.get(user=stranger)

    [row] = Page(administrator.get("/tokens/")).table("Tokens of your members")
    assert row["Of"] == str(nurse)
    for token in (theirs, of_stranger):
        administrator.post(f"/tokens/{token.public_id}/revoke/")

    assert list(Token.kept.all()) == [of_stranger]
    assert program.get("/api/v1/patients/").status_code == 401


def test_who_leaves_a_clinic_leaves_with_the_token(
    clinic: Clinic, nurse: User, nurses_program: Client
) -> None:
    assert nurses_program.get("/api/v1/patients/").status_code == 200
    nurse.memberships.all().delete()
    assert nurses_program.get("/api/v1/patients/").status_code == 403
