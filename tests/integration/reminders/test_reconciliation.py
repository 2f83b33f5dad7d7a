"""What should have been said is compared with what was, by an idea of the truth of its own."""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from patients.actions import agree_to_messages, withdraw_consent
from patients.models import Clinic, ContactBy, Language, Patient
from reminders.actions import acknowledge, decide_hold, sweep
from reminders.alarms import raise_alarm
from reminders.models import (
    Alarm,
    AlarmKind,
    Hold,
    Kind,
    Line,
    Message,
    MessageState,
    Notice,
    Reconciliation,
    Rule,
    Watch,
)
from reminders.models.watch import AT_ONCE
from reminders.reconciliation import compare, reconcile
from reminders.tasks import reconcile as reconcile_task
from schedules.actions import book, move_booking, record_result, record_study, review
from schedules.models import Booking, BookingState, Decision, Result, ResultOutcome, Slot, Study
from surveillance.accounts.roles import Role
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    PatientFactory,
    ScannerFactory,
    ScheduleFactory,
    UserFactory,
)
from tests.integration.reminders.days import A_DAY, live, moment
from tests.integration.reminders.mail_server import MailServer
from tests.integration.test_machine import Story

pytestmark = pytest.mark.django_db

MANY = 10 if "CI" in os.environ else 3
NOON = moment(5, 1, hour=13)  # the slot of `overdue` was overdue from 30 April


def follow(clinic: Clinic | None = None, *, agrees: bool = False) -> Slot:
    """Return the first slot of a new patient: due on 15 April, overdue from the 30th."""
    patient = PatientFactory.create(clinic=clinic or ClinicFactory.create())
    if agrees:
        agree_to_messages(
            patient=patient,
            contact_by=ContactBy.EMAIL,
            email="patient@example.org",
            language=Language.ENGLISH,
            by=UserFactory.create(),
            at=moment(1, 20),
        )
    return ScheduleFactory.create(anchor__tumour__patient=patient).slots.get(n=1)


@pytest.fixture
def overdue() -> Slot:
    """All that should have been said of it by 1 May was said."""
    slot = follow()
    live(date(2026, 4, 29), date(2026, 5, 1))
    return slot


def differences(at: datetime = NOON) -> dict[str, int]:
    return {one.what: one.count for one in compare(at).differences}


def unseen(statement: str) -> None:
    """Change rows without a trigger that would tell of it, as a restored table or a bug does."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_where_all_was_said_nothing_differs_and_a_row_says_how_much_was_looked_at(
    overdue: Slot,
) -> None:
    compared = reconcile(at=NOON)

    # To book since the window opened, to book since the due date, and overdue.
    assert (compared.slots, compared.expected, compared.differences) == (20, 3, 0)
    assert str(compared) == "looked at 20 slots: 3 things should have been said, 0 were not"
    assert not Alarm.objects.exists()


def test_the_task_compares_as_of_now() -> None:
    reconcile_task()

    assert Reconciliation.objects.get().differences == 0


# Faults, made by hand.


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (
            "UPDATE reminders_notice SET ended_at = now(), end_reason = 'by mistake'",
            {"Not said: exam overdue": 1, "Not said: exam to be booked": 2},
        ),
        (
            "DELETE FROM reminders_line; DELETE FROM reminders_notice",
            {"Not said: exam overdue": 1, "Not said: exam to be booked": 2},
        ),
        (
            "UPDATE schedules_slot SET outcome = 'satisfied' WHERE n = 1",
            {"Still said of what is over, notices": 3},
        ),
        (
            "UPDATE schedules_schedule SET state = 'suspended'",
            {"Still said of what is over, notices": 3},
        ),
        (
            "UPDATE reminders_rule SET active = false WHERE kind = 'to_book'",
            {"Still said of what is over, notices": 2},
        ),
        (
            "UPDATE reminders_line SET message_id = NULL",
            {"Never gathered into a message, of notices": 3},
        ),
        (
            "UPDATE reminders_line SET withdrawn_at = '2026-05-01 08:00+09'",
            {"Withdrawn though it is still true, of notices": 3},
        ),
        (
            "UPDATE reminders_message SET state = 'queued'",
            {"Not delivered for more than an hour, messages": 2},
        ),
        (
            "UPDATE reminders_message SET state = 'sending'",
            {"Not delivered for more than an hour, messages": 2},
        ),
    ],
)
def test_a_fault_that_no_trigger_saw_is_found(
    overdue: Slot, fault: str, found: dict[str, int]
) -> None:
    unseen(fault)

    assert differences() == found


def test_a_patient_whom_the_sweep_has_lost_is_found_once_something_should_be_said() -> None:
    slot = follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    Watch.objects.filter(patient=slot.patient).update(look_at=moment(12, 31))
    live(date(2026, 4, 30), date(2026, 5, 1))

    assert differences(moment(4, 29, hour=23)) == {}
    assert differences() == {"Not said: exam overdue": 1}


def test_a_patient_who_is_on_no_watch_at_all_is_found() -> None:
    follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    Watch.objects.all().delete()
    live(date(2026, 4, 30), date(2026, 5, 1))

    assert differences()["Not said: exam overdue"] == 1


def test_the_lead_who_was_not_told_in_time_is_missed(overdue: Slot) -> None:
    live(date(2026, 5, 2), date(2026, 5, 14))
    assert differences(moment(5, 14, hour=2)) == {}
    unseen(
        "UPDATE reminders_notice SET ended_at = now(), end_reason = 'by mistake' WHERE rule_id IN "
        "(SELECT id FROM reminders_rule WHERE audience = 'lead')"
    )

    assert differences(moment(5, 14, hour=2)) == {"Not said: exam overdue": 1}


def test_a_result_that_nobody_hears_of_is_found() -> None:
    slot = follow()
    study = record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 14),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=moment(4, 14, hour=9),
    )
    record_result(
        study=study,
        outcome=ResultOutcome.NEW_LESION,
        sites=["liver"],
        by=UserFactory.create(),
        at=moment(4, 15, hour=9),
    )
    live(date(2026, 4, 14), date(2026, 4, 16))
    assert differences(moment(4, 16, hour=13)) == {}
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    compared = compare(moment(4, 16, hour=13))

    [difference] = compared.differences
    assert difference.what == "Not said: result not reviewed"
    assert difference.first == [str(study.public_id)]


def test_a_consenting_patient_who_is_not_told_of_tomorrow_is_found() -> None:
    slot = follow(agrees=True)
    BookingFactory.create(slot=slot, starts_at=moment(4, 8, hour=9), at=moment(3, 20))
    live(date(2026, 4, 6), date(2026, 4, 7))
    assert differences(moment(4, 7, hour=13)) == {}
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    assert differences(moment(4, 7, hour=13)) == {"Not said: appointment ahead": 1}


def test_a_no_show_that_the_nurses_do_not_hear_of_is_found() -> None:
    booking = BookingFactory.create(starts_at=moment(4, 8, hour=9), at=moment(3, 20))
    live(date(2026, 4, 8), date(2026, 4, 8))
    move_booking(
        booking=booking,
        to=BookingState.NO_SHOW,
        by=UserFactory.create(),
        at=moment(4, 8, hour=15),
    )
    live(date(2026, 4, 9), date(2026, 4, 9))
    assert differences(moment(4, 9, hour=13)) == {}
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice WHERE booking_id IS NOT NULL")

    assert differences(moment(4, 9, hour=13)) == {"Not said: did not attend": 1}


def test_a_patient_who_agrees_no_more_and_whose_notice_stays_is_found() -> None:
    slot = follow(agrees=True)
    BookingFactory.create(slot=slot, starts_at=moment(4, 8, hour=9), at=moment(3, 20))
    live(date(2026, 4, 6), date(2026, 4, 7))
    unseen("UPDATE patients_patient SET contact_by = '', consented_at = NULL")

    assert differences(moment(4, 7, hour=13)) == {"Still said of what is over, notices": 1}


# It does not cry in vain.


def test_what_became_so_at_midnight_is_given_an_hour() -> None:
    follow()
    live(date(2026, 4, 28), date(2026, 4, 29))

    assert differences(moment(4, 30, hour=0, minute=59)) == {}
    assert differences(moment(4, 30, hour=1, minute=1)) == {"Not said: exam overdue": 1}


@pytest.mark.parametrize(
    "answer",
    [
        lambda slot: review(
            slot=slot, decision=Decision.CHASE, by=UserFactory.create(), at=moment(4, 30, hour=15)
        ),
        lambda slot: review(
            slot=slot,
            decision=Decision.DEFER,
            until=date(2026, 6, 1),
            by=UserFactory.create(),
            at=moment(4, 30, hour=15),
        ),
        lambda slot: acknowledge(
            notice=Notice.objects.get(rule__kind=Kind.OVERDUE),
            by=UserFactory.create(),
            at=moment(4, 30, hour=15),
        ),
        lambda slot: BookingFactory.create(
            slot=slot, starts_at=moment(5, 20, hour=9), at=moment(4, 30, hour=15)
        ),
        lambda slot: Rule.objects.update(active=False),
    ],
    ids=["chased", "deferred", "acknowledged", "booked", "no rule"],
)
def test_what_somebody_has_in_hand_need_not_be_said(
    overdue: Slot, answer: Callable[[Slot], object]
) -> None:
    sweep(at=moment(4, 30, hour=14))
    answer(overdue)
    live(date(2026, 5, 1), date(2026, 5, 2))

    assert differences(moment(5, 2, hour=13)) == {}


def test_an_answer_that_has_run_out_is_asked_for_again(overdue: Slot) -> None:
    acknowledge(
        notice=Notice.objects.get(rule__kind=Kind.OVERDUE), by=UserFactory.create(), at=NOON
    )
    last_day = moment(5, 14, hour=23)
    live(date(2026, 5, 2), date(2026, 5, 14))
    assert differences(last_day) == {}

    # No sweep after that.
    assert differences(last_day + timedelta(hours=1, minutes=30)) == {}
    assert differences(last_day + timedelta(hours=3))["Not said: exam overdue"] == 1


def test_a_change_waits_for_the_next_sweep(overdue: Slot) -> None:
    booking = BookingFactory.create(
        slot=overdue, starts_at=moment(5, 4, hour=9), at=moment(5, 1, hour=14)
    )
    assert differences(moment(5, 1, hour=23)) == {}
    sweep(at=moment(5, 1, hour=23))
    move_booking(
        booking=booking,
        to=BookingState.CANCELLED,
        by=UserFactory.create(),
        at=moment(5, 1, hour=23),
    )

    assert Watch.objects.get().look_at == AT_ONCE
    assert differences(moment(5, 1, hour=23)) == {}


def test_what_an_administrator_holds_or_discards_is_no_difference(overdue: Slot) -> None:
    clinic = overdue.patient.clinic
    hold = Hold.objects.create(clinic=clinic, at=NOON, lines=3, usual=1)
    Message.objects.update(state=MessageState.HELD, hold=hold)
    assert differences() == {}

    decide_hold(hold=hold, release=False, by=UserFactory.create(), at=moment(5, 1, hour=9))

    assert not Line.objects.filter(withdrawn_at=None).exists()
    assert differences() == {}


def test_a_message_that_was_refused_for_now_is_waited_for(mail_server: MailServer) -> None:
    follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    mail_server.refuses_senders = "450 not now"
    for minutes in (0, 2, 6, 12, 25, 50, 100):
        sweep(at=moment(4, 30, hour=8, minute=0) + timedelta(minutes=minutes))

    assert Message.objects.filter(state=MessageState.QUEUED).exists()
    assert differences(moment(4, 30, hour=9, minute=45)) == {}


def test_a_message_that_could_not_leave_before_closing_is_given_an_hour_of_the_morning(
    overdue: Slot,
) -> None:
    Message.objects.update(state=MessageState.QUEUED, next_try_at=moment(5, 1, hour=18, minute=50))

    assert differences(moment(5, 1, hour=23)) == {}
    assert differences(moment(5, 2, hour=8, minute=59)) == {}
    assert differences(moment(5, 2, hour=9)) == {"Not delivered for more than an hour, messages": 2}

    Message.objects.update(any_hour=True)

    assert differences(moment(5, 1, hour=23)) == {
        "Not delivered for more than an hour, messages": 2
    }


# What is done with a difference.


def test_a_difference_raises_one_alarm_that_administrators_get_and_that_ends_by_itself(
    overdue: Slot, mailoutbox: list[EmailMessage]
) -> None:
    MembershipFactory.create(
        clinic=overdue.patient.clinic, role=Role.ADMINISTRATOR, user__email="ada@example.org"
    )
    mailoutbox.clear()
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    compared = [reconcile(at=NOON + timedelta(minutes=15 * n)) for n in range(3)]

    assert [one.differences for one in compared] == [3, 3, 3]
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.clinic, alarm.ended_at) == (AlarmKind.DIFFERENCE, None, None)
    assert alarm.detail.splitlines() == [
        "Compared on 01 May 2026 at 04:31 UTC.",
        f"Not said: exam overdue: 1 ({overdue.public_id})",
        f"Not said: exam to be booked: 2 ({overdue.public_id}, {overdue.public_id})",
    ]
    [mail] = mailoutbox
    assert mail.to == ["ada@example.org"]
    assert str(overdue.patient) not in f"{mail.message()}"

    Watch.objects.update(look_at=AT_ONCE)
    sweep(at=NOON + timedelta(hours=1))

    assert reconcile(at=NOON + timedelta(hours=1)).differences == 0
    alarm.refresh_from_db()
    assert alarm.ended_at == NOON + timedelta(hours=1)


def test_other_alarms_stay_as_they_are(overdue: Slot) -> None:
    raise_alarm(AlarmKind.SILENCE, "Nothing ran.", at=NOON)

    reconcile(at=NOON)

    assert Alarm.objects.get().ended_at is None


def test_the_first_five_are_named() -> None:
    clinic = ClinicFactory.create()
    for _ in range(7):
        follow(clinic)
    live(date(2026, 4, 1), date(2026, 4, 1))
    Watch.objects.update(look_at=moment(12, 31))
    live(date(2026, 5, 1), date(2026, 5, 1))

    [of_overdue] = [one for one in compare(NOON).differences if "overdue" in one.what]

    assert (of_overdue.count, len(of_overdue.first)) == (7, 5)
    assert str(of_overdue).endswith(", …)")


def test_the_command_prints_what_differs_and_leaves_with_an_exit_code(overdue: Slot) -> None:
    said = StringIO()
    call_command("reconcile", "--on", NOON.isoformat(), stdout=said)
    assert said.getvalue() == f"{Reconciliation.objects.get()}\n"

    unseen("UPDATE reminders_line SET message_id = NULL")
    with pytest.raises(SystemExit) as left:
        call_command("reconcile", "--on", NOON.isoformat(), stdout=said)

    assert left.value.code == 1
    assert "Never gathered into a message, of notices: 3 (" in said.getvalue()


# Two ideas of the truth.


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
