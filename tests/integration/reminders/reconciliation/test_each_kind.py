"""Each kind of thing that should be said, and who should have heard of it."""

from datetime import date, timedelta

import pytest

from reminders.actions import sweep
from reminders.models import Message, MessageState, Reconciliation, Watch
from reminders.reconciliation import compare
from reminders.tasks import reconcile as reconcile_task
from schedules.actions import move_booking, record_study
from schedules.models import BookingState
from tests.factories import BookingFactory, ClinicFactory, UserFactory, new_lesion
from tests.integration.reminders.days import live, moment
from tests.integration.reminders.mail_server import MailServer
from tests.integration.reminders.reconciliation.comparing import NOON, differences, follow, unseen

pytestmark = pytest.mark.django_db


def test_the_task_compares_as_of_now() -> None:
    reconcile_task()

    assert Reconciliation.objects.get().differences == 0


def test_a_patient_whom_the_sweep_has_lost_is_found_once_something_should_be_said() -> None:
    slot = follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    Watch.objects.filter(patient=slot.patient).update(look_at=moment(12, 31))
    live(date(2026, 4, 30), date(2026, 5, 1))

    assert differences(moment(4, 29, hour=23)) == {}
    assert differences() == {"Not said: Exam overdue": 1}


def test_a_patient_who_is_on_no_watch_at_all_is_found() -> None:
    follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    Watch.objects.all().delete()
    live(date(2026, 4, 30), date(2026, 5, 1))

    assert differences()["Not said: Exam overdue"] == 1


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
    new_lesion(study, by=UserFactory.create(), at=moment(4, 15, hour=9))
    live(date(2026, 4, 14), date(2026, 4, 16))
    assert differences(moment(4, 16, hour=13)) == {}
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    compared = compare(moment(4, 16, hour=13))

    [difference] = compared.differences
    assert difference.what == "Not said: Result not reviewed"
    assert difference.first == [str(study.public_id)]


def test_a_consenting_patient_who_is_not_told_of_tomorrow_is_found() -> None:
    slot = follow(agrees=True)
    BookingFactory.create(slot=slot, starts_at=moment(4, 8, hour=9), at=moment(3, 20))
    live(date(2026, 4, 6), date(2026, 4, 7))
    assert differences(moment(4, 7, hour=13)) == {}
    unseen("DELETE FROM reminders_line; DELETE FROM reminders_notice")

    assert differences(moment(4, 7, hour=13)) == {"Not said: Appointment ahead": 1}


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

    assert differences(moment(4, 9, hour=13)) == {"Not said: Did not attend": 1}


def test_a_patient_who_agrees_no_more_and_whose_notice_stays_is_found() -> None:
    slot = follow(agrees=True)
    BookingFactory.create(slot=slot, starts_at=moment(4, 8, hour=9), at=moment(3, 20))
    live(date(2026, 4, 6), date(2026, 4, 7))
    unseen("UPDATE patients_patient SET contact_by = '', consented_at = NULL")

    assert differences(moment(4, 7, hour=13)) == {"Still said of what is over, notices": 1}


def test_what_became_so_at_midnight_is_given_an_hour() -> None:
    follow()
    live(date(2026, 4, 28), date(2026, 4, 29))

    assert differences(moment(4, 30, hour=0, minute=59)) == {}
    assert differences(moment(4, 30, hour=1, minute=1)) == {"Not said: Exam overdue": 1}


def test_a_message_that_was_refused_for_now_is_waited_for(mail_server: MailServer) -> None:
    follow()
    live(date(2026, 4, 29), date(2026, 4, 29))
    mail_server.refuses_senders = "450 not now"
    for minutes in (0, 2, 6, 12, 25, 50, 100):
        sweep(at=moment(4, 30, hour=8, minute=0) + timedelta(minutes=minutes))

    assert Message.objects.filter(state=MessageState.QUEUED).exists()
    assert differences(moment(4, 30, hour=9, minute=45)) == {}


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
