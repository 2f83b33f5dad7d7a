from datetime import date
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from patients.models import Treatment, TreatmentKind
from schedules.actions import rebaseline, record_study
from schedules.models import Booking, BookingState, ProtocolState, Schedule, ScheduleState, Slot
from schedules.replanning import fingerprint, succeeded
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ResectionFactory, ScheduleFactory, UserFactory, morning
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    """From the resection of 15 January 2026."""
    return ScheduleFactory.create()


@pytest.fixture
def clinician() -> User:
    return UserFactory.create()


def operate(schedule: Schedule, on: date = date(2026, 7, 3), description: str = "") -> Treatment:
    return ResectionFactory.create(
        tumour=schedule.tumour, kind=TreatmentKind.METASTASECTOMY, on=on, description=description
    )


def scan(schedule: Schedule, on: date) -> None:
    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=on,
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(12, 31),
    )


def test_a_new_series_counts_from_the_later_operation(schedule: Schedule, clinician: User) -> None:
    new = rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    assert (new.replaces, new.anchor_on, new.state) == (
        schedule,
        date(2026, 7, 3),
        ScheduleState.ACTIVE,
    )
    assert [slot.due_on for slot in new.slots.order_by("n")[:2]] == [
        date(2026, 10, 3),
        date(2027, 1, 3),
    ]
    assert new.slots.count() == 20


def test_what_is_left_of_the_old_series_is_superseded(schedule: Schedule, clinician: User) -> None:
    scan(schedule, on=date(2026, 4, 14))

    rebaseline(
        schedule=schedule,
        anchor=operate(schedule, on=date(2026, 7, 13)),
        by=clinician,
        at=morning(7, 20),
    )

    schedule.refresh_from_db()
    assert (schedule.state, schedule.ended_at) == (ScheduleState.SUPERSEDED, morning(7, 20))
    assert "13 July 2026" in schedule.state_reason
    assert schedule.slots.filter(outcome=Outcome.SUPERSEDED).count() == 19


def test_satisfied_slots_and_their_studies_stay(schedule: Schedule, clinician: User) -> None:
    scan(schedule, on=date(2026, 4, 14))

    rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    first = schedule.slots.get(n=1)
    assert first.outcome == Outcome.SATISFIED
    assert [study.performed_on for study in first.studies.all()] == [date(2026, 4, 14)]


def test_studies_since_the_operation_count_for_the_new_series(
    schedule: Schedule, clinician: User
) -> None:
    scan(schedule, on=date(2026, 10, 1))

    new = rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    assert [slot.n for slot in new.slots.filter(outcome=Outcome.SATISFIED)] == [1]


def test_an_appointment_ahead_is_kept(schedule: Schedule, clinician: User) -> None:
    booking = BookingFactory.create(slot=schedule.slots.get(n=3), starts_at=morning(10, 8))

    rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    kept = Booking.objects.get()
    assert (kept, kept.state, kept.starts_at) == (booking, BookingState.BOOKED, morning(10, 8))


def test_of_two_appointments_in_one_new_window_the_first_goes_over_and_a_nurse_settles_the_other(
    schedule: Schedule, clinician: User
) -> None:
    second, third = schedule.slots.get(n=2), schedule.slots.get(n=3)
    first_booking = BookingFactory.create(slot=second, starts_at=morning(9, 12))
    second_booking = BookingFactory.create(slot=third, starts_at=morning(9, 20))
    operation = operate(schedule, on=date(2026, 7, 10))  # its first window opens on 10 September
    shown = succeeded(schedule, schedule.protocol, date(2026, 7, 10))

    new = rebaseline(schedule=schedule, anchor=operation, by=clinician, shown=fingerprint([shown]))

    assert shown.at_risk == [second_booking]
    assert list(new.slots.get(n=1).bookings.all()) == [first_booking]
    assert list(third.bookings.all()) == [second_booking]
    assert set(Booking.objects.values_list("state", flat=True)) == {BookingState.BOOKED}


def test_an_appointment_on_a_day_that_no_new_slot_takes_stays_where_it_was(
    schedule: Schedule, clinician: User
) -> None:
    slot = schedule.slots.get(n=2)
    booking = BookingFactory.create(slot=slot, starts_at=morning(7, 20))

    rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    kept = slot.bookings.get()
    assert (kept, kept.state, kept.starts_at) == (booking, BookingState.BOOKED, morning(7, 20))


def test_an_appointment_that_was_kept_is_fulfilled_by_the_exam_of_its_day(
    schedule: Schedule, clinician: User
) -> None:
    BookingFactory.create(slot=schedule.slots.get(n=3), starts_at=morning(10, 8))
    rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    scan(schedule, on=date(2026, 10, 8))

    assert Booking.objects.get().state == BookingState.FULFILLED


def test_a_protocol_that_was_retired_meanwhile_goes_on(schedule: Schedule, clinician: User) -> None:
    schedule.protocol.state = ProtocolState.RETIRED
    schedule.protocol.save()

    new = rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    assert new.protocol == schedule.protocol


def test_a_rebaseline_is_in_the_audit(schedule: Schedule, clinician: User) -> None:
    new = rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    detail = Event.objects.get(act="schedule.rebaselined").detail
    assert detail["schedule"] == str(schedule.public_id)
    assert detail["new_schedule"] == str(new.public_id)
    assert "3 July 2026" in detail["reason"]
    assert (detail["slots_create"], detail["slots_withdraw"]) == (20, 20)


def test_an_operation_with_a_long_description_can_be_the_anchor(
    schedule: Schedule, clinician: User
) -> None:
    longest = Treatment._meta.get_field("description").max_length or 0
    operation = operate(schedule, description="x" * longest)

    new = rebaseline(schedule=schedule, anchor=operation, by=clinician)

    assert new.anchor == operation


@pytest.mark.parametrize("on", [date(2025, 12, 1), date(2026, 1, 15)], ids=["earlier", "same day"])
def test_an_operation_that_is_not_later_is_refused(
    schedule: Schedule, clinician: User, on: date
) -> None:
    with pytest.raises(ValidationError, match="not later than the present anchor") as refused:
        rebaseline(schedule=schedule, anchor=operate(schedule, on=on), by=clinician)

    assert list(refused.value.message_dict) == ["anchor"]
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.ACTIVE
    assert Slot.objects.filter(outcome=Outcome.OPEN).count() == 20


def test_an_operation_on_another_tumour_is_refused(schedule: Schedule, clinician: User) -> None:
    with pytest.raises(ValidationError, match="an operation on this tumour"):
        rebaseline(
            schedule=schedule, anchor=ResectionFactory.create(on=date(2026, 7, 3)), by=clinician
        )


def test_a_schedule_is_not_rebaselined_twice(schedule: Schedule, clinician: User) -> None:
    operation = operate(schedule)
    rebaseline(schedule=schedule, anchor=operation, by=clinician)

    with pytest.raises(ValidationError, match=f"superseded: {clinician} has already changed it"):
        rebaseline(schedule=schedule, anchor=operation, by=clinician)

    assert Schedule.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_rebaseline_at_once_one_is_refused() -> None:
    schedule = ScheduleFactory.create()
    operation = operate(schedule)
    clinicians = UserFactory.create_batch(2)

    outcomes = at_once(
        [
            partial(
                rebaseline,
                schedule=Schedule.objects.get(pk=schedule.pk),
                anchor=operation,
                by=by,
            )
            for by in clinicians
        ]
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Schedule", "ValidationError"]
    assert Schedule.objects.count() == 2
