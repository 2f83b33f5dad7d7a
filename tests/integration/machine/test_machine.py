"""Any sequence of what people do, in any order, on a real database: what holds after every step.

Patients are registered, enrolled, booked, scanned, missed, operated on again; a follow-up is
changed, suspended, taken up again, ended; days pass and sweeps run. Whatever the order: nobody
falls through unseen, what happened is never rewritten, and planning again changes nothing.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from django.db import transaction
from django.db.models import Model, QuerySet
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from patients.actions import add_treatment, add_tumour, register_patient
from patients.models import (
    FindingKind,
    Margin,
    Patient,
    Sex,
    Treatment,
    TreatmentKind,
    Tumour,
)
from patients.queries import clinic_days
from reminders.actions import sweep
from schedules.actions import (
    book,
    change_protocol,
    correct_result,
    decline_anchor,
    end,
    enrol,
    keep_off_schedule,
    move_booking,
    rebaseline,
    record_contact,
    record_death,
    record_result,
    record_study,
    reschedule,
    resume,
    review,
    review_result,
    suspend,
)
from schedules.anchors import anchor_for
from schedules.models import (
    ContactOutcome,
    Decision,
    Protocol,
    ResultOutcome,
    Review,
    Schedule,
    ScheduleState,
    Study,
)
from schedules.replanning import replanned
from schedules.rules.contacts import latest_snooze
from schedules.rules.outcome import Outcome
from schedules.rules.reconcile import Act
from schedules.safety import fallen_through
from surveillance.accounts.models import User
from tests.factories import (
    ClinicFactory,
    HalfYearlyProtocolFactory,
    ProtocolFactory,
    ScannerFactory,
    UserFactory,
)
from tests.integration.audit.agreement import Agreement
from tests.integration.audit.doing import administer, consent, correct, find
from tests.integration.machine.calendar import Calendar
from tests.integration.machine.standing import Standing

BOTH = ["chest", "abdomen"]
SETTLED = [Outcome.SATISFIED.value, Outcome.SKIPPED.value]
ONE_DAY = timedelta(days=1)
MANY = "CI" in os.environ

ANY = st.integers(0, 11)
"""Which one of those that there are: counted through from the first, again and again."""

T = TypeVar("T")
Do = TypeVar("Do", bound=Callable[..., None])


def one_of(those: Sequence[T], which: int) -> T:
    return those[which % len(those)]


def told_of(outcome: ResultOutcome, study: Study) -> dict[str, Any]:
    """What a result of that outcome says beside it."""
    if outcome == ResultOutcome.NO_DISEASE:
        return {}
    if outcome != ResultOutcome.NEW_LESION:
        return {"sites": ["liver S6"]}
    tumour = study.patient.tumours.order_by("id").first()
    return {"sites": ["liver S6"], "finding": FindingKind.METASTASIS, "tumour": tumour}


@dataclass(frozen=True)
class Deed:
    """Something that people do, where there is something that it can be done to."""

    do: Callable[..., None]
    there: Callable[[Standing], object]
    given: dict[str, st.SearchStrategy[Any]]


DEEDS: dict[str, Deed] = {}


def deed(
    there: Callable[[Standing], object], **given: st.SearchStrategy[Any]
) -> Callable[[Do], Do]:
    def enter(do: Do) -> Do:
        DEEDS[do.__name__] = Deed(do, there, given)
        return do

    return enter


class Story(RuleBasedStateMachine):
    """One clinic from 1 January 2026 on; whatever is done is done at nine in the morning."""

    @initialize()
    def begin(self) -> None:
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.clinic = ClinicFactory.create()
        self.scanner = ScannerFactory.create(clinic=self.clinic)
        self.protocols = [ProtocolFactory.create(), HalfYearlyProtocolFactory.create()]
        self.by = UserFactory.create()
        self.on = date(2026, 1, 1)
        self.calendar = Calendar(self.clinic)
        self.happened: dict[Model, dict[str, Any]] = {}
        self.agreement = Agreement()
        for protocol in self.protocols:
            self._enrol(self._register(mrn=protocol.code, days_ago=30), protocol)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @property
    def at(self) -> datetime:
        return datetime.combine(self.on, time(9), self.clinic.zone)

    @rule(data=st.data(), then_days=st.sampled_from([0, 0, 1, 20, 92]))
    def somebody_acts(self, data: st.DataObject, then_days: int) -> None:
        """One rule for all, so that everything that can be done is as likely as all the rest."""
        can_be_done = [name for name, one in DEEDS.items() if one.there(self.standing)]
        chosen = DEEDS[data.draw(st.sampled_from(can_be_done), "deed")]
        chosen.do(self, **{name: data.draw(each, name) for name, each in chosen.given.items()})
        self.on += timedelta(days=then_days)

    # What people do.

    @deed(lambda standing: len(standing.tumours) < 3, days_ago=st.integers(0, 200))
    def register(self, days_ago: int) -> None:
        self._register(f"MRN-{len(self.standing.tumours)}", days_ago)

    def _register(self, mrn: str, days_ago: int) -> Tumour:
        """Register a patient who was operated on with intent to cure."""
        patient = register_patient(
            clinic=self.clinic,
            mrn=mrn,
            family_name="Family",
            given_name="Given",
            birth_date=date(1960, 5, 17),
            sex=Sex.FEMALE,
            by=self.by,
            at=self.at,
        )
        tumour = add_tumour(
            patient=patient,
            site="left distal femur",
            topography="C40.2",
            morphology="8890/3",
            morphology_name="Leiomyosarcoma",
            by=self.by,
        )
        self._operate(tumour, TreatmentKind.RESECTION, days_ago)
        return tumour

    @deed(
        lambda standing: standing.to_operate,
        which=ANY,
        kind=st.sampled_from(Treatment.OPERATIONS),
        days_ago=st.sampled_from([0, 10, 100]),
    )
    def operate(self, which: int, kind: TreatmentKind, days_ago: int) -> None:
        self._operate(one_of(self.standing.to_operate, which), kind, days_ago)

    def _operate(self, tumour: Tumour, kind: TreatmentKind, days_ago: int) -> None:
        on = self.on - timedelta(days=days_ago)
        add_treatment(tumour=tumour, kind=kind, on=on, margin=Margin.R0, by=self.by, at=self.at)

    @deed(lambda standing: standing.free, which=ANY, protocol=ANY)
    def enrol(self, which: int, protocol: int) -> None:
        self._enrol(one_of(self.standing.free, which), one_of(self.protocols, protocol))

    def _enrol(self, tumour: Tumour, protocol: Protocol) -> None:
        proposal = anchor_for(tumour)
        assert proposal is not None
        enrol(tumour=tumour, protocol=protocol, anchor=proposal.event, by=self.by)

    @deed(lambda standing: standing.to_book, which=ANY, in_days=st.sampled_from([0, 7, 40, 80]))
    def book(self, which: int, in_days: int) -> None:
        book(
            slot=one_of(self.standing.to_book, which),
            scanner=self.scanner,
            # One after the other: nobody has two appointments at a time.
            starts_at=self.at + timedelta(days=in_days, minutes=30 * len(self.standing.bookings)),
            outside_window_reason="It suits the patient",
            by=self.by,
            at=self.at,
        )

    @deed(lambda standing: standing.to_move, which=ANY, in_days=st.sampled_from([0, 7, 40]))
    def reschedule(self, which: int, in_days: int) -> None:
        reschedule(
            booking=one_of(self.standing.to_move, which),
            scanner=self.scanner,
            starts_at=self.at + timedelta(days=in_days, minutes=30 * len(self.standing.bookings)),
            outside_window_reason="It suits the patient",
            by=self.by,
            at=self.at,
        )

    @deed(lambda standing: standing.to_book, which=ANY, days=st.sampled_from([0, 7, 14]))
    def call(self, which: int, days: int) -> None:
        """Nobody answers; perhaps the slot is put off."""
        slot = one_of(self.standing.to_book, which)
        until = min(self.on + timedelta(days=days), latest_snooze(slot, self.on))
        record_contact(
            slot=slot,
            outcome=ContactOutcome.NO_ANSWER,
            snooze_until=until if until > self.on else None,
            by=self.by,
            at=self.at,
        )

    @deed(lambda standing: standing.moves, which=ANY)
    def move_booking(self, which: int) -> None:
        """The patient arrives, or did not attend, or somebody cancels."""
        booking, to = one_of(self.standing.moves, which)
        move_booking(booking=booking, to=to, by=self.by, at=self.at)

    @deed(
        lambda standing: True,
        which=ANY,
        regions=st.sampled_from([BOTH, ["chest"], ["abdomen"]]),
        days_ago=st.sampled_from([0, 5, 60]),
        outcome=st.sampled_from([None, *ResultOutcome]),
    )
    def perform(
        self, which: int, regions: list[str], days_ago: int, outcome: ResultOutcome | None
    ) -> None:
        """A CT takes place, and is told of on that day or later, perhaps with its result."""
        study = record_study(
            patient=one_of(self.standing.tumours, which).patient,
            modality="CT",
            performed_on=self.on - timedelta(days=days_ago),
            regions=regions,
            by=self.by,
            at=self.at,
        )
        if outcome:
            told = told_of(outcome, study)
            record_result(study=study, outcome=outcome, **told, by=self.by, at=self.at)

    @deed(lambda standing: standing.not_matched, which=ANY)
    def keep_off_schedule(self, which: int) -> None:
        study = one_of(self.standing.not_matched, which)
        keep_off_schedule(study=study, reason="A reason", by=self.by, at=self.at)

    @deed(lambda standing: standing.not_reviewed, which=ANY)
    def review_result(self, which: int) -> None:
        review_result(result=one_of(self.standing.not_reviewed, which), by=self.by, at=self.at)

    @deed(lambda standing: standing.results, which=ANY, other=ANY)
    def correct_result(self, which: int, other: int) -> None:
        """What the result says changes, and with it what its study counts for; all else stays."""
        result = one_of(self.standing.results, which)
        slots = list(result.study.slots.all())
        counts = Study.slots.through._default_manager.filter(slot__in=slots)
        for row in (result, *slots, *counts):
            self.happened.pop(row, None)
        outcome = one_of([one for one in ResultOutcome if one != result.outcome], other)
        correct_result(
            result=result,
            outcome=outcome,
            **told_of(outcome, result.study),
            withdraws=True,
            reason="A reason",
            by=self.by,
            at=self.at,
        )

    @deed(lambda standing: standing.overdue, which=ANY, decision=st.sampled_from(Decision))
    def decide(self, which: int, decision: Decision) -> None:
        review(
            slot=one_of(self.standing.overdue, which),
            decision=decision,
            until=self.on + timedelta(days=30),
            reason="A reason",
            by=self.by,
            at=self.at,
        )

    @deed(lambda standing: standing.proposals, which=ANY, accepted=st.booleans())
    def answer_the_proposed_anchor(self, which: int, accepted: bool) -> None:
        schedule, proposal = one_of(self.standing.proposals, which)
        operation = proposal.event
        if accepted:
            rebaseline(schedule=schedule, anchor=operation, by=self.by, at=self.at)
        else:
            decline_anchor(schedule=schedule, treatment=operation, reason="A reason", by=self.by)

    @deed(lambda standing: standing.schedules_in(ScheduleState.ACTIVE), which=ANY)
    def change_protocol(self, which: int) -> None:
        schedule = one_of(self.standing.schedules_in(ScheduleState.ACTIVE), which)
        [other] = [one for one in self.protocols if one != schedule.protocol]
        change_protocol(schedule=schedule, protocol=other, by=self.by, at=self.at)

    @deed(
        lambda standing: standing.schedules_in(*Schedule.LIVE),
        which=ANY,
        for_days=st.sampled_from([1, 30, 200]),
    )
    def suspend_or_resume(self, which: int, for_days: int) -> None:
        schedule = one_of(self.standing.schedules_in(*Schedule.LIVE), which)
        if schedule.state == ScheduleState.SUSPENDED:
            resume(schedule=schedule, by=self.by, at=self.at)
        else:
            review_on = self.on + timedelta(days=for_days)
            suspend(
                schedule=schedule, reason="A reason", review_on=review_on, by=self.by, at=self.at
            )

    @deed(lambda standing: len(standing.schedules_in(*Schedule.LIVE)) > 1, which=ANY)
    def end(self, which: int) -> None:
        schedule, reason = one_of(self.standing.ending, which)
        end(schedule=schedule, end_reason=reason, explanation="In words", by=self.by, at=self.at)

    @deed(lambda standing: len(standing.living) > 1, which=ANY)
    def record_death(self, which: int) -> None:
        patient = one_of(self.standing.living, which).patient
        record_death(patient=patient, died_on=self.on, by=self.by, at=self.at)

    @deed(
        lambda standing: standing.living, which=ANY, keep=st.sampled_from([consent, find, correct])
    )
    def keep_record(self, which: int, keep: Callable[[Patient, User], None]) -> None:
        keep(one_of(self.standing.living, which).patient, self.by)

    @deed(lambda standing: True)
    def administer(self) -> None:
        administer(self.clinic, self.by)

    @deed(lambda standing: True)
    def sweep(self) -> None:
        sweep(at=self.at)

    # What holds, whatever they do.

    @invariant()
    def everything_holds(self) -> None:
        self.standing = Standing(self.on)
        self.nobody_falls_through_unseen()
        self.nobody_dead_is_followed_or_expected()
        self.what_happened_stays()
        assert not self.agreement.look()
        self.a_tumour_has_one_live_schedule_and_a_slot_one_appointment()
        self.windows_tile_and_planning_again_changes_nothing()
        self.calendar.is_told_anew()

    def nobody_falls_through_unseen(self) -> None:
        not_well = {
            tumour.patient for tumour in self.standing.tumours if not self.standing.is_well(tumour)
        }
        if not_well:
            gaps = fallen_through(clinic_days([self.clinic], at=self.at))
            assert not_well <= {row.patient for row in gaps}

    def nobody_dead_is_followed_or_expected(self) -> None:
        for schedule in self.standing.schedules:
            if schedule.tumour.patient.died_on:
                assert schedule.state not in Schedule.LIVE
                assert not any(b.is_active for s in schedule.slots.all() for b in s.bookings.all())

    def what_happened_stays(self) -> None:
        now = self._what_happened()
        for row, as_it_was in self.happened.items():
            assert now.get(row) == as_it_was, row
        self.happened = now

    def _what_happened(self) -> dict[Model, dict[str, Any]]:
        """All that the database holds of what is done with, except for what people decide later.

        Results get reviewed, and studies that count for nothing are kept off schedule.
        """
        slots = [slot for schedule in self.standing.schedules for slot in schedule.slots.all()]
        counts: QuerySet[Any] = Study.slots.through._default_manager.filter(
            slot__outcome__in=SETTLED
        )
        return {
            row: {
                field.attname: getattr(row, field.attname)
                for field in row._meta.concrete_fields
                if not field.name.startswith(("reviewed_", "kept_"))
            }
            for row in (
                *(slot for slot in slots if slot.outcome in SETTLED),
                *(booking for booking in self.standing.bookings if not booking.is_active),
                *(s for s in self.standing.schedules if s.state not in Schedule.LIVE),
                *self.standing.results,
                *Study.objects.all(),
                *counts,
                *Review.objects.all(),
            )
        }

    def a_tumour_has_one_live_schedule_and_a_slot_one_appointment(self) -> None:
        live = [one.tumour_id for one in self.standing.schedules_in(*Schedule.LIVE)]
        ahead = [booking.slot_id for booking in self.standing.bookings if booking.is_active]
        assert len(live) == len(set(live))
        assert len(ahead) == len(set(ahead))

    def windows_tile_and_planning_again_changes_nothing(self) -> None:
        for schedule in self.standing.schedules_in(ScheduleState.ACTIVE):
            slots = list(schedule.slots.all())
            for slot, following in pairwise(slots):
                assert following.n == slot.n + 1
                assert following.earliest_on == slot.lapses_on + ONE_DAY
            acts = {change.act for change in replanned(schedule).changes}
            assert acts <= {Act.KEEP, Act.ASK}


@pytest.mark.django_db(
    transaction=True
)  # each story is a transaction of its own, undone at its end
def test_no_sequence_of_acts_lets_anybody_fall_through_or_rewrites_what_happened() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=30 if MANY else 10,
            stateful_step_count=25,
            derandomize=True,
            deadline=None,
            report_multiple_bugs=False,
        ),
    )
