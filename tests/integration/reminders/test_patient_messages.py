from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.mail import EmailMessage

from patients.actions import agree_to_messages, withdraw_consent
from patients.models import ContactBy, Language, Patient
from reminders.actions import sweep
from reminders.models import Audience, Line, Message, MessageState, Notice
from schedules.actions import move_booking
from schedules.models import BookingState, Slot
from schedules.rules.months import add_months
from tests.factories import BookingFactory, ClinicFactory, ScheduleFactory, UserFactory, morning
from tests.integration.reminders.days import live, moment

pytestmark = pytest.mark.django_db

# What would tell a stranger why somebody is written to.
TELLING = ("sarcoma", "tumour", "cancer", "metasta", "CT", "chest", "scan", "follow-up", "oncolog")
TELLING_JA = ("肉腫", "腫瘍", "がん", "転移", "検査", "撮影", "CT", "経過観察")


def agree(patient: Patient, email: str = "patient@example.org", language: str = "en") -> None:
    agree_to_messages(
        patient=patient,
        contact_by=ContactBy.EMAIL,
        email=email,
        language=Language(language),
        by=UserFactory.create(),
        at=morning(3, 1),
    )


@pytest.fixture
def slot() -> Slot:
    """The first slot of a patient who agreed to mails."""
    clinic = ClinicFactory.create(
        name="Sarcoma follow-up", name_for_patients="Example Hospital", phone="03 0000 0000"
    )
    slot = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic).slots.get(n=1)
    agree(slot.patient)
    return slot


def to_patient(mails: list[EmailMessage], address: str = "patient@example.org") -> list[str]:
    return [f"{mail.subject}\n{mail.body}" for mail in mails if mail.to == [address]]


def test_an_appointment_is_told_a_week_and_a_day_before(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))

    live(date(2026, 3, 30), date(2026, 3, 31))
    assert to_patient(mailoutbox) == []
    live(date(2026, 4, 1), date(2026, 4, 1))
    assert len(to_patient(mailoutbox)) == 1
    live(date(2026, 4, 2), date(2026, 4, 9))

    first, second = to_patient(mailoutbox)
    assert "on 8 April 2026 at 09:00" in first
    assert "03 0000 0000" in first
    assert first == second


@pytest.mark.parametrize(
    ("language", "says", "telling"),
    [("en", "appointment", TELLING), ("ja", "ご予約", TELLING_JA)],
)
def test_a_message_says_the_day_in_the_patients_language_and_nothing_of_why(
    mailoutbox: list[EmailMessage],
    slot: Slot,
    language: str,
    says: str,
    telling: tuple[str, ...],
) -> None:
    agree(slot.patient, language=language)
    live(date(2026, 4, 15), date(2026, 4, 15))
    BookingFactory.create(slot=slot, starts_at=morning(4, 20), at=morning(4, 15))
    live(date(2026, 4, 19), date(2026, 4, 19))

    call, appointment = to_patient(mailoutbox)

    assert says in call
    assert says in appointment
    for text in (call, appointment):
        assert "Example Hospital" in text
        assert not [word for word in telling if word.lower() in text.lower()]
        assert not [name for name in (slot.patient.family_name, slot.patient.mrn) if name in text]


def test_without_consent_nothing_is_sent_to_a_patient() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    Patient.objects.update(email="patient@example.org")
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))

    live(date(2026, 4, 1), date(2026, 4, 8))

    assert not Line.objects.filter(to_patient=True).exists()


def test_a_consent_that_is_withdrawn_withdraws_what_waits(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))
    sweep(at=moment(4, 1))

    withdraw_consent(patient=slot.patient, by=UserFactory.create())
    sweep(at=moment(4, 1, hour=8))

    assert to_patient(mailoutbox) == []
    notice = Notice.objects.get(rule__audience=Audience.PATIENT)
    assert notice.end_reason == "the patient agrees to messages no more"


def test_what_waits_goes_to_the_address_that_was_given_last(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))
    sweep(at=moment(4, 1))

    agree(slot.patient, email="new@example.org")
    sweep(at=moment(4, 1, hour=8))

    assert to_patient(mailoutbox) == []
    assert len(to_patient(mailoutbox, "new@example.org")) == 1


def test_an_appointment_that_is_cancelled_is_not_told_of(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))
    sweep(at=moment(4, 1))

    move_booking(
        booking=booking, to=BookingState.CANCELLED, by=UserFactory.create(), at=moment(4, 1, hour=7)
    )
    sweep(at=moment(4, 1, hour=8))

    assert to_patient(mailoutbox) == []
    assert Notice.objects.get(rule__audience=Audience.PATIENT).end_reason == (
        "the appointment was cancelled"
    )


def test_a_patient_who_is_due_and_not_booked_is_asked_to_call(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    live(date(2026, 4, 14), date(2026, 4, 16))

    [text] = to_patient(mailoutbox)
    assert "Please call us: 03 0000 0000" in text


def test_an_appointment_made_for_tomorrow_is_one_message(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=moment(4, 7, hour=10))

    sweep(at=moment(4, 7, hour=10))

    assert len(to_patient(mailoutbox)) == 1


def test_nothing_goes_out_at_night_or_on_a_holiday(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    clinic = slot.patient.clinic
    clinic.country = "JP"
    clinic.save()
    # 29 April, a Wednesday, is a holiday; told a day before an appointment on the 30th.
    BookingFactory.create(
        slot=slot, starts_at=morning(4, 30), at=morning(4, 24), outside_window_reason="Only then"
    )
    live(date(2026, 4, 27), date(2026, 4, 28))
    mailoutbox.clear()

    live(date(2026, 4, 29), date(2026, 4, 29))
    on_the_holiday = to_patient(mailoutbox)
    sweep(at=moment(4, 30, hour=7))
    at_night = to_patient(mailoutbox)
    sweep(at=moment(4, 30, hour=8))

    assert (on_the_holiday, at_night) == ([], [])
    assert len(to_patient(mailoutbox)) == 1


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/London", date(2026, 3, 29)),
        ("Europe/London", date(2026, 10, 25)),
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Asia/Tokyo", date(2028, 2, 29)),
        ("Asia/Tokyo", date(2026, 12, 31)),
    ],
)
def test_on_days_on_which_the_clock_jumps_it_goes_out_once_at_the_opening(
    mailoutbox: list[EmailMessage], zone: str, day: date
) -> None:
    """An appointment at nine, a day after the jump; told the day before."""
    clinic = ClinicFactory.create(time_zone=zone)
    schedule = ScheduleFactory.create(
        anchor__on=add_months(day, -3), anchor__tumour__patient__clinic=clinic
    )
    slot = schedule.slots.get(n=1)
    agree(slot.patient)
    there = ZoneInfo(zone)
    tomorrow = date.fromordinal(day.toordinal() + 1)
    BookingFactory.create(
        slot=slot,
        starts_at=datetime(tomorrow.year, tomorrow.month, tomorrow.day, 9, tzinfo=there),
        at=datetime(day.year, day.month, day.day, tzinfo=there),
    )

    sent = []
    for hour in range(24):
        sweep(at=datetime(day.year, day.month, day.day, hour, tzinfo=there))
        sent.append(sum("appointment on" in text for text in to_patient(mailoutbox)))

    assert sent == [0] * 8 + [1] * 16


def test_a_text_message_waits_until_a_way_to_send_it_is_set_up(slot: Slot) -> None:
    agree_to_messages(
        patient=slot.patient,
        contact_by=ContactBy.SMS,
        phone="+819000000000",
        language=Language.ENGLISH,
        by=UserFactory.create(),
        at=morning(3, 1),
    )
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=moment(4, 7, hour=10))

    sweep(at=moment(4, 7, hour=10))

    message = Message.objects.get(channel="sms")
    assert (message.recipient, message.state) == ("+819000000000", MessageState.QUEUED)
    assert "No SMS is set up" in message.last_error
