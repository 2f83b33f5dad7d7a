"""Patients go over to a newer version: what is shown before, and that exactly that is done."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from django.core.exceptions import ValidationError

from patients.models import Clinic
from schedules.actions import activate_protocol, book, draft_protocol, review, suspend, take_over
from schedules.actions.protocols import marks, takeovers
from schedules.models import (
    Booking,
    Decision,
    Protocol,
    ProtocolState,
    Schedule,
    ScheduleState,
    Slot,
)
from schedules.takeovers import Counts, takeover_rows
from surveillance.accounts.models import User
from tests.factories import (
    PROTOCOL,
    BookingFactory,
    ProtocolFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.integration.schedules.protocols.versions import CT, phase, scan, travel
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_what_is_shown_counts_slots_by_what_becomes_of_them(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol]
) -> None:
    scan(schedule, on=date(2026, 3, 18))  # the first
    head = {"modality": "MR", "regions": ["head"]}
    new = activate(
        phase(up_to_month=12),
        phase(after_month=12, up_to_month=24, every_months=6, exams=[CT, head]),
    )

    [row] = takeover_rows(takeovers(protocol=new, clinics=[clinic]), changed=[])

    # CT is due at months 3, 6, 9, 12, 18, 24, where it was due at 3, 6 … 60; that of month 12
    # takes a late exam for longer.
    assert row.counts == Counts(stay=1, same=2, moved=3, added=2, withdrawn=14)
    assert (row.patient, row.is_changed) == (schedule.tumour.patient, False)


def test_what_was_done_is_asked_for_again_only_if_it_does_not_count(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol]
) -> None:
    scan(schedule, on=date(2026, 3, 18))
    new = activate(phase(opens_months_before=0))

    [row] = takeover_rows(takeovers(protocol=new, clinics=[clinic]), changed=[])

    assert (row.counts.stay, row.counts.added) == (1, 1)


def test_an_exam_that_was_skipped_is_told_as_added_if_it_is_asked_for_again(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol]
) -> None:
    review(
        slot=schedule.slots.get(n=1),
        decision=Decision.SKIP,
        reason="CT elsewhere",
        by=UserFactory.create(),
        at=morning(5, 20),
    )
    new = activate(phase(late_after_days=21))

    [row] = takeover_rows(takeovers(protocol=new, clinics=[clinic]), changed=[])

    assert (row.counts.stay, row.counts.added, row.counts.moved) == (1, 1, 19)


def test_what_was_missed_and_nobody_has_decided_about_is_counted(
    clinic: Clinic,
    schedule: Schedule,
    activate: Callable[..., Protocol],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = activate(phase(late_after_days=21))
    travel(monkeypatch, date(2026, 6, 15))

    [row] = takeover_rows(takeovers(protocol=new, clinics=[clinic]), changed=[])

    assert (row.counts.withdrawn, row.counts.missed) == (1, 1)


def test_going_over_does_exactly_what_was_shown(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol], signer: User
) -> None:
    others = [
        ScheduleFactory.create(
            anchor__tumour__patient__clinic=clinic,
            protocol=ProtocolFactory.create(),
            anchor__on=date(2025, month, 10),
        )
        for month in (3, 9)
    ]
    new = activate(phase(up_to_month=36), phase(after_month=36, every_months=6))
    shown = takeovers(protocol=new, clinics=[clinic])

    moved = take_over(protocol=new, clinics=[clinic], by=signer, shown=marks(shown))

    assert moved == len(shown) == 3
    for replan, old in zip(shown, [schedule, *others], strict=True):
        successor = Schedule.objects.get(replaces=old)
        assert (successor.protocol, successor.anchor_on) == (new, old.anchor_on)
        assert {
            (slot.exam, slot.n, slot.earliest_on, slot.due_on, slot.latest_on, slot.lapses_on)
            for slot in successor.slots.all()
        } == {
            (change.exam, change.n, *change.planned[-4:])
            for change in replan.changes
            if change.planned
        }
        old.refresh_from_db()
        assert (old.state, old.state_reason) == (
            ScheduleState.SUPERSEDED,
            f"Goes on under {PROTOCOL} version 2",
        )
        assert not old.slots.filter(outcome__in=Slot.TO_BE_DONE).exists()
    assert not takeovers(protocol=new, clinics=[clinic])


def test_appointments_that_go_over_keep_their_row_and_time(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol], signer: User
) -> None:
    booking = BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(4, 8))
    new = activate(phase(late_after_days=21))
    shown = takeovers(protocol=new, clinics=[clinic])
    assert [held.taken_by and held.taken_by.n for held in shown[0].held] == [1]

    take_over(protocol=new, clinics=[clinic], by=signer, shown=marks(shown))

    kept = Booking.objects.get()
    assert (kept.public_id, kept.starts_at, kept.scanner, kept.state) == (
        booking.public_id,
        booking.starts_at,
        booking.scanner,
        booking.state,
    )
    assert kept.slot == Schedule.objects.get(replaces=schedule).slots.get(n=1)


def test_an_appointment_that_no_new_slot_takes_is_at_risk_and_stays(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol], signer: User
) -> None:
    booking = BookingFactory.create(slot=schedule.slots.get(n=1), starts_at=morning(4, 8))
    new = activate(phase(every_months=6))
    shown = takeovers(protocol=new, clinics=[clinic])
    [row] = takeover_rows(shown, changed=[])
    assert (row.at_risk, row.go_over, row.counts.at_risk) == ([booking], [], 1)

    take_over(protocol=new, clinics=[clinic], by=signer, shown=marks(shown))

    kept = Booking.objects.get()
    assert (kept.slot, kept.state, kept.starts_at) == (
        booking.slot,
        booking.state,
        booking.starts_at,
    )


def _book(schedule: Schedule) -> None:
    book(
        slot=schedule.slots.get(n=1),
        scanner=ScannerFactory.create(clinic=schedule.tumour.patient.clinic),
        starts_at=morning(4, 8),
        by=UserFactory.create(),
        at=morning(3, 20),
    )


def _suspend(schedule: Schedule) -> None:
    suspend(
        schedule=schedule,
        reason="Abroad",
        review_on=date(2026, 9, 1),
        by=UserFactory.create(),
        at=morning(3, 20),
    )


def _enrol(schedule: Schedule) -> None:
    """As somebody who was a moment faster than the signature."""
    late = ScheduleFactory.create(
        anchor__tumour__patient__clinic=schedule.tumour.patient.clinic,
        protocol=Protocol.objects.get(state=ProtocolState.ACTIVE),
    )
    Schedule.objects.filter(pk=late.pk).update(protocol=schedule.protocol)


@pytest.mark.parametrize(
    "happens",
    [_book, partial(scan, on=date(2026, 4, 10)), _suspend, _enrol],
    ids=["booking", "study", "suspension", "enrolment"],
)
def test_it_stops_for_all_if_anything_has_changed_since_it_was_shown(
    clinic: Clinic,
    schedule: Schedule,
    activate: Callable[..., Protocol],
    signer: User,
    happens: Callable[[Schedule], None],
) -> None:
    ScheduleFactory.create(
        anchor__tumour__patient__clinic=clinic, protocol=ProtocolFactory.create()
    )
    new = activate(phase(late_after_days=21))
    shown = marks(takeovers(protocol=new, clinics=[clinic]))
    happens(schedule)
    before = list(Schedule.objects.order_by("pk").values())

    with pytest.raises(ValidationError, match="Something has changed since this was shown"):
        take_over(protocol=new, clinics=[clinic], by=signer, shown=shown)

    assert list(Schedule.objects.order_by("pk").values()) == before


def test_nobody_goes_over_to_a_version_that_was_retired_meanwhile(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol], signer: User
) -> None:
    second = activate(phase(late_after_days=21))
    shown = marks(takeovers(protocol=second, clinics=[clinic]))
    activate(phase(late_after_days=25))

    with pytest.raises(ValidationError, match="version 2 is not active"):
        take_over(protocol=second, clinics=[clinic], by=signer, shown=shown)


def test_other_clinics_and_suspended_follow_ups_are_not_touched(
    clinic: Clinic, schedule: Schedule, activate: Callable[..., Protocol], signer: User
) -> None:
    elsewhere = ScheduleFactory.create(protocol=schedule.protocol)
    resting = ScheduleFactory.create(
        anchor__tumour__patient__clinic=clinic, protocol=schedule.protocol
    )
    _suspend(resting)
    new = activate(phase(late_after_days=21))
    shown = takeovers(protocol=new, clinics=[clinic])
    assert [replan.schedule for replan in shown] == [schedule]

    take_over(protocol=new, clinics=[clinic], by=signer, shown=marks(shown))

    for untouched in (elsewhere, resting):
        before = untouched.protocol
        untouched.refresh_from_db()
        assert untouched.protocol == before
        assert untouched.state in Schedule.LIVE


@pytest.mark.django_db(transaction=True)
def test_of_two_who_let_all_go_over_at_once_one_is_refused() -> None:
    schedules = [ScheduleFactory.create() for _ in range(3)]
    clinics = [schedule.tumour.patient.clinic for schedule in schedules]
    draft = draft_protocol(
        based_on=schedules[0].protocol, by=UserFactory.create(), phases=[phase(late_after_days=21)]
    )
    activate_protocol(protocol=draft, by=UserFactory.create())
    new = Protocol.objects.get(pk=draft.pk)
    shown = marks(takeovers(protocol=new, clinics=clinics))

    outcomes = at_once(
        [
            partial(take_over, protocol=new, clinics=clinics, by=by, shown=shown)
            for by in UserFactory.create_batch(2)
        ]
    )

    assert [outcome for outcome in outcomes if not isinstance(outcome, ValidationError)] == [3]
    assert Schedule.objects.filter(protocol=new).count() == 3
