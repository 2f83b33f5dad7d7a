"""A protocol that ships, the next version as a draft, and as it is once signed."""

import pytest

from schedules.actions import activate_protocol, draft_protocol
from schedules.models import Protocol
from surveillance.accounts.models import User
from tests.factories import ProtocolFactory, UserFactory


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
