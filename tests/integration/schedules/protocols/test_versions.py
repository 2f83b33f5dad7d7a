"""A version in use never changes, and serves its schedules on after it is retired."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from patients.queries import clinic_days
from schedules.actions import draft_protocol
from schedules.models import Protocol, ProtocolState, Schedule, ScheduleState
from schedules.queries import to_book
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from tests.factories import ProtocolFactory, ScheduleFactory
from tests.integration.schedules.protocols.versions import TODAY, phase, scan

pytestmark = pytest.mark.django_db


# What is or was in use never changes.


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Another"),
        ("phases", [phase(every_months=6)]),
        ("note", ""),
        ("version", 9),
        ("state", ProtocolState.DRAFT),
    ],
)
def test_a_version_in_use_cannot_be_changed_by_any_model(
    state: ProtocolState, field: str, value: Any
) -> None:
    protocol = ProtocolFactory.create(state=state)
    setattr(protocol, field, value)

    with pytest.raises(IntegrityError, match=f"version 1 is {state}: a change is a new version"):
        protocol.save()


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schedules_protocol SET title = 'Another'",
        "UPDATE schedules_protocol SET state = 'draft'",
        "UPDATE schedules_protocol SET state = 'retired', title = 'Another'",
        "DELETE FROM schedules_protocol",
    ],
)
def test_a_version_in_use_cannot_be_changed_or_deleted_by_sql(
    state: ProtocolState, statement: str
) -> None:
    ProtocolFactory.create(state=state)

    with (
        pytest.raises(IntegrityError, match=f"version 1 is {state}"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert Protocol.objects.get().state == state


def test_a_retired_version_cannot_come_back() -> None:
    ProtocolFactory.create(state=ProtocolState.RETIRED)

    with pytest.raises(IntegrityError, match="is retired: a change is a new version"):
        Protocol.objects.update(state=ProtocolState.ACTIVE)


def test_an_active_version_can_be_retired_and_a_draft_can_change_and_go(
    shipped: Protocol, author: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    Protocol.objects.filter(pk=shipped.pk).update(state=ProtocolState.RETIRED)
    Protocol.objects.filter(pk=draft.pk).update(title="Another")
    Protocol.objects.get(pk=draft.pk).delete()

    assert Protocol.objects.get().state == ProtocolState.RETIRED


def test_the_database_refuses_a_second_active_version(shipped: Protocol) -> None:
    with pytest.raises(IntegrityError, match="one_active_version_per_code"):
        ProtocolFactory.create(version=2)


@pytest.mark.parametrize("is_drafted", [True, False])
def test_the_database_refuses_a_signature_without_a_second_person(
    author: User, is_drafted: bool
) -> None:
    with pytest.raises(IntegrityError, match="signed_by_a_second_person"):
        ProtocolFactory.create(drafted_by=author if is_drafted else None, signed_by=author)


# Retired versions serve on.


def test_a_retired_version_serves_its_schedules_and_new_ones_take_the_active_one(
    schedule: Schedule, activate: Callable[..., Protocol]
) -> None:
    new = activate(phase(every_months=6))

    schedule.refresh_from_db()
    assert (schedule.state, schedule.protocol.state) == (
        ScheduleState.ACTIVE,
        ProtocolState.RETIRED,
    )
    first = schedule.slots.get(n=1)
    assert list(to_book(clinic_days([schedule.tumour.patient.clinic], on=TODAY))) == [first]
    scan(schedule, on=date(2026, 4, 10))
    first.refresh_from_db()
    assert first.outcome == Outcome.SATISFIED
    with pytest.raises(ValidationError, match="Only an active protocol"):
        ScheduleFactory.create(protocol=schedule.protocol)
    assert ScheduleFactory.create(protocol=new).slots.get(n=1).due_on == date(2026, 7, 15)
