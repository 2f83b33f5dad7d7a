"""Taking back what one has done just now: whole, by oneself alone, and not once more came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from schedules.actions import (
    UNDO_WITHIN,
    keep_off_schedule,
    move_booking,
    record_contact,
    record_result,
    record_study,
    reschedule,
    review,
    review_result,
    undo_booking,
    undo_contact,
    undo_keep_off_schedule,
    undo_outcome,
    undo_result_review,
    undo_review,
)
from schedules.models import (
    Booking,
    BookingState,
    Contact,
    ContactOutcome,
    Decision,
    Result,
    ResultOutcome,
    Review,
    Slot,
)
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ScheduleFactory, StudyFactory, UserFactory, morning

pytestmark = pytest.mark.django_db

LATER = timedelta(seconds=1)


@pytest.fixture
def slot() -> Slot:
    return ScheduleFactory.create().slots.get(n=1)


@pytest.fixture
def by() -> User:
    return UserFactory.create(first_name="Naomi", last_name="Nurse")


@dataclass(frozen=True)
class Done:
    """An act, and how it is taken back by somebody at a moment."""

    at: datetime
    undo: Callable[[User, datetime], None]
    is_undone: Callable[[], bool]
    event: str


def booked(slot: Slot, by: User) -> Done:
    booking = BookingFactory.create(slot=slot, by=by)
    return Done(
        booking.booked_at,
        lambda who, at: undo_booking(booking=booking, by=who, at=at),
        lambda: Booking.objects.get().state == BookingState.CANCELLED,
        "booking.cancelled",
    )


def missed(slot: Slot, by: User) -> Done:
    booking = BookingFactory.create(slot=slot)
    move_booking(booking=booking, to=BookingState.NO_SHOW, by=by, at=morning(4, 8))
    return Done(
        timezone.now(),
        lambda who, at: undo_outcome(booking=booking, by=who, at=at),
        lambda: Booking.objects.get().state == BookingState.BOOKED,
        "booking.outcome_undone",
    )


def called(slot: Slot, by: User) -> Done:
    told = {"outcome": ContactOutcome.NO_ANSWER, "snooze_until": date(2026, 4, 10)}
    contact = record_contact(slot=slot, by=by, at=morning(4, 1), **told)  # type: ignore[arg-type]
    return Done(
        contact.at,
        lambda who, at: undo_contact(contact=contact, by=who, at=at),
        lambda: not Contact.objects.exists(),
        "contact.undone",
    )


def deferred(slot: Slot, by: User) -> Done:
    review(slot=slot, decision=Decision.CHASE, by=UserFactory.create(), at=morning(5, 1))
    row = review(
        slot=slot, decision=Decision.DEFER, until=date(2026, 6, 1), by=by, at=morning(5, 2)
    )
    return Done(
        row.at,
        lambda who, at: undo_review(review=row, by=who, at=at),
        lambda: Review.objects.latest("id").decision == Decision.CHASE,
        "review.undone",
    )


def kept_off(slot: Slot, by: User) -> Done:
    study = StudyFactory.create(patient=slot.patient, modality="MR", regions=["lower_limb"])
    keep_off_schedule(study=study, reason="MR of the knee", by=by, at=morning(4, 20))
    return Done(
        morning(4, 20),
        lambda who, at: undo_keep_off_schedule(study=study, by=who, at=at),
        lambda: not study.kept_because,
        "study.keeping_undone",
    )


def reviewed(slot: Slot, by: User) -> Done:
    study = StudyFactory.create(patient=slot.patient)
    result = record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create())
    review_result(result=result, by=by, at=morning(4, 20))
    return Done(
        morning(4, 20),
        lambda who, at: undo_result_review(result=result, by=who, at=at),
        lambda: Result.objects.get().reviewed_at is None,
        "result.review_undone",
    )


ACTS = [booked, missed, called, deferred, kept_off, reviewed]


@pytest.mark.parametrize("act", ACTS)
def test_who_did_it_can_take_it_back_for_ten_minutes(
    slot: Slot, by: User, act: Callable[[Slot, User], Done]
) -> None:
    done = act(slot, by)

    done.undo(by, done.at + UNDO_WITHIN - LATER)

    assert done.is_undone()
    event = Event.objects.latest("pk")
    assert (event.act, event.by_id) == (done.event, by.public_id)


@pytest.mark.parametrize("act", ACTS)
def test_it_is_taken_back_by_nobody_else_nor_later(
    slot: Slot, by: User, act: Callable[[Slot, User], Done]
) -> None:
    done = act(slot, by)

    with pytest.raises(ValidationError, match="Only Naomi Nurse can undo this"):
        done.undo(UserFactory.create(), done.at)
    with pytest.raises(ValidationError, match=" ago "):
        done.undo(by, done.at + UNDO_WITHIN + 2 * LATER)

    assert not done.is_undone()


@pytest.mark.parametrize("act", [called, deferred, kept_off, reviewed])
def test_it_is_taken_back_once(slot: Slot, by: User, act: Callable[[Slot, User], Done]) -> None:
    done = act(slot, by)
    rows = Contact.objects.first(), Review.objects.last()
    done.undo(by, done.at)

    with pytest.raises(ValidationError):
        done.undo(by, done.at)
    for row in rows:  # as somebody else still has it before them
        if isinstance(row, Contact):
            with pytest.raises(ValidationError, match="taken back already"):
                undo_contact(contact=row, by=by, at=done.at)
        elif row:
            with pytest.raises(ValidationError, match="taken back already"):
                undo_review(review=row, by=by, at=done.at)

    assert Event.objects.filter(act=done.event).count() == 1


@pytest.fixture
def cancelled(slot: Slot, by: User) -> Booking:
    """The appointment of 8 April, cancelled a moment ago."""
    booking = BookingFactory.create(slot=slot)
    move_booking(booking=booking, to=BookingState.CANCELLED, by=by, at=morning(4, 1))
    return booking


def refused(booking: Booking, by: User) -> str:
    with pytest.raises(ValidationError) as error:
        undo_outcome(booking=booking, by=by)
    assert Booking.objects.get(pk=booking.pk).state == BookingState.CANCELLED
    return " ".join(error.value.messages)


def test_an_appointment_that_was_cancelled_after_arriving_has_arrived_again(
    slot: Slot, by: User
) -> None:
    booking = BookingFactory.create(slot=slot)
    for to in (BookingState.ARRIVED, BookingState.CANCELLED):
        move_booking(booking=booking, to=to, by=by, at=morning(4, 8))

    undo_outcome(booking=booking, by=by)

    assert Booking.objects.get().state == BookingState.ARRIVED


def test_an_exam_that_was_booked_anew_keeps_its_new_appointment(
    cancelled: Booking, slot: Slot, by: User
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 9), by=by)

    assert refused(cancelled, by).startswith("Naomi Nurse has already booked this exam")


def test_a_time_that_is_somebody_elses_by_now_is_not_taken_from_them(
    cancelled: Booking, by: User
) -> None:
    other = ScheduleFactory.create(
        anchor__tumour__patient__clinic=cancelled.slot.patient.clinic
    ).slots.get(n=1)
    BookingFactory.create(slot=other, scanner=cancelled.scanner)

    assert "is taken from 09:00" in refused(cancelled, by)


def test_an_appointment_that_was_given_another_time_since_stays_cancelled(
    slot: Slot, by: User
) -> None:
    booking = BookingFactory.create(slot=slot, at=morning(4, 1))
    move_booking(booking=booking, to=BookingState.CANCELLED, by=by, at=morning(4, 1))
    undo_outcome(booking=booking, by=by)
    new = reschedule(
        booking=booking,
        scanner=booking.scanner,
        starts_at=morning(4, 9),
        by=UserFactory.create(),
        at=morning(4, 1),
    )
    move_booking(booking=new, to=BookingState.CANCELLED, by=by, at=morning(4, 1))

    assert refused(booking, by).startswith("Nobody has just said what became")


def test_an_appointment_to_which_the_patient_has_come_is_not_taken_back(
    slot: Slot, by: User
) -> None:
    booking = BookingFactory.create(slot=slot, by=by, at=morning(4, 8))
    move_booking(
        booking=booking, to=BookingState.ARRIVED, by=UserFactory.create(), at=morning(4, 8)
    )

    with pytest.raises(ValidationError, match="is arrived by now"):
        undo_booking(booking=booking, by=by, at=morning(4, 8))

    assert Booking.objects.get().state == BookingState.ARRIVED


def test_an_exam_that_is_done_needs_no_appointment(
    cancelled: Booking, slot: Slot, by: User
) -> None:
    record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 7),
        regions=["chest", "abdomen"],
        by=by,
        at=morning(4, 9),
    )

    assert refused(cancelled, by).startswith("Nothing is left to do here")


def test_an_exam_that_its_plan_has_moved_is_booked_anew(
    cancelled: Booking, slot: Slot, by: User
) -> None:
    Slot.objects.filter(pk=slot.pk).update(earliest_on=date(2026, 4, 10))

    assert refused(cancelled, by) == "The plan has moved this exam meanwhile: book it anew."


def test_an_appointment_of_which_nothing_was_said_has_nothing_to_take_back(
    slot: Slot, by: User
) -> None:
    booking = BookingFactory.create(slot=slot, by=by)

    with pytest.raises(ValidationError, match="Nobody has just said what became"):
        undo_outcome(booking=booking, by=by)


def test_a_decision_that_another_followed_stays(slot: Slot, by: User) -> None:
    first = review(slot=slot, decision=Decision.CHASE, by=by, at=morning(5, 1))
    review(
        slot=slot,
        decision=Decision.REBOOK,
        by=UserFactory.create(first_name="Carl", last_name="Clinician"),
        at=morning(5, 1),
    )

    with pytest.raises(ValidationError, match="Carl Clinician has decided meanwhile"):
        undo_review(review=first, by=by, at=morning(5, 1))


@pytest.mark.parametrize("is_another_left", [True, False])
def test_who_decides_over_one_that_was_taken_back_is_told_so(
    slot: Slot, by: User, is_another_left: bool
) -> None:
    if is_another_left:
        review(slot=slot, decision=Decision.REBOOK, by=UserFactory.create(), at=morning(5, 1))
    seen = review(slot=slot, decision=Decision.CHASE, by=by, at=morning(5, 1))
    undo_review(review=seen, by=by, at=morning(5, 1))

    with pytest.raises(ValidationError, match="The decision that stood here has been taken back"):
        review(
            slot=slot,
            decision=Decision.CHASE,
            seen=str(seen.public_id),
            by=UserFactory.create(),
            at=morning(5, 1),
        )


def test_what_ended_an_exam_is_not_undone(slot: Slot, by: User) -> None:
    row = review(slot=slot, decision=Decision.SKIP, reason="Pregnant", by=by, at=morning(5, 1))

    with pytest.raises(ValidationError, match="cannot be undone here"):
        undo_review(review=row, by=by, at=morning(5, 1))

    assert Slot.objects.get(pk=slot.pk).outcome == Outcome.SKIPPED
