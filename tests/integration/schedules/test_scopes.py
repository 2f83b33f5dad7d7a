from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.queries import clinic_days, clinics_where_may
from schedules.models import Schedule, ScheduleState, Slot
from schedules.queries import (
    booked,
    bookings_of,
    in_status,
    overdue,
    overdue_and_unbooked,
    schedules_of,
    slots_of,
    to_book,
)
from schedules.rules.outcome import Outcome
from schedules.rules.windows import WindowStatus, window_status
from surveillance.accounts.roles import Act
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ScheduleFactory,
    morning,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    return ScheduleFactory.create()


class Dates(NamedTuple):
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date


# Short windows within two months, so that most days asked about lie near a boundary.
DAYS = st.dates(date(2026, 1, 1), date(2026, 2, 28))


@st.composite
def slot_dates(draw: st.DrawFn) -> Dates:
    steps = draw(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9)))
    dates = [draw(DAYS)]
    for step in steps:
        dates.append(dates[-1] + timedelta(days=step))
    return Dates(*dates)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(slot_dates(), min_size=10, max_size=40), st.lists(DAYS, min_size=5, max_size=10))
def test_the_lists_say_of_all_slots_what_the_rules_say_of_one(
    schedule: Schedule, all_dates: list[Dates], days: list[date]
) -> None:
    with transaction.atomic():
        slots = Slot.objects.bulk_create(
            Slot(
                schedule=schedule,
                exam="made up",
                modality="CT",
                regions=["chest", "abdomen"],
                n=n,
                month=n,
                **dates._asdict(),
            )
            for n, dates in enumerate(all_dates)
        )

        for on in days:
            today = clinic_days([schedule.tumour.patient.clinic], on=on)
            status = {slot: window_status(slot, on) for slot in slots}

            assert set(overdue(today).filter(exam="made up")) == {
                slot
                for slot in slots
                if status[slot] in {WindowStatus.OVERDUE, WindowStatus.LAPSED}
            }
            assert set(to_book(today).filter(exam="made up")) == {
                slot for slot in slots if status[slot] in {WindowStatus.DUE, WindowStatus.OVERDUE}
            }
            for one in WindowStatus:
                found = Slot.objects.filter(in_status(one, today), exam="made up")
                assert set(found) == {slot for slot in slots if status[slot] == one}
        transaction.set_rollback(True)


def test_the_slot_that_has_waited_longest_comes_first(schedule: Schedule) -> None:
    recent = ScheduleFactory.create(
        anchor__on=date(2026, 1, 20),
        anchor__tumour__patient__clinic=schedule.tumour.patient.clinic,
    )
    days = clinic_days([schedule.tumour.patient.clinic], on=date(2026, 5, 20))

    assert [slot.schedule for slot in overdue(days)] == [schedule, recent]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_still_lacks_an_exam_is_on_a_list(schedule: Schedule, outcome: Outcome) -> None:
    schedule.slots.filter(n=1).update(outcome=outcome)
    days = clinic_days([schedule.tumour.patient.clinic], on=date(2026, 5, 20))

    still_to_do = outcome in {Outcome.OPEN, Outcome.PARTIALLY_SATISFIED}
    assert overdue(days).exists() == still_to_do
    assert to_book(days).exists() == still_to_do


def test_a_suspended_schedule_is_on_no_list(schedule: Schedule) -> None:
    schedule.state = ScheduleState.SUSPENDED
    schedule.save()
    days = clinic_days([schedule.tumour.patient.clinic], on=date(2026, 5, 20))

    assert not overdue(days).exists()
    assert not to_book(days).exists()


def test_an_overdue_slot_with_an_appointment_ahead_is_in_somebodys_hands(
    schedule: Schedule,
) -> None:
    slot = schedule.slots.get(n=1)
    BookingFactory.create(slot=slot, starts_at=morning(5, 25), at=morning(5, 20))
    days = clinic_days([slot.patient.clinic], on=date(2026, 5, 20))

    assert list(overdue(days)) == [slot]
    assert not overdue_and_unbooked(days).exists()
    assert not to_book(days).exists()


def test_at_one_moment_a_slot_is_due_in_tokyo_and_not_yet_in_los_angeles() -> None:
    tokyo, los_angeles = (
        ScheduleFactory.create(anchor__tumour__patient__clinic__time_zone=zone)
        for zone in ("Asia/Tokyo", "America/Los_Angeles")
    )
    clinics = [schedule.tumour.patient.clinic for schedule in (tokyo, los_angeles)]
    first_hour_of_15_march_in_tokyo = datetime(2026, 3, 14, 15, 0, tzinfo=UTC)

    days = clinic_days(clinics, at=first_hour_of_15_march_in_tokyo)

    assert [slot.schedule for slot in to_book(days)] == [tokyo]


@pytest.mark.parametrize("hour", [0, 8, 23])
def test_an_appointment_of_today_is_ahead_until_the_clinics_own_midnight(hour: int) -> None:
    clinic = ClinicFactory.create(time_zone="America/Los_Angeles")
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    starts_at = datetime(2026, 4, 8, hour, 0, tzinfo=clinic.zone)
    BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=starts_at)
    midnight = datetime(2026, 4, 9, 0, 0, tzinfo=clinic.zone)

    assert not to_book(clinic_days([clinic], at=midnight - timedelta(seconds=1))).exists()
    assert to_book(clinic_days([clinic], at=midnight)).exists()


def test_a_nurse_sees_only_what_is_of_the_own_clinic() -> None:
    membership = MembershipFactory.create()
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=membership.clinic)
    own = BookingFactory.create(slot=schedule.slots.get(n=1))
    BookingFactory.create()  # of another clinic

    clinics = clinics_where_may(membership.user, Act.BOOK)

    assert list(schedules_of(clinics)) == [schedule]
    assert set(slots_of(clinics)) == set(schedule.slots.all())
    assert list(bookings_of(clinics)) == [own]
    assert list(booked(clinics)) == [own]


def test_a_nurses_lists_hold_only_slots_of_the_own_clinic(schedule: Schedule) -> None:
    membership = MembershipFactory.create()
    own = ScheduleFactory.create(anchor__tumour__patient__clinic=membership.clinic)

    days = clinic_days(clinics_where_may(membership.user, Act.BOOK), on=date(2026, 5, 20))

    assert list(to_book(days)) == list(overdue(days)) == [own.slots.get(n=1)]


def test_for_no_clinic_nothing_is_listed(schedule: Schedule) -> None:
    assert not to_book([]).exists()
    assert not overdue([]).exists()
