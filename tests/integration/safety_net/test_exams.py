"""Gaps of an exam: its appointment passed without word, or it lapsed without a decision."""

from datetime import date

import pytest

from patients.models import Clinic
from patients.safety import Gap
from schedules.actions import end, move_booking, rebaseline, suspend
from schedules.models import BookingState, Decision, EndReason, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, MetastasectomyFactory, StudyFactory, morning
from tests.integration.safety_net.net import decide, gaps, the_one, told

pytestmark = pytest.mark.django_db


# Appointment passed, with no outcome.


def test_an_appointment_is_listed_from_the_day_after_it_passed_without_word(
    clinic: Clinic, slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))
    assert gaps(clinic, date(2026, 4, 8)) == []

    row = the_one(Gap.NO_OUTCOME, clinic, date(2026, 4, 9))

    assert (row.patient, row.detail) == (slot.patient, "CT chest+abdomen on 8 April 2026")
    assert told(row) == (date(2026, 4, 8), [Role.NURSE], "/worklists/booked/")


@pytest.mark.parametrize("to", [BookingState.NO_SHOW, BookingState.CANCELLED])
def test_telling_what_became_of_it_closes_that_gap(
    clinic: Clinic, slot: Slot, by: User, to: BookingState
) -> None:
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8))

    move_booking(booking=booking, to=to, by=by, at=morning(4, 9))

    assert gaps(clinic, date(2026, 4, 9)) == []


def test_the_exam_of_its_day_closes_that_gap(clinic: Clinic, slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))

    StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 8))

    assert gaps(clinic, date(2026, 4, 9)) == []


@pytest.mark.parametrize("state", ["suspended", "ended", "rebaselined"])
def test_an_appointment_of_a_follow_up_that_is_no_longer_active_is_still_listed(
    clinic: Clinic, slot: Slot, by: User, state: str
) -> None:
    schedule = slot.schedule
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))
    if state == "suspended":
        suspend(
            schedule=schedule, reason="Rest", review_on=date(2026, 9, 1), by=by, at=morning(4, 1)
        )
    elif state == "ended":
        end(schedule=schedule, end_reason=EndReason.PALLIATIVE, by=by, at=morning(4, 1))
    else:
        operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))
        rebaseline(schedule=schedule, anchor=operation, by=by, at=morning(4, 1))

    assert gaps(clinic, date(2026, 4, 9)) == [Gap.NO_OUTCOME]


# Slot lapsed without a review.


def test_a_slot_is_listed_from_the_day_after_it_lapsed(clinic: Clinic, slot: Slot) -> None:
    assert gaps(clinic, date(2026, 6, 14)) == []

    row = the_one(Gap.LAPSED, clinic, date(2026, 6, 15))

    assert (row.patient, row.detail) == (
        slot.patient,
        "CT chest+abdomen no. 1, due 15 April 2026",
    )
    assert told(row) == (date(2026, 6, 14), [Role.CLINICIAN], "/worklists/overdue/")


def test_a_slot_that_lacks_one_region_lapses_too(clinic: Clinic, slot: Slot) -> None:
    StudyFactory.create(patient=slot.patient, regions=["chest"])

    assert gaps(clinic, date(2026, 6, 15)) == [Gap.LAPSED, Gap.NOT_REPORTED]


@pytest.mark.parametrize("decision", Decision)
def test_any_decision_since_then_closes_that_gap(
    clinic: Clinic, slot: Slot, by: User, decision: Decision
) -> None:
    decide(slot, by, decision, at=morning(6, 20))

    assert gaps(clinic, date(2026, 6, 20)) == []


def test_a_decision_before_it_lapsed_does_not_close_that_gap(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    decide(slot, by, at=morning(6, 14))

    assert gaps(clinic, date(2026, 6, 15)) == [Gap.LAPSED]


def test_a_decision_in_the_small_hours_counts_on_the_clinics_own_day(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    one_in_the_morning = morning(6, 15).replace(hour=1)  # 14 June in UTC

    decide(slot, by, at=one_in_the_morning)

    assert gaps(clinic, date(2026, 6, 15)) == []


def test_a_slot_deferred_beyond_its_last_day_is_listed_when_the_deferral_ends(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    decide(slot, by, Decision.DEFER, at=morning(6, 10))

    assert gaps(clinic, date(2026, 8, 31)) == []
    assert gaps(clinic, date(2026, 9, 1)) == [Gap.LAPSED]
