from datetime import date
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from patients.models import TreatmentKind
from patients.queries import clinic_days
from schedules.actions import book, suspend
from schedules.models import Booking, BookingState, Schedule, ScheduleState, Slot, Suspension
from schedules.queries import to_book
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import (
    BookingFactory,
    ResectionFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    """Its first slot is open from 15 March to 14 June 2026."""
    return ScheduleFactory.create()


def rest(schedule: Schedule, by: User) -> Suspension:
    """Suspend it from 1 April to be reviewed on 1 June 2026."""
    return suspend(
        schedule=schedule,
        reason="Femoral fracture",
        review_on=date(2026, 6, 1),
        by=by,
        at=morning(4, 1),
    )


def test_slots_and_appointments_stay_as_they_are(schedule: Schedule) -> None:
    BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(4, 8))

    rest(schedule, UserFactory.create())

    assert Booking.objects.get().state == BookingState.BOOKED
    assert set(Slot.objects.values_list("outcome", flat=True)) == {Outcome.OPEN}


def test_nothing_of_it_can_be_booked(schedule: Schedule) -> None:
    rest(schedule, UserFactory.create())

    with pytest.raises(ValidationError, match="its schedule suspended"):
        book(
            slot=schedule.slots.get(n=1),
            scanner=ScannerFactory.create(clinic=schedule.tumour.patient.clinic),
            starts_at=morning(4, 8),
            by=UserFactory.create(),
            at=morning(4, 2),
        )


@pytest.mark.parametrize("kind", [TreatmentKind.CHEMOTHERAPY, TreatmentKind.RADIOTHERAPY])
def test_chemotherapy_or_radiotherapy_alone_suspends_nothing(
    schedule: Schedule, kind: TreatmentKind
) -> None:
    ResectionFactory.create(tumour=schedule.tumour, kind=kind, on=date(2026, 4, 1))

    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.ACTIVE
    assert to_book(clinic_days([schedule.tumour.patient.clinic], on=date(2026, 4, 2))).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_suspend_at_once_one_is_refused() -> None:
    schedule = ScheduleFactory.create()
    clinicians = UserFactory.create_batch(2)

    outcomes = at_once(
        [partial(rest, Schedule.objects.get(pk=schedule.pk), by) for by in clinicians]
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["Suspension", "ValidationError"]


def test_the_database_refuses_a_review_that_is_not_to_come(schedule: Schedule) -> None:
    first = rest(schedule, UserFactory.create())

    with pytest.raises(IntegrityError, match="suspension_has_a_review_to_come"):
        Suspension.objects.update(review_on=first.from_on)


def test_a_suspension_and_its_audit_are_undone_together(schedule: Schedule) -> None:
    with transaction.atomic():
        rest(schedule, UserFactory.create())
        assert Event.objects.get(act="schedule.suspended").detail == {
            "schedule": str(schedule.public_id),
            "reason": "Femoral fracture",
            "review_on": "2026-06-01",
        }
        transaction.set_rollback(True)

    assert not Suspension.objects.exists()
    assert not Event.objects.filter(act="schedule.suspended").exists()
