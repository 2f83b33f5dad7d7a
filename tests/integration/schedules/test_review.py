from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from patients.queries import clinic_days
from schedules.actions import record_study, review, review_together
from schedules.models import Decision, Review, ScheduleState, Slot
from schedules.queries import deferred, overdue
from schedules.rules.outcome import Outcome
from surveillance.audit.models import Event
from tests.factories import ScheduleFactory, UserFactory, morning
from tests.threads import at_once

pytestmark = pytest.mark.django_db


THREE_WEEKS_OVERDUE = morning(5, 20)


@pytest.fixture
def slot() -> Slot:
    """The first slot, overdue from 30 April 2026."""
    return ScheduleFactory.create().slots.get(n=1)


def decide(
    slot: Slot,
    decision: Decision,
    *,
    until: date | None = None,
    reason: str = "",
    at: datetime = THREE_WEEKS_OVERDUE,
) -> Review:
    return review(
        slot=slot, decision=decision, until=until, reason=reason, by=UserFactory.create(), at=at
    )


def overdue_on(slot: Slot, on: date) -> bool:
    return overdue(clinic_days([slot.patient.clinic], on=on)).filter(pk=slot.pk).exists()


def deferred_on(slot: Slot, on: date) -> bool:
    return deferred(clinic_days([slot.patient.clinic], on=on)).filter(pk=slot.pk).exists()


@pytest.mark.parametrize("decision", [Decision.CHASE, Decision.REBOOK])
def test_a_slot_to_chase_or_rebook_stays_overdue(slot: Slot, decision: Decision) -> None:
    row = decide(slot, decision, reason="Called, no answer")

    assert Review.objects.get() == row
    assert overdue_on(slot, date(2026, 5, 20))
    assert Event.objects.get(act=f"review.{decision.value}").detail["reason"] == "Called, no answer"


def test_a_deferred_slot_is_hidden_until_its_day_and_then_comes_back(slot: Slot) -> None:
    decide(slot, Decision.DEFER, until=date(2026, 6, 3), reason="Recovers from surgery")

    assert [overdue_on(slot, date(2026, 6, day)) for day in (2, 3)] == [False, True]
    assert [deferred_on(slot, date(2026, 6, day)) for day in (2, 3)] == [True, False]


def test_of_two_deferrals_the_last_one_counts(slot: Slot) -> None:
    decide(slot, Decision.DEFER, until=date(2036, 6, 3))  # a slip of the hand

    decide(slot, Decision.DEFER, until=date(2026, 6, 3))

    assert overdue_on(slot, date(2026, 6, 3))


@pytest.mark.parametrize("until", [None, date(2026, 5, 19), date(2026, 5, 20)])
def test_a_deferral_needs_a_day_to_come(slot: Slot, until: date | None) -> None:
    with pytest.raises(ValidationError) as refused:
        decide(slot, Decision.DEFER, until=until, at=morning(5, 20))

    assert refused.value.message_dict == {"until": ["Defer until a day that is still to come."]}
    assert not Review.objects.exists()


def test_only_a_deferral_keeps_an_until(slot: Slot) -> None:
    row = decide(slot, Decision.CHASE, until=date(2026, 6, 3))

    assert row.until is None


def test_a_skipped_slot_is_done_with_and_the_next_one_goes_on(slot: Slot) -> None:
    decide(slot, Decision.SKIP, reason="PET-CT elsewhere")

    slot.refresh_from_db()
    assert (slot.outcome, slot.outcome_reason) == (Outcome.SKIPPED, "PET-CT elsewhere")
    assert not overdue_on(slot, date(2026, 5, 20))
    assert slot.schedule.slots.get(n=2).outcome == Outcome.OPEN
    assert slot.schedule.state == ScheduleState.ACTIVE


def test_a_skipped_slot_stays_skipped_whatever_is_scanned(slot: Slot) -> None:
    decide(slot, Decision.SKIP, reason="PET-CT elsewhere")

    record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 5, 21),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(5, 22),
    )

    slot.refresh_from_db()
    assert slot.outcome == Outcome.SKIPPED


def test_ending_the_follow_up_withdraws_what_is_left(slot: Slot) -> None:
    record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 14),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(4, 14),
    )
    second = slot.schedule.slots.get(n=2)

    decide(second, Decision.TERMINATE, reason="Palliative care", at=morning(8, 20))

    schedule = slot.schedule
    schedule.refresh_from_db()
    assert (schedule.state, schedule.state_reason) == (ScheduleState.TERMINATED, "Palliative care")
    assert schedule.ended_at == morning(8, 20)
    assert schedule.slots.get(n=1).outcome == Outcome.SATISFIED
    assert schedule.slots.filter(outcome=Outcome.WITHDRAWN).count() == 19


@pytest.mark.parametrize("decision", [Decision.SKIP, Decision.TERMINATE])
def test_skipping_and_ending_need_a_reason(slot: Slot, decision: Decision) -> None:
    with pytest.raises(ValidationError, match="Give a reason") as refused:
        decide(slot, decision)

    assert list(refused.value.message_dict) == ["reason"]
    slot.refresh_from_db()
    assert slot.outcome == Outcome.OPEN
    assert slot.schedule.state == ScheduleState.ACTIVE


@pytest.mark.parametrize("decision", [Decision.SKIP, Decision.TERMINATE])
def test_the_database_refuses_to_skip_or_end_without_a_reason(
    slot: Slot, decision: Decision
) -> None:
    with pytest.raises(IntegrityError, match="skipped_or_ended_for_a_reason"):
        Review.objects.create(slot=slot, decision=decision, by=UserFactory.create())


@pytest.mark.parametrize("decision", Decision)
def test_a_slot_that_is_still_on_time_cannot_be_reviewed(slot: Slot, decision: Decision) -> None:
    with pytest.raises(ValidationError, match="not overdue before 29 April 2026 is past"):
        decide(slot, decision, until=date(2026, 6, 3), reason="Too early", at=morning(4, 29))

    assert not Review.objects.exists()


def test_a_slot_can_be_reviewed_from_its_first_day_overdue(slot: Slot) -> None:
    row = decide(slot, Decision.CHASE, at=morning(4, 30))

    assert row.at == morning(4, 30)


def test_of_two_who_decide_the_second_is_told_what_the_first_did(slot: Slot) -> None:
    decide(slot, Decision.SKIP, reason="PET-CT elsewhere")

    with pytest.raises(ValidationError, match=r"Nothing is left to do here: .* skipped"):
        decide(slot, Decision.TERMINATE, reason="Palliative care")

    assert Review.objects.count() == 1


def test_a_decision_over_one_that_was_not_shown_is_refused_with_who_and_what(slot: Slot) -> None:
    before = decide(slot, Decision.CHASE)
    first = decide(slot, Decision.DEFER, until=date(2026, 6, 3), reason="Surgery")

    for unseen in ("", str(before.public_id)):
        with pytest.raises(ValidationError) as refused:
            review(
                slot=slot,
                decision=Decision.CHASE,
                seen=unseen,
                by=UserFactory.create(),
                at=THREE_WEEKS_OVERDUE,
            )
        assert refused.value.messages == [
            f"{first.by} has decided meanwhile: Defer until 3 June 2026 (Surgery). "
            "Decide again if it is still needed."
        ]
    assert Review.objects.latest("id") == first


def test_who_has_seen_the_last_decision_or_is_not_asked_may_decide(slot: Slot) -> None:
    first = decide(slot, Decision.CHASE)

    for seen in (str(first.public_id), None):
        by = UserFactory.create()
        last = review(slot=slot, decision=Decision.CHASE, seen=seen, by=by, at=THREE_WEEKS_OVERDUE)
        assert last.by == by
    assert Review.objects.count() == 3


def test_one_refusal_among_several_undoes_no_other() -> None:
    late, on_time = (
        ScheduleFactory.create(anchor__on=on).slots.get(n=1)
        for on in (date(2024, 1, 15), date(2999, 1, 15))
    )

    refused = review_together(
        shown={on_time: "", late: ""}, decision=Decision.CHASE, by=UserFactory.create()
    )

    assert list(refused) == [on_time]
    assert "is not overdue before" in refused[on_time]
    assert Review.objects.get().slot == late


@pytest.mark.parametrize("decision", [Decision.DEFER, Decision.SKIP, Decision.TERMINATE])
def test_what_takes_a_slot_off_the_list_is_decided_one_by_one(
    slot: Slot, decision: Decision
) -> None:
    with pytest.raises(ValidationError):
        review_together(shown={slot: ""}, decision=decision, by=UserFactory.create(), reason="x")

    assert not Review.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_the_second_is_told_what_the_first_decided() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    decisions = (Decision.CHASE, Decision.REBOOK)
    people = UserFactory.create_batch(2)
    deciding: list[Callable[[], Review]] = [
        partial(review, slot=slot, decision=decision, seen="", by=by, at=THREE_WEEKS_OVERDUE)
        for decision, by in zip(decisions, people, strict=True)
    ]

    outcomes = at_once(deciding)

    [done] = [one for one in outcomes if isinstance(one, Review)]
    [refused] = [one for one in outcomes if isinstance(one, ValidationError)]
    assert Review.objects.get() == done
    assert f"{done.by} has decided meanwhile: {done.get_decision_display()}." in refused.messages[0]
