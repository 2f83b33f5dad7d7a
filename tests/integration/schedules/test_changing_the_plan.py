from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from patients.models import FindingKind, Intent, Margin, Treatment, TreatmentKind
from schedules.actions import (
    change_protocol,
    decline_anchor,
    rebaseline,
    record_result,
    record_study,
    review,
    review_result,
)
from schedules.anchors import anchor_for, proposals, proposed_anchor
from schedules.explanations import explain
from schedules.models import (
    Booking,
    Decision,
    ResultOutcome,
    Schedule,
    ScheduleState,
    Slot,
)
from schedules.replanning import fingerprint, replanned, succeeded
from schedules.rules.outcome import Outcome
from schedules.rules.reconcile import Act
from schedules.worklists import close_exam
from surveillance.accounts.models import User
from tests.factories import (
    BookingFactory,
    HalfYearlyProtocolFactory,
    ResectionFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule() -> Schedule:
    """From the resection of 15 January 2026: due on 15 April, 15 July, …"""
    return ScheduleFactory.create()


@pytest.fixture
def clinician() -> User:
    return UserFactory.create()


def operate(schedule: Schedule, on: date = date(2026, 7, 3), **fields: Any) -> Treatment:
    return ResectionFactory.create(tumour=schedule.tumour, on=on, **fields)


def scan(schedule: Schedule, on: date, by: User) -> None:
    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=on,
        regions=["chest", "abdomen"],
        by=by,
        at=morning(12, 31),
    )


def reason(schedule: Schedule) -> str:
    proposal = proposed_anchor(schedule)
    assert proposal is not None
    return proposal.reason


def test_each_kind_of_later_operation_is_named_in_the_proposal(schedule: Schedule) -> None:
    operate(schedule, date(2026, 3, 1))
    assert reason(schedule).startswith("Another resection: ")

    Treatment.objects.filter(pk=schedule.anchor_id).update(margin=Margin.R1)
    assert reason(schedule).startswith("Re-excision for margins: ")

    schedule.tumour.findings.create(
        kind=FindingKind.LOCAL_RECURRENCE,
        sites=["thigh"],
        found_on=date(2026, 2, 20),
        found_by="MRI",
    )
    assert reason(schedule).startswith("Resection of a local recurrence: ")

    operate(schedule, date(2026, 5, 1), kind=TreatmentKind.METASTASECTOMY)
    assert reason(schedule).startswith("Metastasectomy: ")


@pytest.mark.parametrize(
    "fields",
    [
        {"margin": Margin.R2},
        {"intent": Intent.PALLIATIVE},
        {"kind": TreatmentKind.CHEMOTHERAPY},
    ],
)
def test_what_leaves_disease_or_is_no_operation_proposes_nothing(
    schedule: Schedule, fields: dict[str, str]
) -> None:
    operate(schedule, date(2026, 7, 3), **fields)

    assert proposed_anchor(schedule) is None
    assert anchor_for(schedule.tumour) is not None


def test_a_declined_operation_is_proposed_no_more_but_the_next_one_is(
    schedule: Schedule, clinician: User
) -> None:
    decline_anchor(
        schedule=schedule, treatment=operate(schedule), reason="Biopsy only", by=clinician
    )
    assert proposals([schedule.tumour.patient.clinic]) == []

    operate(schedule, date(2026, 8, 1))

    assert len(proposals([schedule.tumour.patient.clinic])) == 1


def test_who_was_not_operated_on_again_costs_nothing_where_proposals_are_counted(
    schedule: Schedule, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert proposals([schedule.tumour.patient.clinic]) == []


def test_declining_takes_a_reason(schedule: Schedule, clinician: User) -> None:
    with pytest.raises(ValidationError) as refused:
        decline_anchor(schedule=schedule, treatment=operate(schedule), reason="", by=clinician)

    assert list(refused.value.message_dict) == ["reason"]


def test_another_protocol_goes_on_from_the_same_anchor_and_leaves_the_past_where_it_was(
    schedule: Schedule, clinician: User
) -> None:
    scan(schedule, date(2026, 4, 14), clinician)

    new = change_protocol(
        schedule=schedule,
        protocol=HalfYearlyProtocolFactory.create(),
        by=clinician,
        at=morning(8, 1),
    )

    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.SUPERSEDED
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED
    assert [slot.due_on for slot in new.slots.order_by("n")[:2]] == [
        date(2026, 7, 15),
        date(2027, 1, 15),
    ]
    assert new.anchor == schedule.anchor


def test_a_schedule_that_took_over_plans_again_without_what_it_left_behind(
    schedule: Schedule, clinician: User
) -> None:
    new = change_protocol(
        schedule=schedule,
        protocol=HalfYearlyProtocolFactory.create(),
        by=clinician,
        at=morning(12, 30),
    )

    assert new.slots.order_by("n")[0].n == 2
    assert {change.act for change in replanned(new).changes} == {Act.KEEP}


def test_an_appointment_goes_over_to_the_new_slot_that_takes_its_day(
    schedule: Schedule, clinician: User
) -> None:
    booking = BookingFactory.create(slot=schedule.slots.get(n=3), starts_at=morning(10, 8))

    new = rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    kept = Booking.objects.get()
    assert (kept.pk, kept.starts_at, kept.scanner) == (
        booking.pk,
        booking.starts_at,
        booking.scanner,
    )
    assert kept.slot == new.slots.get(n=1)


def test_exactly_what_was_shown_is_done(schedule: Schedule, clinician: User) -> None:
    operation = operate(schedule)
    shown = succeeded(schedule, schedule.protocol, operation.on or schedule.anchor_on)

    new = rebaseline(schedule=schedule, anchor=operation, by=clinician, shown=fingerprint([shown]))

    assert sorted(slot.due_on for slot in new.slots.all()) == sorted(
        change.planned.due_on for change in shown.of(Act.CREATE) if change.planned
    )


def test_what_changed_since_it_was_shown_stops_it(schedule: Schedule, clinician: User) -> None:
    operation = operate(schedule)
    shown = succeeded(schedule, schedule.protocol, operation.on or schedule.anchor_on)
    scan(schedule, date(2026, 4, 14), clinician)

    with pytest.raises(ValidationError, match="Something has changed"):
        rebaseline(schedule=schedule, anchor=operation, by=clinician, shown=fingerprint([shown]))

    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_a_slot_explains_itself_as_data_and_in_one_sentence(
    schedule: Schedule, clinician: User
) -> None:
    scan(schedule, date(2026, 4, 14), clinician)

    why = explain(schedule.slots.get(n=1), schedule)

    assert (why.anchor_on, why.n, why.month, why.due_on) == (
        date(2026, 1, 15),
        1,
        3,
        date(2026, 4, 15),
    )
    assert why.phase == "every 3 months after month 0 up to month 60"
    assert why.arithmetic == "15 January 2026 + 3 months = 15 April 2026"
    assert why.became == "Satisfied by CT of 14 April 2026"
    for part in (why.protocol, why.phase, why.arithmetic, why.became, why.citation):
        assert part in why.sentence


def test_a_superseded_slot_says_what_superseded_it(schedule: Schedule, clinician: User) -> None:
    rebaseline(schedule=schedule, anchor=operate(schedule), by=clinician)

    why = explain(schedule.slots.get(n=2), schedule)

    assert why.became.startswith("Superseded: Re-baseline: ")


@pytest.fixture
def half_yearly(schedule: Schedule, clinician: User) -> Slot:
    """Due on 15 July 2026, from 15 June on."""
    return change_protocol(
        schedule=schedule,
        protocol=HalfYearlyProtocolFactory.create(),
        by=clinician,
        at=morning(2, 1),
    ).slots.get(n=1)


@pytest.mark.parametrize(
    ("performed_on", "is_close"),
    [
        (date(2026, 6, 2), False),
        (date(2026, 6, 3), True),
        (date(2026, 6, 14), True),
        (date(2026, 6, 15), False),
    ],
)
def test_an_exam_within_six_weeks_before_flags_the_slot_and_never_drops_it(
    half_yearly: Slot, clinician: User, performed_on: date, is_close: bool
) -> None:
    scan(half_yearly.schedule, performed_on, clinician)

    slot = Slot.objects.get(pk=half_yearly.pk)
    assert (close_exam(slot) is not None) == is_close
    assert (slot.outcome == Outcome.OPEN) == (performed_on < date(2026, 6, 15))


def test_a_flagged_slot_may_be_skipped_before_it_is_overdue(
    half_yearly: Slot, clinician: User
) -> None:
    with pytest.raises(ValidationError, match="not overdue"):
        review(
            slot=half_yearly,
            decision=Decision.SKIP,
            reason="Too soon",
            by=clinician,
            at=morning(6, 16),
        )
    scan(half_yearly.schedule, date(2026, 6, 10), clinician)

    slot = Slot.objects.get(pk=half_yearly.pk)
    review(slot=slot, decision=Decision.SKIP, reason="CT in June", by=clinician, at=morning(6, 16))

    slot.refresh_from_db()
    assert slot.outcome == Outcome.SKIPPED


def test_the_first_review_of_a_result_counts(schedule: Schedule, clinician: User) -> None:
    scan(schedule, date(2026, 4, 14), clinician)
    study = schedule.tumour.patient.studies.get()
    result = record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=clinician)
    review_result(result=result, by=clinician, at=morning(4, 20))

    with pytest.raises(ValidationError, match="reviewed this result already"):
        review_result(result=result, by=clinician)
