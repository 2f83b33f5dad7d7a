from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from patients.models import Clinic
from patients.queries import clinic_days
from schedules.actions import (
    activate_protocol,
    book,
    draft_protocol,
    record_study,
    review,
    suspend,
    take_over,
)
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
from schedules.protocol_files import load_protocols
from schedules.queries import to_book
from schedules.rules.outcome import Outcome
from schedules.takeovers import Counts, takeover_rows
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import (
    PROTOCOL,
    BookingFactory,
    ClinicFactory,
    ProtocolFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 20)
CT = {"modality": "CT", "regions": ["chest", "abdomen"]}


def phase(**changes: Any) -> dict[str, Any]:
    return {
        "after_month": 0,
        "up_to_month": 60,
        "every_months": 3,
        "opens_months_before": 1,
        "late_after_days": 14,
        "exams": [CT],
    } | changes


def travel(monkeypatch: pytest.MonkeyPatch, to: date) -> None:
    """Let it be that day in every clinic, for whoever does not ask about a moment."""
    by_moment = Clinic.today
    monkeypatch.setattr(
        Clinic, "today", lambda clinic, at=None: by_moment(clinic, at) if at else to
    )


@pytest.fixture
def author() -> User:
    return UserFactory.create(first_name="Ada", last_name="Author")


@pytest.fixture
def signer() -> User:
    return UserFactory.create(first_name="Sigrid", last_name="Signer")


@pytest.fixture
def shipped() -> Protocol:
    return ProtocolFactory.create()


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic where it is 20 March 2026: the first window of a schedule is open."""
    travel(monkeypatch, TODAY)
    return ClinicFactory.create()


@pytest.fixture
def schedule(clinic: Clinic, shipped: Protocol) -> Schedule:
    """On version 1, from the resection of 15 January 2026."""
    return ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)


@pytest.fixture
def activate(shipped: Protocol, author: User, signer: User) -> Callable[..., Protocol]:
    """Draft, sign and return a version with other phases."""

    def do(*phases: dict[str, Any]) -> Protocol:
        draft = draft_protocol(based_on=shipped, by=author, phases=list(phases))
        activate_protocol(protocol=draft, by=signer)
        return Protocol.objects.get(pk=draft.pk)

    return do


def scan(schedule: Schedule, on: date) -> None:
    record_study(
        patient=schedule.tumour.patient,
        modality="CT",
        performed_on=on,
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(12, 31),
    )


# What is or was in use never changes.


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Another"),
        ("phases", [phase(every_months=6)]),
        ("note", ""),
        ("version", 9),
        ("state", ProtocolState.DRAFT),
    ],
)
def test_a_version_in_use_cannot_be_changed_by_any_model(
    state: ProtocolState, field: str, value: Any
) -> None:
    protocol = ProtocolFactory.create(state=state)
    setattr(protocol, field, value)

    with pytest.raises(IntegrityError, match=f"version 1 is {state}: a change is a new version"):
        protocol.save()


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schedules_protocol SET title = 'Another'",
        "UPDATE schedules_protocol SET state = 'draft'",
        "UPDATE schedules_protocol SET state = 'retired', title = 'Another'",
        "DELETE FROM schedules_protocol",
    ],
)
def test_a_version_in_use_cannot_be_changed_or_deleted_by_sql(
    state: ProtocolState, statement: str
) -> None:
    ProtocolFactory.create(state=state)

    with (
        pytest.raises(IntegrityError, match=f"version 1 is {state}"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert Protocol.objects.get().state == state


def test_a_retired_version_cannot_come_back() -> None:
    ProtocolFactory.create(state=ProtocolState.RETIRED)

    with pytest.raises(IntegrityError, match="is retired: a change is a new version"):
        Protocol.objects.update(state=ProtocolState.ACTIVE)


def test_an_active_version_can_be_retired_and_a_draft_can_change_and_go(
    shipped: Protocol, author: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    Protocol.objects.filter(pk=shipped.pk).update(state=ProtocolState.RETIRED)
    Protocol.objects.filter(pk=draft.pk).update(title="Another")
    Protocol.objects.get(pk=draft.pk).delete()

    assert Protocol.objects.get().state == ProtocolState.RETIRED


def test_the_database_refuses_a_second_active_version(shipped: Protocol) -> None:
    with pytest.raises(IntegrityError, match="one_active_version_per_code"):
        ProtocolFactory.create(version=2)


@pytest.mark.parametrize("is_drafted", [True, False])
def test_the_database_refuses_a_signature_without_a_second_person(
    author: User, is_drafted: bool
) -> None:
    with pytest.raises(IntegrityError, match="signed_by_a_second_person"):
        ProtocolFactory.create(drafted_by=author if is_drafted else None, signed_by=author)


# Drafting.


def test_a_draft_begins_with_what_its_base_says(shipped: Protocol, author: User) -> None:
    draft = draft_protocol(based_on=shipped, by=author, title="Another", missing="a page number")

    stored = Protocol.objects.get(version=2)
    assert stored == draft
    assert (stored.state, stored.drafted_by, stored.signed_by) == (
        ProtocolState.DRAFT,
        author,
        None,
    )
    assert (stored.title, stored.missing) == ("Another", "a page number")
    for field in ("code", "population", "citation", "quote", "note", "suits", "phases"):
        assert getattr(stored, field) == getattr(shipped, field)


def test_a_draft_and_its_signature_are_in_the_audit(
    shipped: Protocol, author: User, signer: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)
    activate_protocol(protocol=draft, by=signer)

    assert list(Event.objects.order_by("pk").values_list("act", "by_name", "detail")) == [
        (
            "protocol.drafted",
            "Ada Author",
            {"protocol": PROTOCOL, "version": 2, "based_on": 1},
        ),
        ("protocol.activated", "Sigrid Signer", {"protocol": PROTOCOL, "version": 2}),
    ]


def test_a_draft_can_be_made_for_no_tumour_in_particular(shipped: Protocol, author: User) -> None:
    assert draft_protocol(based_on=shipped, by=author, suits={}).suits == {}


@pytest.mark.parametrize(
    ("told", "field", "message"),
    [
        ({"phases": []}, "phases", "no phases"),
        ({"phases": [phase(every_months=0)]}, "phases", "phase after month 0: the interval"),
        (
            {"phases": [phase(up_to_month=36), phase(after_month=48)]},
            "phases",
            "phase after month 48: the phase before it ends at month 36",
        ),
        ({"suits": {"age": [60]}}, "suits", "unknown age"),
        ({"citation": ""}, "citation", "blank"),
        ({"quote": ""}, "quote", "blank"),
        ({"title": "x" * 201}, "title", "200"),
    ],
)
def test_a_bad_draft_is_refused_with_the_place_named(
    shipped: Protocol, author: User, told: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        draft_protocol(based_on=shipped, by=author, **told)

    assert list(refused.value.message_dict) == [field]
    assert Protocol.objects.get() == shipped


@pytest.mark.django_db(transaction=True)
def test_of_several_who_draft_at_once_each_has_a_version() -> None:
    shipped = ProtocolFactory.create()
    authors = UserFactory.create_batch(4)

    outcomes = at_once([partial(draft_protocol, based_on=shipped, by=by) for by in authors])

    assert sorted(str(outcome) for outcome in outcomes) == [
        f"{PROTOCOL} version {version}" for version in (2, 3, 4, 5)
    ]


# Signing.


def test_a_second_person_signs_and_the_version_before_is_retired(
    shipped: Protocol, author: User, signer: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    activate_protocol(protocol=draft, by=signer, at=morning(3, 20))

    draft.refresh_from_db()
    shipped.refresh_from_db()
    assert (draft.state, draft.signed_by, draft.signed_at) == (
        ProtocolState.ACTIVE,
        signer,
        morning(3, 20),
    )
    assert shipped.state == ProtocolState.RETIRED


def test_the_author_cannot_sign(shipped: Protocol, author: User) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    with pytest.raises(ValidationError, match="a second person must sign: you wrote this draft"):
        activate_protocol(protocol=draft, by=author)

    draft.refresh_from_db()
    assert (draft.state, draft.signed_by) == (ProtocolState.DRAFT, None)


@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        ({"drafted_by": None}, "a clinician must complete it as a draft of their own"),
        ({"missing": "the end"}, "still missing: the end"),
        ({"citation": ""}, "no citation"),
        ({"phases": []}, "no phases"),
        ({"phases": [phase(exams=[])]}, "phase after month 0: no exams"),
        (
            {"phases": [phase(exams=[{"modality": "", "regions": ["chest"]}])]},
            "phase 1, exam without a modality",
        ),
    ],
)
def test_each_obstacle_is_named_and_keeps_a_draft_from_being_signed(
    author: User, signer: User, lacks: dict[str, Any], why: str
) -> None:
    draft = ProtocolFactory.create(**{"state": ProtocolState.DRAFT, "drafted_by": author} | lacks)

    with pytest.raises(ValidationError) as refused:
        activate_protocol(protocol=draft, by=signer)

    assert refused.value.messages == [f"It cannot be signed: {why}."]
    draft.refresh_from_db()
    assert draft.state == ProtocolState.DRAFT


def test_all_that_ships_but_one_is_a_draft_that_nobody_can_sign(signer: User) -> None:
    loaded = load_protocols()

    active = [protocol.code for protocol in loaded if protocol.state == ProtocolState.ACTIVE]
    drafts = [protocol for protocol in loaded if protocol.state == ProtocolState.DRAFT]
    assert active == [PROTOCOL]
    assert len(drafts) == len(loaded) - 1 > 0
    for draft in drafts:
        assert draft.note
        with pytest.raises(ValidationError, match="a clinician must complete it"):
            activate_protocol(protocol=draft, by=signer)


def test_a_shipped_draft_that_a_clinician_has_completed_can_be_signed(
    author: User, signer: User
) -> None:
    load_protocols()
    incomplete = Protocol.objects.get(code="esmo-sts-low")
    assert incomplete.flaw

    completed = draft_protocol(based_on=incomplete, by=author, missing="", phases=[phase()])
    activate_protocol(protocol=completed, by=signer)

    completed.refresh_from_db()
    assert completed.state == ProtocolState.ACTIVE


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
def test_only_a_draft_can_be_signed(signer: User, state: ProtocolState) -> None:
    protocol = ProtocolFactory.create(state=state)

    with pytest.raises(ValidationError, match=f"version 1 is {state} already"):
        activate_protocol(protocol=protocol, by=signer)


def test_a_draft_older_than_the_active_version_cannot_be_signed(
    shipped: Protocol, author: User, signer: User
) -> None:
    older, newer = (draft_protocol(based_on=shipped, by=author) for _ in range(2))
    activate_protocol(protocol=newer, by=signer)

    with pytest.raises(ValidationError, match="version 3 is newer and active: draft from that"):
        activate_protocol(protocol=older, by=signer)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_sign_a_draft_at_once_one_is_told_that_it_is_active() -> None:
    draft = draft_protocol(based_on=ProtocolFactory.create(), by=UserFactory.create())
    signers = UserFactory.create_batch(2)

    outcomes = at_once([partial(activate_protocol, protocol=draft, by=by) for by in signers])

    [refusal] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refusal, ValidationError)
    assert refusal.messages == [f"{PROTOCOL} version 2 is active already."]
    assert Protocol.objects.get(state=ProtocolState.ACTIVE).signed_by in signers
    assert Event.objects.filter(act="protocol.activated").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_drafts_that_are_signed_at_once_the_newer_is_active() -> None:
    shipped, author = ProtocolFactory.create(), UserFactory.create()
    drafts = [draft_protocol(based_on=shipped, by=author) for _ in range(2)]

    outcomes = at_once(
        [partial(activate_protocol, protocol=draft, by=UserFactory.create()) for draft in drafts]
    )

    assert Protocol.objects.get(state=ProtocolState.ACTIVE) == drafts[1]
    assert outcomes[1] is None
    assert outcomes[0] is None or "version 3 is newer and active" in str(outcomes[0])


# Retired versions serve on.


def test_a_retired_version_serves_its_schedules_and_new_ones_take_the_active_one(
    schedule: Schedule, activate: Callable[..., Protocol]
) -> None:
    new = activate(phase(every_months=6))

    schedule.refresh_from_db()
    assert (schedule.state, schedule.protocol.state) == (
        ScheduleState.ACTIVE,
        ProtocolState.RETIRED,
    )
    first = schedule.slots.get(n=1)
    assert list(to_book(clinic_days([schedule.tumour.patient.clinic], on=TODAY))) == [first]
    scan(schedule, on=date(2026, 4, 10))
    first.refresh_from_db()
    assert first.outcome == Outcome.SATISFIED
    with pytest.raises(ValidationError, match="Only an active protocol"):
        ScheduleFactory.create(protocol=schedule.protocol)
    assert ScheduleFactory.create(protocol=new).slots.get(n=1).due_on == date(2026, 7, 15)


# Going over to a newer version.


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
