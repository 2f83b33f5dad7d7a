from datetime import date, datetime
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from schedules.actions import change_protocol, move_booking, resume, suspend
from schedules.models import (
    BookingState,
    Schedule,
    Slot,
    Suspension,
)
from schedules.replanning import Replan, fingerprint, replanned
from schedules.rules.outcome import Outcome
from schedules.rules.reconcile import Act
from tests.factories import (
    BookingFactory,
    HalfYearlyProtocolFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def resting() -> Schedule:
    """Suspended on 1 April 2026, when its first slot is open, which lapses after 14 June."""
    schedule = ScheduleFactory.create()
    rest(schedule, at=morning(4, 1))
    return schedule


def rest(schedule: Schedule, at: datetime) -> None:
    suspend(
        schedule=schedule,
        reason="Femoral fracture",
        review_on=date(2027, 6, 1),
        by=UserFactory.create(),
        at=at,
    )


def go_on(schedule: Schedule, at: datetime) -> Replan:
    return resume(schedule=schedule, by=UserFactory.create(), at=at)


def outcomes(schedule: Schedule) -> list[str]:
    return [slot.outcome for slot in schedule.slots.order_by("n")]


def acts(replan: Replan) -> set[Act]:
    return {change.act for change in replan.changes}


@pytest.mark.parametrize(
    ("on", "withdrawn"), [(morning(6, 14), 0), (morning(6, 15), 1), (morning(9, 15), 2)]
)
def test_what_lapsed_while_it_rested_is_withdrawn_with_the_reason(
    resting: Schedule, on: datetime, withdrawn: int
) -> None:
    replan = go_on(resting, at=on)

    assert outcomes(resting) == [
        *[Outcome.WITHDRAWN] * withdrawn,
        *[Outcome.OPEN] * (20 - withdrawn),
    ]
    reasons = Slot.objects.filter(outcome=Outcome.WITHDRAWN).order_by("n")
    assert list(reasons.values_list("outcome_reason", flat=True)) == [
        change.reason for change in replan.of(Act.WITHDRAW)
    ]


def test_the_dates_stay_those_of_the_anchor(resting: Schedule) -> None:
    before = list(resting.slots.order_by("n").values_list("due_on", "lapses_on"))

    go_on(resting, at=morning(9, 15))

    assert list(resting.slots.order_by("n").values_list("due_on", "lapses_on")) == before


@pytest.mark.parametrize(
    ("regions", "outcome"),
    [(["chest", "abdomen"], Outcome.SATISFIED), (["chest"], Outcome.PARTIALLY_SATISFIED)],
)
def test_what_was_done_while_it_rested_is_never_withdrawn(
    resting: Schedule, regions: list[str], outcome: Outcome
) -> None:
    StudyFactory.create(
        patient=resting.tumour.patient, performed_on=date(2026, 4, 14), regions=regions
    )

    go_on(resting, at=morning(9, 15))

    assert outcomes(resting)[:3] == [outcome, Outcome.WITHDRAWN, Outcome.OPEN]


def test_what_is_shown_before_is_what_is_done(resting: Schedule) -> None:
    shown = replanned(resting, resumed_on=date(2026, 9, 15))

    done = go_on(resting, at=morning(9, 15))

    assert fingerprint([done]) == fingerprint([shown])
    assert [change.n for change in shown.of(Act.WITHDRAW)] == [1, 2]


def test_looking_at_it_first_changes_nothing(resting: Schedule) -> None:
    replanned(resting, resumed_on=date(2026, 9, 15))

    assert Suspension.objects.get().ended_on is None
    assert set(outcomes(resting)) == {Outcome.OPEN}


def test_planning_again_afterwards_changes_nothing(resting: Schedule) -> None:
    go_on(resting, at=morning(9, 15))

    assert acts(replanned(resting)) == {Act.KEEP}


def test_planning_again_changes_nothing_once_the_appointment_is_settled() -> None:
    schedule = ScheduleFactory.create()
    booking = BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(6, 10))
    rest(schedule, at=morning(4, 1))
    go_on(schedule, at=morning(7, 1))

    move_booking(
        booking=booking, to=BookingState.CANCELLED, by=UserFactory.create(), at=morning(7, 1)
    )

    assert acts(replanned(schedule)) == {Act.KEEP}


def test_a_second_rest_withdraws_what_lapsed_in_it_and_leaves_the_first_as_it_was(
    resting: Schedule,
) -> None:
    go_on(resting, at=morning(7, 1))
    rest(resting, at=morning(12, 1))

    go_on(resting, at=morning(1, 1, 2027))

    assert outcomes(resting)[:4] == [
        Outcome.WITHDRAWN,
        Outcome.OPEN,
        Outcome.WITHDRAWN,
        Outcome.OPEN,
    ]


def test_after_a_change_of_protocol_no_slot_of_the_time_before_it_comes_up() -> None:
    new = change_protocol(
        schedule=ScheduleFactory.create(),
        protocol=HalfYearlyProtocolFactory.create(),
        by=UserFactory.create(),
        at=morning(1, 20, 2027),
    )
    before = list(new.slots.order_by("n").values_list("n", "outcome"))
    rest(new, at=morning(2, 1, 2027))

    go_on(new, at=morning(2, 10, 2027))

    assert list(new.slots.order_by("n").values_list("n", "outcome")) == before


def test_an_active_schedule_is_not_resumed() -> None:
    with pytest.raises(ValidationError, match="This schedule is active"):
        go_on(ScheduleFactory.create(), at=morning(5, 1))


def test_a_schedule_of_somebody_who_has_died_is_not_resumed(resting: Schedule) -> None:
    patient = resting.tumour.patient
    patient.died_on = date(2026, 4, 20)
    patient.save()

    with pytest.raises(ValidationError, match="The patient has died"):
        go_on(resting, at=morning(5, 1))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_resume_at_once_one_is_refused() -> None:
    schedule = ScheduleFactory.create()
    rest(schedule, at=morning(4, 1))

    outcomes = at_once(
        [
            partial(resume, schedule=Schedule.objects.get(pk=schedule.pk), by=by, at=morning(9, 15))
            for by in UserFactory.create_batch(2)
        ]
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["Replan", "ValidationError"]
    assert Slot.objects.filter(outcome=Outcome.WITHDRAWN).count() == 2
