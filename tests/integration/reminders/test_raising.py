from datetime import date, timedelta

import pytest
from django.core.mail import EmailMessage

from patients.models import Clinic
from reminders.actions import sweep
from reminders.models import Audience, Kind, Message, MessageState, Notice, RelativeTo, Rule, Sweep
from reminders.reconciliation import compare
from reminders.rules import defaults, give_defaults
from schedules.actions import (
    move_booking,
    record_result,
    record_study,
    review,
    suspend,
    withdraw_study,
)
from schedules.models import BookingState, Decision, ResultOutcome, Schedule, Slot
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)
from tests.integration.reminders.days import live, moment
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def slot() -> Slot:
    """The first slot of the only patient: open from 15 March, overdue from 30 April 2026."""
    return ScheduleFactory.create().slots.get(n=1)


def subjects(mails: list[EmailMessage]) -> list[str]:
    return [str(mail.subject) for mail in mails]


def follow(clinic: Clinic, patients: int) -> list[Schedule]:
    return ScheduleFactory.create_batch(patients, anchor__tumour__patient__clinic=clinic)


def open_notices(kind: Kind, audience: Audience | None = None) -> int:
    notices = Notice.objects.filter(rule__kind=kind, ended_at=None)
    return notices.filter(rule__audience=audience).count() if audience else notices.count()


def end_reasons() -> list[str]:
    return list(
        Notice.objects.exclude(ended_at=None).order_by("pk").values_list("end_reason", flat=True)
    )


def test_nothing_is_raised_before_the_week_in_which_the_window_opens(slot: Slot) -> None:
    ran = sweep(at=moment(3, 8))

    assert (ran.looked_at, ran.raised) == (1, 0)


def test_the_nurses_are_told_in_the_week_in_which_a_window_opens(
    mailoutbox: list[EmailMessage],
) -> None:
    clinic = ClinicFactory.create(booking_email="nurses@example.org")
    follow(clinic, patients=3)

    raised = sweep(at=moment(3, 9))
    told = sweep(at=moment(3, 9, hour=8, minute=0))

    assert (raised.raised, raised.sent, told.raised, told.sent) == (3, 0, 0, 1)
    [mail] = mailoutbox
    assert mail.to == ["nurses@example.org"]
    assert mail.subject == f"{clinic}: 3 to book"
    assert str(mail.body).count("CT chest+abdomen due 15 April 2026") == 3


def test_the_nurses_are_told_again_each_week_of_who_is_due_and_not_booked(slot: Slot) -> None:
    live(date(2026, 3, 9), date(2026, 4, 30))

    said = Notice.objects.filter(rule__audience=Audience.NURSES).order_by("raised_at")
    days = [notice.raised_at.astimezone(slot.patient.clinic.zone).date() for notice in said]
    assert days == [
        date(2026, 3, 9),
        date(2026, 4, 15),
        date(2026, 4, 22),
        date(2026, 4, 29),
    ]
    assert [notice.round for notice in said] == [0, 0, 1, 2]
    assert open_notices(Kind.TO_BOOK) == 2


def test_the_responsible_clinician_is_told_the_day_after_the_last_day_on_time(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    sweep(at=moment(4, 29))
    assert open_notices(Kind.OVERDUE) == 0

    sweep(at=moment(4, 30))
    sweep(at=moment(4, 30, hour=8))

    mail = mailoutbox[-1]
    assert mail.to == [slot.patient.clinic.alert_email]
    assert mail.subject == f"{slot.patient.clinic}: 1 overdue"
    assert "overdue by 1 day\n" in str(mail.body)


def test_a_slot_that_is_booked_is_told_to_nobody(slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(5, 20))

    assert sweep(at=moment(5, 15)).raised == 0


def test_a_mail_to_staff_names_no_patient_and_says_where_to_look(
    mailoutbox: list[EmailMessage],
) -> None:
    schedule = ScheduleFactory.create(
        anchor__tumour__patient__family_name="Featherstonehaugh",
        anchor__tumour__patient__given_name="Philippa",
        anchor__tumour__patient__mrn="MRN-777-888",
    )

    sweep(at=moment(4, 30))
    sweep(at=moment(4, 30, hour=8))

    assert len(mailoutbox) == 2  # to the nurses and to the clinicians
    for mail in mailoutbox:
        text = f"{mail.message()}"
        assert f"/patients/{schedule.tumour.patient.public_id}/" in text
        assert not any(name in text for name in ("Featherstonehaugh", "Philippa", "MRN-777-888"))


@pytest.mark.parametrize("times", [2, 10])
def test_sweeping_again_doubles_nothing(mailoutbox: list[EmailMessage], times: int) -> None:
    follow(ClinicFactory.create(), patients=3)

    first, *later = [sweep(at=moment(4, 30) + timedelta(minutes=n)) for n in range(times)]
    sweeps = [sweep(at=moment(4, 30, hour=8) + timedelta(minutes=n)) for n in range(times)]

    assert first.raised == 9  # opened, due, overdue
    assert all(ran.raised == ran.looked_at == 0 for ran in later)
    assert [ran.sent for ran in sweeps] == [2, *[0] * (times - 1)]
    assert len(mailoutbox) == 2


@pytest.mark.django_db(transaction=True)
def test_ten_sweeps_at_once_double_nothing(mailoutbox: list[EmailMessage]) -> None:
    follow(ClinicFactory.create(), patients=10)

    sweeps = at_once([lambda: sweep(at=moment(4, 30))] * 10)
    more = at_once([lambda: sweep(at=moment(4, 30, hour=8))] * 10)

    ran = [one for one in [*sweeps, *more] if isinstance(one, Sweep)]
    assert len(ran) == 20
    assert sum(one.raised for one in ran) == Notice.objects.count() == 30
    assert sum(one.sent for one in ran) == len(mailoutbox) == 2


def test_what_missed_days_would_have_said_is_said_once_when_they_are_over(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    sweep(at=moment(4, 30))
    sweep(at=moment(4, 30, hour=8))
    mailoutbox.clear()

    sweep(at=moment(5, 21))  # three weeks of silence
    sweep(at=moment(5, 21, hour=8))

    assert subjects(mailoutbox) == [
        f"{slot.patient.clinic}: 1 to book",
        f"{slot.patient.clinic}: 1 overdue",
    ]


def test_exams_long_past_when_they_are_entered_are_one_entry_that_names_how_many(
    mailoutbox: list[EmailMessage],
) -> None:
    schedule = ScheduleFactory.create(anchor__on=date(2025, 1, 15))

    sweep(at=moment(4, 30))
    sweep(at=moment(4, 30, hour=8))

    [mail] = [mail for mail in mailoutbox if "overdue" in str(mail.subject)]
    assert mail.subject == f"{schedule.tumour.patient.clinic}: 1 overdue"
    assert "due 15 April 2025, overdue by 366 days, and 4 more of this patient" in str(mail.body)


def test_a_list_that_is_imported_is_one_mail_to_each_and_escalates_from_then_on(
    mailoutbox: list[EmailMessage],
) -> None:
    clinic = ClinicFactory.create()
    for _ in range(12):
        ScheduleFactory.create(anchor__on=date(2025, 1, 15), anchor__tumour__patient__clinic=clinic)

    live(date(2026, 4, 30), date(2026, 5, 12))
    overdue = [str(mail.subject) for mail in mailoutbox if "overdue" in str(mail.subject)]

    assert overdue == [f"{clinic}: 12 overdue"]
    assert open_notices(Kind.OVERDUE, Audience.LEAD) == 0


def test_a_no_show_is_told_the_next_morning_and_its_slot_is_told_of_again(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    live(date(2026, 3, 15), date(2026, 3, 16))
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))
    live(date(2026, 4, 7), date(2026, 4, 7))
    assert open_notices(Kind.TO_BOOK) == 0

    move_booking(
        booking=booking, to=BookingState.NO_SHOW, by=UserFactory.create(), at=morning(4, 8)
    )
    mailoutbox.clear()
    live(date(2026, 4, 9), date(2026, 4, 9))

    assert open_notices(Kind.NO_SHOW) == 1
    assert open_notices(Kind.TO_BOOK) == 1
    assert subjects(mailoutbox) == [f"{slot.patient.clinic}: 1 to book, 1 did not attend"]


def test_an_appointment_that_passed_without_word_brings_its_slot_back(slot: Slot) -> None:
    sweep(at=moment(3, 15))
    BookingFactory.create(slot=slot, starts_at=morning(4, 8), at=morning(3, 20))

    assert [sweep(at=moment(4, day)).raised for day in (8, 9, 10)] == [0, 1, 0]


def test_a_deferral_silences_the_alert_until_it_runs_out(slot: Slot) -> None:
    sweep(at=moment(5, 20))

    review(
        slot=slot,
        decision=Decision.DEFER,
        until=date(2026, 6, 3),
        by=UserFactory.create(),
        at=morning(5, 20),
    )

    on_days = []
    for day in (1, 2, 3, 4):
        sweep(at=moment(6, day))
        on_days.append(open_notices(Kind.OVERDUE))
    assert on_days == [0, 0, 1, 1]
    assert "deferred until 3 June 2026" in end_reasons()


def test_an_exam_that_must_be_repeated_is_told_of_again(slot: Slot) -> None:
    sweep(at=moment(3, 15))
    study = record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=date(2026, 4, 8),
        regions=["chest", "abdomen"],
        by=UserFactory.create(),
        at=morning(4, 8),
    )
    sweep(at=moment(4, 9))
    assert (open_notices(Kind.TO_BOOK), end_reasons()) == (0, ["the exam was done"])

    record_result(
        study=study,
        outcome=ResultOutcome.INADEQUATE,
        by=UserFactory.create(),
        at=morning(4, 9),
    )
    sweep(at=moment(4, 10))

    assert open_notices(Kind.TO_BOOK) == 1


def test_a_result_that_nobody_reviews_is_told_the_next_day(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    study = StudyFactory.create(patient=slot.patient)
    record_result(
        study=study,
        outcome=ResultOutcome.NO_DISEASE,
        by=UserFactory.create(),
        at=morning(4, 20),
    )

    sweep(at=moment(4, 20, hour=12))
    assert open_notices(Kind.RESULT) == 0
    sweep(at=moment(4, 21))
    sweep(at=moment(4, 21, hour=8))

    assert open_notices(Kind.RESULT) == 1
    assert subjects(mailoutbox)[-1:] == [f"{slot.patient.clinic}: 1 result to review"]


def test_each_clinic_is_told_on_its_own_day() -> None:
    tokyo = ClinicFactory.create(time_zone="Asia/Tokyo")
    los_angeles = ClinicFactory.create(time_zone="America/Los_Angeles")
    follow(tokyo, patients=1)
    follow(los_angeles, patients=1)

    sweep(at=morning(3, 9))  # still the 8th in Los Angeles

    [notice] = Notice.objects.select_related("patient__clinic")
    assert notice.patient.clinic == tokyo


def test_what_ends_is_withdrawn_or_resolved_with_the_reason(slot: Slot) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))

    suspend(
        schedule=slot.schedule,
        review_on=date(2026, 7, 1),
        reason="Chemotherapy",
        by=UserFactory.create(),
        at=morning(5, 1),
    )
    ran = sweep(at=morning(5, 1))

    assert ran.ended == 3
    assert set(end_reasons()) == {"the follow-up was suspended"}


def test_a_notice_whose_day_has_not_come_after_all_is_raised_again_on_its_day(slot: Slot) -> None:
    """As after a clock that was put forward and back."""
    sweep(at=moment(4, 30))
    assert open_notices(Kind.OVERDUE) == 1

    sweep(at=moment(4, 1))
    assert open_notices(Kind.OVERDUE) == 0
    sweep(at=moment(4, 30))

    assert open_notices(Kind.OVERDUE) == 1


def test_what_a_clock_that_was_ahead_has_ended_is_open_again_and_not_said_again(slot: Slot) -> None:
    sweep(at=moment(4, 30))
    said = set(Notice.objects.filter(ended_at=None).values_list("pk", flat=True))
    sweep(at=moment(9, 1))
    ended = set(Notice.objects.exclude(ended_at=None).values_list("pk", flat=True))
    assert said & ended, "its window is over by then"

    sweep(at=moment(4, 30, minute=6))

    assert set(Notice.objects.filter(ended_at=None).values_list("pk", flat=True)) == said
    assert not Notice.objects.filter(pk__in=said).exclude(end_reason="").exists()


def test_a_clinic_without_rules_gets_the_default_ones_and_keeps_what_it_switched_off() -> None:
    clinic = ClinicFactory.create()
    sweep(at=morning(3, 1))
    clinic.rules.filter(kind=Kind.TO_BOOK).update(active=False)

    sweep(at=morning(3, 2))
    give_defaults([clinic])

    assert clinic.rules.count() == len(defaults(clinic))
    assert not clinic.rules.filter(kind=Kind.TO_BOOK, active=True).exists()


def test_a_rule_that_is_switched_off_ends_what_it_said_within_a_sweep(slot: Slot) -> None:
    sweep(at=moment(3, 15))

    Rule.objects.filter(kind=Kind.TO_BOOK).update(active=False)
    ran = sweep(at=moment(3, 15, hour=1))

    assert ran.ended == 1
    assert end_reasons() == ["its rule was switched off"]


def test_a_clinic_can_have_a_rule_of_its_own(slot: Slot) -> None:
    Rule.objects.create(
        clinic=slot.patient.clinic,
        kind=Kind.TO_BOOK,
        relative_to=RelativeTo.DUE,
        days=-3,
        audience=Audience.RESPONSIBLE,
    )

    sweep(at=moment(4, 12))

    assert open_notices(Kind.TO_BOOK, Audience.RESPONSIBLE) == 1


def test_messages_are_written_with_what_they_say_as_it_was_sent(slot: Slot) -> None:
    live(date(2026, 3, 9), date(2026, 3, 9))

    message = Message.objects.get()
    assert (message.state, message.sent_at) == (MessageState.SENT, moment(3, 9, hour=8, minute=0))
    assert message.subject == f"{slot.patient.clinic}: 1 to book"
    assert f"/patients/{slot.patient.public_id}/" in message.body


def test_a_result_whose_study_is_taken_back_is_told_no_more(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    study = StudyFactory.create(patient=slot.patient)
    by = UserFactory.create()
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=by, at=morning(4, 20))
    sweep(at=moment(4, 21))
    assert open_notices(Kind.RESULT) == 1

    withdraw_study(study=study, reason="Somebody else’s", by=by, at=morning(4, 21))
    sweep(at=moment(4, 21, hour=10))

    assert open_notices(Kind.RESULT) == 0
    [ended] = Notice.objects.filter(rule__kind=Kind.RESULT)
    assert ended.end_reason == "the study was taken back"
    assert not compare(moment(4, 21, hour=13)).differences
