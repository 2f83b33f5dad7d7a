from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from patients.models import Clinic
from reminders.actions import decide_hold, sweep
from reminders.models import Alarm, AlarmKind, Hold, Line, Message, MessageState, Notice
from schedules.models import Schedule
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ScheduleFactory,
    UserFactory,
)
from tests.integration.reminders.days import live, moment

pytestmark = pytest.mark.django_db

MORNING = moment(3, 9, hour=8)


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A small one, where more than four lines a day are a burst."""
    monkeypatch.setattr("reminders.gathering.NEVER_A_BURST", 4)
    clinic = ClinicFactory.create(booking_email="nurses@example.org")
    MembershipFactory.create(
        user__email="admin@example.org", clinic=clinic, role=Role.ADMINISTRATOR
    )
    return clinic


def follow(clinic: Clinic, patients: int, on: date = date(2026, 1, 15)) -> list[Schedule]:
    return ScheduleFactory.create_batch(
        patients, anchor__on=on, anchor__tumour__patient__clinic=clinic
    )


def to_nurses(mails: list[EmailMessage]) -> list[str]:
    return [str(mail.subject) for mail in mails if mail.to == ["nurses@example.org"]]


def test_what_is_ready_for_one_recipient_is_one_message(
    mailoutbox: list[EmailMessage], clinic: Clinic
) -> None:
    follow(clinic, 4)
    sweep(at=moment(3, 9))

    sweep(at=MORNING)

    message = Message.objects.get()
    assert (message.state, message.lines.count()) == (MessageState.SENT, 4)
    assert to_nurses(mailoutbox) == [f"{clinic}: 4 to book"]


def test_clinics_with_the_same_address_get_a_message_each(mailoutbox: list[EmailMessage]) -> None:
    for _ in range(2):
        follow(ClinicFactory.create(booking_email="nurses@example.org"), 1)
    sweep(at=moment(3, 9))

    sweep(at=MORNING)

    assert len(to_nurses(mailoutbox)) == 2


def test_what_is_raised_during_the_day_waits_for_the_next_mornings_digest(
    mailoutbox: list[EmailMessage], clinic: Clinic
) -> None:
    follow(clinic, 1)
    sweep(at=moment(3, 9))
    sweep(at=MORNING)
    follow(clinic, 1)

    sweep(at=moment(3, 9, hour=10))
    before = len(to_nurses(mailoutbox))
    sweep(at=moment(3, 10, hour=8))

    assert (before, len(to_nurses(mailoutbox))) == (1, 2)


def test_a_digest_waits_over_the_weekend(mailoutbox: list[EmailMessage], clinic: Clinic) -> None:
    follow(clinic, 1, on=date(2026, 1, 20))  # told of from Saturday, 14 March

    live(date(2026, 3, 14), date(2026, 3, 15))
    on_the_weekend = to_nurses(mailoutbox)
    live(date(2026, 3, 16), date(2026, 3, 16))

    assert (on_the_weekend, len(to_nurses(mailoutbox))) == ([], 1)


def test_a_long_digest_lists_so_many_and_says_that_there_are_more(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminders.staff_mail.LISTED", 2)
    follow(ClinicFactory.create(booking_email="nurses@example.org"), 3)
    sweep(at=moment(3, 9))

    sweep(at=MORNING)

    [mail] = mailoutbox
    assert str(mail.body).count("CT chest+abdomen due") == 2
    assert "the page lists all 3" in str(mail.body)


# The burst stop.


@pytest.fixture
def burst(clinic: Clinic, mailoutbox: list[EmailMessage]) -> Hold:
    """Five at once, where four are the most."""
    follow(clinic, 5)
    sweep(at=moment(3, 9))
    sweep(at=MORNING)
    return Hold.objects.get()


def test_a_burst_is_raised_and_held_and_an_administrator_is_asked(
    mailoutbox: list[EmailMessage], clinic: Clinic, burst: Hold
) -> None:
    assert (burst.clinic, burst.lines, burst.usual) == (clinic, 5, 4)
    assert Notice.objects.filter(ended_at=None).count() == 5
    assert Message.objects.get().state == MessageState.HELD
    [mail] = mailoutbox
    assert mail.to == ["admin@example.org"]
    assert "Nothing of it is sent before you decide" in str(mail.body)
    assert Alarm.objects.get().kind == AlarmKind.HELD


def test_an_administrator_is_asked_once(mailoutbox: list[EmailMessage], burst: Hold) -> None:
    sweep(at=MORNING + timedelta(minutes=1))
    sweep(at=MORNING + timedelta(minutes=2))

    assert len(mailoutbox) == 1


def test_what_is_released_is_sent_if_it_is_still_true(
    mailoutbox: list[EmailMessage], clinic: Clinic, burst: Hold
) -> None:
    booked = Notice.objects.earliest("pk").slot
    BookingFactory.create(slot=booked, at=MORNING)
    administrator = User.objects.get(email="admin@example.org")

    decide_hold(hold=burst, release=True, by=administrator, at=MORNING)
    sweep(at=MORNING + timedelta(minutes=1))

    assert to_nurses(mailoutbox) == [f"{clinic}: 4 to book"]
    assert not Alarm.objects.filter(ended_at=None).exists()
    assert Event.objects.get(act="hold.released").by_id == administrator.public_id


def test_what_is_discarded_is_never_sent(mailoutbox: list[EmailMessage], burst: Hold) -> None:
    decide_hold(hold=burst, release=False, by=UserFactory.create(), at=MORNING)

    live(date(2026, 3, 10), date(2026, 3, 12))

    assert to_nurses(mailoutbox) == []
    assert Message.objects.get().state == MessageState.WITHDRAWN
    assert Line.objects.filter(withdrawn_at=None).count() == 0
    assert not Alarm.objects.filter(ended_at=None).exists()


def test_a_second_person_is_told_who_has_decided(burst: Hold) -> None:
    first = UserFactory.create(first_name="Ada", last_name="First")
    decide_hold(hold=burst, release=True, by=first, at=MORNING)

    with pytest.raises(ValidationError, match="Ada First has decided"):
        decide_hold(hold=burst, release=False, by=UserFactory.create(), at=MORNING)


def test_what_a_busy_clinic_says_each_day_is_no_burst(
    mailoutbox: list[EmailMessage], clinic: Clinic
) -> None:
    follow(clinic, 4)
    live(date(2026, 3, 9), date(2026, 3, 9))
    follow(clinic, 11, on=date(2026, 1, 17))  # three times four is twelve

    live(date(2026, 3, 11), date(2026, 3, 11))

    assert not Hold.objects.exists()
    assert to_nurses(mailoutbox)[-1] == f"{clinic}: 11 to book"


def test_another_clinic_goes_on_meanwhile(mailoutbox: list[EmailMessage], burst: Hold) -> None:
    other = ClinicFactory.create(booking_email="others@example.org")
    follow(other, 2)
    sweep(at=moment(3, 9, hour=9))

    sweep(at=moment(3, 10, hour=8))

    assert [mail.to for mail in mailoutbox[1:]] == [["others@example.org"]]


def test_a_clock_that_is_three_months_ahead_sends_nothing_that_is_not_true(
    mailoutbox: list[EmailMessage], clinic: Clinic
) -> None:
    follow(clinic, 5)
    live(date(2026, 3, 1), date(2026, 3, 1))

    sweep(at=moment(6, 1))
    sweep(at=moment(6, 1, hour=8))
    held = Message.objects.filter(state=MessageState.HELD).count()
    live(date(2026, 3, 2), date(2026, 3, 2))
    decide_hold(hold=Hold.objects.get(), release=True, by=UserFactory.create(), at=moment(3, 2, 12))
    live(date(2026, 3, 2), date(2026, 3, 8))
    too_early = to_nurses(mailoutbox)
    sweep(at=moment(3, 9))

    assert held > 0
    assert too_early == []
    assert Notice.objects.filter(ended_at=None).count() == 5
