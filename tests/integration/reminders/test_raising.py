from datetime import date, timedelta

import pytest
from django.core.mail import EmailMessage

from patients.models import Clinic
from reminders.actions import sweep
from reminders.models import Alert, Message, MessageState, Reminder, Sweep
from schedules.actions import move_booking, record_result, record_study, review
from schedules.models import BookingState, Decision, ResultOutcome, Schedule, Slot
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    ScheduleFactory,
    UserFactory,
    morning,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def slot() -> Slot:
    """The first slot of the only patient: open from 15 March, overdue from 30 April 2026."""
    return ScheduleFactory.create().slots.get(n=1)


def follow(clinic: Clinic, patients: int) -> list[Schedule]:
    return ScheduleFactory.create_batch(patients, anchor__tumour__patient__clinic=clinic)


def defer(slot: Slot, until: date) -> None:
    review(
        slot=slot,
        decision=Decision.DEFER,
        until=until,
        by=UserFactory.create(),
        at=morning(5, 20),
    )


def test_nothing_is_raised_before_the_window_opens(slot: Slot) -> None:
    ran = sweep(at=morning(3, 14))

    assert (ran.looked_at, ran.reminders, ran.alerts) == (20, 0, 0)


def test_the_nurses_are_reminded_of_each_slot_that_can_be_booked(
    mailoutbox: list[EmailMessage],
) -> None:
    clinic = ClinicFactory.create(booking_email="nurses@example.org")
    follow(clinic, patients=3)

    ran = sweep(at=morning(3, 15))

    assert (ran.reminders, ran.alerts, ran.sent) == (3, 0, 3)
    assert [mail.to for mail in mailoutbox] == [["nurses@example.org"]] * 3
    assert {mail.subject for mail in mailoutbox} == {"A follow-up CT can be booked"}


def test_the_clinicians_are_alerted_to_each_overdue_slot(mailoutbox: list[EmailMessage]) -> None:
    clinic = ClinicFactory.create(alert_email="clinicians@example.org")
    follow(clinic, patients=2)
    sweep(at=morning(4, 29))
    mailoutbox.clear()

    ran = sweep(at=morning(4, 30))

    assert (ran.reminders, ran.alerts, ran.sent) == (0, 2, 2)
    assert [mail.to for mail in mailoutbox] == [["clinicians@example.org"]] * 2
    assert {mail.subject for mail in mailoutbox} == {"A follow-up CT is overdue by 1 day"}


def test_a_slot_that_is_booked_is_told_to_nobody(slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(5, 20))

    ran = sweep(at=morning(5, 15))

    assert (ran.reminders, ran.alerts) == (0, 0)


def test_a_mail_names_no_patient_and_says_where_to_look(mailoutbox: list[EmailMessage]) -> None:
    schedule = ScheduleFactory.create(
        anchor__tumour__patient__family_name="Featherstonehaugh",
        anchor__tumour__patient__given_name="Philippa",
        anchor__tumour__patient__mrn="MRN-777-888",
    )

    sweep(at=morning(4, 30))

    assert len(mailoutbox) == 2  # a reminder and an alert
    for mail in mailoutbox:
        text = f"{mail.message()}"
        assert f"/patients/{schedule.tumour.patient.public_id}/" in text
        assert not any(name in text for name in ("Featherstonehaugh", "Philippa", "MRN-777-888"))


@pytest.mark.parametrize("times", [2, 10])
def test_sweeping_again_doubles_nothing(mailoutbox: list[EmailMessage], times: int) -> None:
    follow(ClinicFactory.create(), patients=3)

    sweeps = [sweep(at=morning(4, 30) + timedelta(minutes=n)) for n in range(times)]

    assert [(ran.reminders, ran.alerts, ran.sent) for ran in sweeps] == [
        (3, 3, 6),
        *[(0, 0, 0)] * (times - 1),
    ]
    assert len(mailoutbox) == 6


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_double_nothing(mailoutbox: list[EmailMessage]) -> None:
    follow(ClinicFactory.create(), patients=10)

    sweeps = at_once([lambda: sweep(at=morning(4, 30))] * 2)

    ran = [one for one in sweeps if isinstance(one, Sweep)]
    assert len(ran) == 2
    assert sum(one.reminders for one in ran) == Reminder.objects.count() == 10
    assert sum(one.alerts for one in ran) == Alert.objects.count() == 10
    assert len({mail.extra_headers["Message-ID"] for mail in mailoutbox}) == len(mailoutbox) == 20


def test_what_a_missed_day_would_have_raised_is_raised_later(slot: Slot) -> None:
    ran = sweep(at=morning(5, 20))

    assert (ran.reminders, ran.alerts, ran.sent) == (1, 1, 2)


def test_a_no_show_after_a_reminder_raises_a_new_one(slot: Slot) -> None:
    sweep(at=morning(3, 15))
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))
    assert sweep(at=morning(4, 7)).reminders == 0

    move_booking(
        booking=booking, to=BookingState.NO_SHOW, by=UserFactory.create(), at=morning(4, 8)
    )

    assert sweep(at=morning(4, 8)).reminders == 1
    assert sweep(at=morning(4, 9)).reminders == 0


def test_an_appointment_that_passed_without_word_raises_a_new_reminder(slot: Slot) -> None:
    sweep(at=morning(3, 15))
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))

    assert [sweep(at=morning(4, day)).reminders for day in (8, 9, 10)] == [0, 1, 0]


def test_a_deferral_silences_the_alert_until_it_runs_out(slot: Slot) -> None:
    sweep(at=morning(5, 20))

    defer(slot, until=date(2026, 6, 3))

    assert [sweep(at=morning(6, day)).alerts for day in (2, 3, 4)] == [0, 1, 0]


def test_a_deferral_reminds_nobody_to_book_at_once(slot: Slot) -> None:
    sweep(at=morning(5, 20))

    defer(slot, until=date(2026, 6, 3))

    assert sweep(at=morning(5, 20)).reminders == 0


def test_an_exam_that_must_be_repeated_raises_a_new_reminder(slot: Slot) -> None:
    sweep(at=morning(3, 15))
    study = record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 8),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(4, 8),
    )
    assert sweep(at=morning(4, 9)).reminders == 0

    record_result(study=study, outcome=ResultOutcome.INADEQUATE, by=UserFactory.create())

    assert sweep(at=morning(4, 10)).reminders == 1


def test_each_clinic_is_told_on_its_own_day(mailoutbox: list[EmailMessage]) -> None:
    tokyo = ClinicFactory.create(time_zone="Asia/Tokyo", booking_email="tokyo@example.org")
    los_angeles = ClinicFactory.create(
        time_zone="America/Los_Angeles", booking_email="los-angeles@example.org"
    )
    follow(tokyo, patients=1)
    follow(los_angeles, patients=1)

    sweep(at=morning(3, 15))  # still the 14th in Los Angeles

    assert [mail.to for mail in mailoutbox] == [["tokyo@example.org"]]


def test_a_message_is_written_with_its_notice(slot: Slot) -> None:
    sweep(at=morning(3, 15))

    message = Message.objects.get()
    assert message.slot == slot
    assert message.reminder == Reminder.objects.get()
    assert (message.state, message.sent_at) == (MessageState.SENT, morning(3, 15))
