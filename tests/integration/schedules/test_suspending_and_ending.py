from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from patients.queries import clinic_days
from schedules.actions import (
    book,
    end,
    enrol,
    move_booking,
    record_death,
    record_study,
    resume,
    suspend,
)
from schedules.models import (
    Booking,
    BookingState,
    EndReason,
    Schedule,
    ScheduleState,
    Slot,
    Suspension,
)
from schedules.queries import overdue, to_book
from schedules.rules.outcome import Outcome
from schedules.rules.reconcile import Act
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
    """From the resection of 15 January 2026: due on 15 April, 15 July, …"""
    return ScheduleFactory.create()


@pytest.fixture
def clinician() -> User:
    return UserFactory.create()


def rest(schedule: Schedule, by: User, review_on: date = date(2026, 9, 1)) -> Suspension:
    return suspend(
        schedule=schedule, reason="Pregnancy", review_on=review_on, by=by, at=morning(4, 20)
    )


def on_the_lists(schedule: Schedule, on: date) -> set[Slot]:
    days = clinic_days([schedule.tumour.patient.clinic], on=on)
    return {*to_book(days), *overdue(days)}


def test_a_suspended_schedule_is_on_no_list_and_says_why(
    schedule: Schedule, clinician: User
) -> None:
    assert on_the_lists(schedule, date(2026, 4, 20))

    rest(schedule, clinician)

    schedule.refresh_from_db()
    assert (schedule.state, schedule.state_reason) == (ScheduleState.SUSPENDED, "Pregnancy")
    assert on_the_lists(schedule, date(2026, 4, 20)) == set()
    assert Event.objects.get(act="schedule.suspended").detail["review_on"] == "2026-09-01"


@pytest.mark.parametrize(
    ("reason", "review_on", "field"),
    [("", date(2026, 9, 1), "reason"), ("Pregnancy", date(2026, 4, 20), "review_on")],
)
def test_a_suspension_needs_a_reason_and_a_day_to_come(
    schedule: Schedule, clinician: User, reason: str, review_on: date, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        suspend(
            schedule=schedule, reason=reason, review_on=review_on, by=clinician, at=morning(4, 20)
        )

    assert list(refused.value.message_dict) == [field]
    assert not Suspension.objects.exists()


def test_only_an_active_schedule_is_suspended(schedule: Schedule, clinician: User) -> None:
    rest(schedule, clinician)

    with pytest.raises(ValidationError, match="suspended"):
        rest(schedule, clinician)


def test_the_database_holds_one_suspension_at_a_time(schedule: Schedule, clinician: User) -> None:
    row = rest(schedule, clinician)

    with pytest.raises(IntegrityError):
        Suspension.objects.create(
            schedule=schedule, from_on=row.from_on, review_on=row.review_on, reason="x", by=row.by
        )


def test_what_lapsed_while_it_rested_is_withdrawn_and_the_rest_goes_on(
    schedule: Schedule, clinician: User
) -> None:
    rest(schedule, clinician)  # the first slot lapses on 14 June

    replan = resume(schedule=schedule, by=clinician, at=morning(7, 1))

    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.ACTIVE
    assert [change.n for change in replan.of(Act.WITHDRAW)] == [1]
    assert schedule.slots.get(n=1).outcome == Outcome.WITHDRAWN
    assert on_the_lists(schedule, date(2026, 7, 1)) == {schedule.slots.get(n=2)}
    assert Event.objects.get(act="schedule.resumed").detail["slots_withdraw"] == 1


def test_what_lapsed_before_it_rested_still_waits_for_a_review(
    schedule: Schedule, clinician: User
) -> None:
    suspend(
        schedule=schedule,
        reason="Pregnancy",
        review_on=date(2026, 9, 1),
        by=clinician,
        at=morning(6, 20),
    )

    resume(schedule=schedule, by=clinician, at=morning(7, 1))

    assert schedule.slots.get(n=1) in on_the_lists(schedule, date(2026, 7, 1))


def test_resuming_on_the_same_day_changes_nothing(schedule: Schedule, clinician: User) -> None:
    rest(schedule, clinician)

    replan = resume(schedule=schedule, by=clinician, at=morning(4, 20))

    assert {change.act for change in replan.changes} == {Act.KEEP}


def test_an_appointment_holds_its_slot_in_place_until_a_nurse_has_settled_it(
    schedule: Schedule, clinician: User
) -> None:
    booking = BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(6, 10))
    rest(schedule, clinician)

    replan = resume(schedule=schedule, by=clinician, at=morning(7, 1))

    slot = schedule.slots.get(n=1)
    assert [change.n for change in replan.of(Act.ASK)] == [1]
    assert (slot.outcome, slot.outcome_reason) == (
        Outcome.OPEN,
        "the plan asks for it no more, but an appointment is booked",
    )
    move_booking(booking=booking, to=BookingState.CANCELLED, by=clinician, at=morning(7, 2))
    slot.refresh_from_db()
    assert slot.outcome == Outcome.WITHDRAWN


def test_a_slot_that_its_appointment_held_and_satisfied_keeps_no_word_of_the_wait(
    schedule: Schedule, clinician: User
) -> None:
    BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(6, 10))
    rest(schedule, clinician)
    resume(schedule=schedule, by=clinician, at=morning(7, 1))

    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=date(2026, 6, 10),
        regions=["chest", "abdomen"],
        by=clinician,
        at=morning(7, 2),
    )

    slot = schedule.slots.get(n=1)
    assert (slot.outcome, slot.outcome_reason) == (Outcome.SATISFIED, "")


def test_an_exam_done_while_it_rested_counts(schedule: Schedule, clinician: User) -> None:
    rest(schedule, clinician)

    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=date(2026, 5, 5),
        regions=["chest", "abdomen"],
        by=clinician,
        at=morning(5, 6),
    )

    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED


def test_an_end_withdraws_what_is_left_and_keeps_what_happened(
    schedule: Schedule, clinician: User
) -> None:
    schedule.slots.filter(n=1).update(outcome=Outcome.SATISFIED)

    end(schedule=schedule, end_reason=EndReason.PALLIATIVE, by=clinician, at=morning(5, 1))

    schedule.refresh_from_db()
    assert (schedule.state, schedule.end_reason, schedule.ended_at) == (
        ScheduleState.TERMINATED,
        EndReason.PALLIATIVE,
        morning(5, 1),
    )
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED
    assert schedule.slots.filter(outcome=Outcome.WITHDRAWN).count() == 19


def test_a_suspended_follow_up_can_end_and_its_suspension_with_it(
    schedule: Schedule, clinician: User
) -> None:
    rest(schedule, clinician)

    end(schedule=schedule, end_reason=EndReason.DECLINED, by=clinician, at=morning(5, 1))

    assert Suspension.objects.get().ended_on == date(2026, 5, 1)


@pytest.mark.parametrize(
    ("end_reason", "field"),
    [
        (EndReason.TRANSFERRED, "explanation"),
        (EndReason.OTHER, "explanation"),
        (EndReason.COMPLETED, "end_reason"),
        (EndReason.DIED, "end_reason"),
    ],
)
def test_an_end_that_says_too_little_is_refused(
    schedule: Schedule, clinician: User, end_reason: EndReason, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        end(schedule=schedule, end_reason=end_reason, by=clinician)

    assert list(refused.value.message_dict) == [field]
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_a_follow_up_is_completed_once_nothing_is_left(schedule: Schedule, clinician: User) -> None:
    schedule.slots.update(outcome=Outcome.SATISFIED)

    end(schedule=schedule, end_reason=EndReason.COMPLETED, by=clinician)

    assert Schedule.objects.get().state == ScheduleState.COMPLETED


def test_the_database_holds_that_an_end_has_its_reason(schedule: Schedule) -> None:
    with pytest.raises(IntegrityError):
        Schedule.objects.update(state=ScheduleState.TERMINATED, ended_at=morning(5, 1))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_end_it_at_once_the_second_is_told(clinician: User) -> None:
    schedule = ScheduleFactory.create()

    outcomes = at_once(
        [lambda: end(schedule=schedule, end_reason=EndReason.DECLINED, by=clinician)] * 2
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]
    assert len(refused) == 1
    assert f"terminated: {clinician} has already changed it" in " ".join(refused[0].messages)


def test_a_death_ends_every_follow_up_and_cancels_every_appointment(
    schedule: Schedule, clinician: User
) -> None:
    patient = schedule.tumour.patient
    other = ScheduleFactory.create(anchor__tumour__patient=patient)
    BookingFactory.create(slot=schedule.slots.get(n=1))
    suspend(
        schedule=other,
        reason="Pregnancy",
        review_on=date(2026, 9, 1),
        by=clinician,
        at=morning(4, 20),
    )

    record_death(patient=patient, died_on=date(2026, 5, 1), by=clinician, at=morning(5, 2))

    assert {one.end_reason for one in Schedule.objects.all()} == {EndReason.DIED}
    assert Booking.objects.get().state == BookingState.CANCELLED
    assert not Slot.objects.filter(outcome__in=Slot.TO_BE_DONE).exists()
    assert Event.objects.get(act="patient.died").detail["bookings_cancelled"] == 1


@pytest.mark.parametrize("died_on", [date(2026, 5, 3), date(1800, 1, 1)])
def test_a_day_of_death_that_cannot_be_is_refused(
    schedule: Schedule, clinician: User, died_on: date
) -> None:
    patient = schedule.tumour.patient

    with pytest.raises(ValidationError) as refused:
        record_death(patient=patient, died_on=died_on, by=clinician, at=morning(5, 2))

    assert list(refused.value.message_dict) == ["died_on"]
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_nothing_is_planned_for_the_dead(schedule: Schedule, clinician: User) -> None:
    patient, slot = schedule.tumour.patient, schedule.slots.get(n=1)
    record_death(patient=patient, died_on=date(2026, 5, 1), by=clinician, at=morning(5, 2))
    again = ResectionFactory.create(tumour=schedule.tumour)

    with pytest.raises(ValidationError, match="has died"):
        enrol(tumour=schedule.tumour, protocol=schedule.protocol, anchor=again, by=clinician)
    with pytest.raises(ValidationError, match="has died"):
        book(
            slot=slot,
            scanner=ScannerFactory.create(clinic=patient.clinic),
            starts_at=morning(5, 10),
            by=clinician,
            at=morning(5, 3),
        )
