"""Who is looked at again: everybody of whom something changed, whoever changed it."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import connection, transaction

from patients.models import Patient
from reminders.actions import sweep
from reminders.models import Notice, Rule, Watch
from reminders.models.watch import AT_ONCE
from schedules.actions import (
    end,
    move_booking,
    record_result,
    record_study,
    review,
    suspend,
    undo_review,
)
from schedules.models import BookingState, Decision, EndReason, ResultOutcome, Slot
from tests.factories import BookingFactory, PatientFactory, ScheduleFactory, UserFactory, morning
from tests.integration.reminders.days import moment
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def slot() -> Slot:
    """Looked at on 30 April 2026, its first day overdue."""
    slot = ScheduleFactory.create().slots.get(n=1)
    sweep(at=morning(4, 30))
    return slot


def looked_for(slot: Slot) -> datetime | None:
    return Watch.objects.get(patient=slot.patient).look_at


def changes() -> dict[str, Callable[[Slot], object]]:
    by = UserFactory.create
    return {
        "booked": lambda slot: BookingFactory.create(
            slot=slot, starts_at=morning(5, 8), at=morning(4, 30)
        ),
        "decided": lambda slot: review(
            slot=slot, decision=Decision.CHASE, by=by(), at=morning(4, 30)
        ),
        "suspended": lambda slot: suspend(
            schedule=slot.schedule,
            reason="Rest",
            review_on=date(2026, 9, 1),
            by=by(),
            at=morning(4, 30),
        ),
        "ended": lambda slot: end(
            schedule=slot.schedule, end_reason=EndReason.DECLINED, by=by(), at=morning(4, 30)
        ),
        "scanned": lambda slot: record_study(
            patient=slot.patient,
            modality="CT",
            performed_on=date(2026, 4, 30),
            regions=["chest", "abdomen"],
            by=by(),
            at=morning(4, 30),
        ),
        "a correction": lambda slot: slot.patient.save(),
        "by hand": lambda slot: Slot.objects.filter(pk=slot.pk).update(latest_on="2026-05-02"),
        "the clinic's zone": lambda slot: slot.patient.clinic.save(),
        "a rule": lambda slot: Rule.objects.first().save(),  # type: ignore[union-attr]
    }


@pytest.mark.parametrize("change", changes())
def test_a_patient_of_whom_something_changed_is_looked_at_at_once(slot: Slot, change: str) -> None:
    assert looked_for(slot) == moment(5, 1, minute=0)

    changes()[change](slot)

    assert looked_for(slot) == AT_ONCE


def test_a_decision_that_is_taken_back_is_looked_at(slot: Slot) -> None:
    decided = review(slot=slot, decision=Decision.CHASE, by=UserFactory.create(), at=morning(4, 30))
    sweep(at=morning(4, 30))

    undo_review(review=decided, by=decided.by, at=morning(4, 30))

    assert looked_for(slot) == AT_ONCE


def test_a_booking_and_a_result_that_change_are_looked_at(slot: Slot) -> None:
    booking = BookingFactory.create(slot=slot, starts_at=morning(5, 8), at=morning(4, 30))
    sweep(at=morning(5, 1))
    move_booking(
        booking=booking, to=BookingState.CANCELLED, by=UserFactory.create(), at=morning(5, 1)
    )
    assert looked_for(slot) == AT_ONCE

    study = record_study(
        patient=slot.patient,
        modality="MR",
        performed_on=date(2026, 5, 1),
        regions=["pelvis"],
        by=UserFactory.create(),
        at=morning(5, 1),
    )
    sweep(at=morning(5, 1))
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create())

    assert looked_for(slot) == AT_ONCE


def test_others_are_not_looked_at(slot: Slot) -> None:
    other = ScheduleFactory.create().slots.get(n=1)
    sweep(at=morning(4, 30))

    BookingFactory.create(slot=other, starts_at=morning(5, 8), at=morning(4, 30))

    assert looked_for(slot) == moment(5, 1, minute=0)
    assert sweep(at=morning(4, 30)).looked_at == 1


def test_a_patient_with_nothing_under_way_is_looked_at_when_the_next_window_nears() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)

    sweep(at=morning(2, 1))

    assert looked_for(slot) == moment(3, 9, minute=0)  # six days before it opens


def test_a_patient_whom_nobody_follows_is_not_looked_at() -> None:
    patient = PatientFactory.create()
    sweep(at=morning(2, 1))

    assert Watch.objects.get(patient=patient).look_at is None


def test_after_a_clock_was_put_back_everybody_is_looked_at() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    sweep(at=morning(6, 1))

    ran = sweep(at=morning(3, 1))

    assert ran.looked_at == 1
    assert looked_for(slot) == moment(3, 9, minute=0)


@pytest.mark.django_db(transaction=True)
def test_what_changes_while_a_sweep_looks_is_looked_at_by_the_next() -> None:
    """The change waits for the sweep that holds the patient, and marks them after it."""
    slots = [ScheduleFactory.create().slots.get(n=1) for _ in range(5)]

    def book_all() -> None:
        for slot in slots:
            BookingFactory.create(slot=slot, starts_at=morning(5, 8), at=morning(4, 30))

    results = at_once([lambda: sweep(at=morning(4, 30)), book_all])
    assert not [result for result in results if isinstance(result, Exception)]
    sweep(at=morning(4, 30))

    assert not Notice.objects.filter(ended_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_sweep_does_not_wait_for_a_change_that_is_under_way() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    other = ScheduleFactory.create().slots.get(n=1)
    sweep(at=morning(4, 29))

    with transaction.atomic():
        BookingFactory.create(slot=slot, starts_at=morning(5, 8), at=morning(4, 29))
        [ran] = at_once([lambda: sweep(at=morning(4, 30))])

    assert not isinstance(ran, Exception)
    assert ran.looked_at == 1
    assert Patient.objects.filter(notices__rule__kind="overdue").get() == other.patient


def test_many_rows_changed_by_one_statement_mark_all_their_patients() -> None:
    for _ in range(3):
        ScheduleFactory.create()
    sweep(at=morning(3, 1))

    with connection.cursor() as cursor:
        cursor.execute("UPDATE schedules_slot SET outcome_reason = 'by hand' WHERE n = 1")

    assert Watch.objects.filter(look_at=AT_ONCE).count() == 3
