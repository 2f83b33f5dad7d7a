"""A protocol in use, who drafts and who signs a version of it, and a follow-up by it."""

from collections.abc import Callable
from typing import Any

import pytest

from patients.models import Clinic
from schedules.actions import activate_protocol, draft_protocol
from schedules.models import Protocol, Schedule
from surveillance.accounts.models import User
from tests.factories import ClinicFactory, ProtocolFactory, ScheduleFactory, UserFactory
from tests.integration.schedules.protocols.versions import TODAY, travel


@pytest.fixture
def author() -> User:
    return UserFactory.create(first_name="Ada", last_name="Author")


@pytest.fixture
def signer() -> User:
    return UserFactory.create(first_name="Sigrid", last_name="Signer")


@pytest.fixture
def shipped() -> Protocol:
    return ProtocolFactory.create()


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic where it is 20 March 2026: the first window of a schedule is open."""
    travel(monkeypatch, TODAY)
    return ClinicFactory.create()


@pytest.fixture
def schedule(clinic: Clinic, shipped: Protocol) -> Schedule:
    """On version 1, from the resection of 15 January 2026."""
    return ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)


@pytest.fixture
def activate(shipped: Protocol, author: User, signer: User) -> Callable[..., Protocol]:
    """Draft, sign and return a version with other phases."""

    def do(*phases: dict[str, Any]) -> Protocol:
        draft = draft_protocol(based_on=shipped, by=author, phases=list(phases))
        activate_protocol(protocol=draft, by=signer)
        return Protocol.objects.get(pk=draft.pk)

    return do
