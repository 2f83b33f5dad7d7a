"""Whatever people do, after a sweep the two ideas of the truth agree."""

import os
import random
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from patients.actions import agree_to_messages, withdraw_consent
from patients.models import Clinic, ContactBy, Language, Patient
from reminders.actions import acknowledge, sweep
from reminders.models import Notice, Rule
from reminders.reconciliation import compare
from schedules.actions import book, move_booking, record_result, record_study, review
from schedules.models import Booking, BookingState, Decision, Result, ResultOutcome, Slot, Study
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, MembershipFactory, ScannerFactory
from tests.integration.machine.test_machine import Story
from tests.integration.reminders.days import A_DAY, moment
from tests.integration.reminders.reconciliation.comparing import follow

pytestmark = pytest.mark.django_db

MANY = 10 if "CI" in os.environ else 3


class SweptAndCompared(Story):
    """Whatever people do, and however long nobody sweeps: after a sweep nothing differs."""

    @invariant()
    def everything_holds(self) -> None:
        super().everything_holds()
        Patient.objects.filter(contact_by="", mrn__endswith="1").update(
            contact_by="sms", phone="+815000000000", consented_at=self.at
        )
        for at in (self.at, self.at + timedelta(minutes=15)):
            sweep(at=at)
            compared = compare(at)
            assert [str(difference) for difference in compared.differences] == []


@pytest.mark.django_db(transaction=True)
def test_no_sequence_of_acts_makes_the_sweep_and_the_comparison_differ() -> None:
    run_state_machine_as_test(
        SweptAndCompared,
        settings=settings(
            max_examples=MANY, stateful_step_count=15, derandomize=True, deadline=None
        ),
    )


def test_nothing_differs_in_a_clinic_that_is_swept_daily(mailoutbox: list[EmailMessage]) -> None:
    clinic = ClinicFactory.create(country="JP")
    people = Chance(clinic, random.Random(1))
    for n in range(6):
        follow(clinic, agrees=bool(n % 2))
    most = 0
    for day in range(20):
        at = moment(4, 14, hour=9) + day * A_DAY
        for _ in range(2):
            with suppress(ValidationError):
                people.act(at)
        sweep(at=at)
        compared = compare(at + timedelta(minutes=15))
        assert [str(one) for one in compared.differences] == [], at
        most = max(most, compared.expected)
    assert most > 8
    assert mailoutbox


class Chance:
    """People of a clinic who do one thing or another."""

    def __init__(self, clinic: Clinic, chance: random.Random) -> None:
        self.clinic, self.chance = clinic, chance
        self.scanner = ScannerFactory.create(clinic=clinic)
        self.by = MembershipFactory.create(clinic=clinic, role=Role.CLINICIAN).user

    def act(self, at: datetime) -> None:
        acts = (self.book, self.move, self.scan, self.decide, self.acknowledge, self.agree)
        self.chance.choice(acts)(at)

    def slot(self) -> Slot:
        return self.chance.choice(
            Slot.objects.filter(outcome__in=Slot.TO_BE_DONE, n=1).order_by("pk")
        )

    def book(self, at: datetime) -> None:
        in_hours = self.chance.randrange(1, 300)
        book(
            slot=self.slot(),
            scanner=self.scanner,
            starts_at=at + timedelta(hours=in_hours),
            outside_window_reason="It suits the patient",
            by=self.by,
            at=at,
        )

    def move(self, at: datetime) -> None:
        for booking in Booking.objects.filter(state=BookingState.BOOKED)[:1]:
            to = self.chance.choice([BookingState.CANCELLED, BookingState.NO_SHOW])
            move_booking(booking=booking, to=to, by=self.by, at=at)

    def scan(self, at: datetime) -> None:
        study: Study = record_study(
            patient=self.slot().patient,
            modality="CT",
            performed_on=at.date(),
            regions=["chest"],
            by=self.by,
            at=at,
        )
        if not Result.objects.filter(reviewed_at=None).exists():
            record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=self.by, at=at)

    def decide(self, at: datetime) -> None:
        review(
            slot=self.slot(),
            decision=self.chance.choice([Decision.CHASE, Decision.DEFER]),
            until=at.date() + 3 * A_DAY,
            by=self.by,
            at=at,
        )

    def acknowledge(self, at: datetime) -> None:
        for notice in Notice.objects.filter(rule__kind__in=Rule.ALERTS, ended_at=None)[:1]:
            acknowledge(notice=notice, by=self.by, at=at)

    def agree(self, at: datetime) -> None:
        patient = self.slot().patient
        if patient.contact_by:
            withdraw_consent(patient=patient, by=self.by)
        else:
            agree_to_messages(
                patient=patient,
                contact_by=ContactBy.EMAIL,
                email="patient@example.org",
                language=Language.JAPANESE,
                by=self.by,
                at=at,
            )
