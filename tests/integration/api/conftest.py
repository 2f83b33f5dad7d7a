"""Programs that ask the API."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.api.models import Token
from tests.factories import ClinicFactory, MembershipFactory
from tests.integration.api.described import Program


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def nurse(clinic: Clinic) -> User:
    return MembershipFactory.create(clinic=clinic, role=Role.NURSE).user


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return MembershipFactory.create(clinic=clinic, role=Role.CLINICIAN).user


@pytest.fixture
def program_of() -> Callable[..., Program]:
    """Give a program that signs in by a token of a person."""

    def make(user: User, *acts: Act, read_only: bool = False) -> Program:
        _, token = Token.objects.create(
            user,
            expiry=timedelta(days=1),
            name=f"Program {uuid4()}",
            acts=list(acts or Act),
            read_only=read_only,
        )
        return Program(headers={"authorization": f"Token {token}"})

    return make


@pytest.fixture
def nurses_program(program_of: Callable[..., Program], nurse: User) -> Program:
    return program_of(nurse)


@pytest.fixture
def clinicians_program(program_of: Callable[..., Program], clinician: User) -> Program:
    return program_of(clinician)
