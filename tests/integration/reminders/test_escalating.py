from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from patients.models import Clinic
from reminders.actions import acknowledge, sweep
from reminders.models import Audience, Kind, Notice
from schedules.actions import record_result, review, review_result
from schedules.models import Decision, ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import MembershipFactory, ScheduleFactory, StudyFactory, UserFactory, morning
from tests.integration.reminders.days import live, moment

pytestmark = pytest.mark.django_db


def person(clinic: Clinic, name: str, role: Role) -> User:
    user = UserFactory.create(username=name, email=f"{name}@example.org")
    MembershipFactory.create(user=user, clinic=clinic, role=role)
    return user


@pytest.fixture
def slot() -> Slot:
    """Overdue from 30 April 2026, with a responsible clinician, a lead and a nurse."""
    slot = ScheduleFactory.create().slots.get(n=1)
    patient, clinic = slot.patient, slot.patient.clinic
    patient.responsible = person(clinic, "responsible", Role.CLINICIAN)
    patient.save()
    clinic.lead = person(clinic, "lead", Role.CLINICIAN)
    clinic.alert_email = "alerts@example.org"
    clinic.save()
    person(clinic, "nurse", Role.NURSE)
    person(clinic, "administrator", Role.ADMINISTRATOR)
    return slot


def told_of_overdue(mails: list[EmailMessage]) -> set[str]:
    told = {mail.to[0] for mail in mails if "overdue" in str(mail.subject)}
    mails.clear()
    return told


def open_alerts() -> list[str]:
    alerts = Notice.objects.filter(rule__kind=Kind.OVERDUE, ended_at=None)
    return list(alerts.order_by("raised_at").values_list("rule__audience", flat=True))


def test_an_alert_goes_from_the_responsible_to_the_lead_to_everybody(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))
    assert told_of_overdue(mailoutbox) == {"responsible@example.org"}

    live(date(2026, 5, 1), date(2026, 5, 13))
    assert told_of_overdue(mailoutbox) == set()
    live(date(2026, 5, 14), date(2026, 5, 14))
    assert told_of_overdue(mailoutbox) == {"lead@example.org"}

    live(date(2026, 5, 15), date(2026, 6, 10))
    assert told_of_overdue(mailoutbox) == set()
    live(date(2026, 6, 11), date(2026, 6, 11))
    assert told_of_overdue(mailoutbox) == {
        "responsible@example.org",
        "lead@example.org",
        "nurse@example.org",
        "alerts@example.org",
    }

    live(date(2026, 6, 12), date(2026, 6, 18))  # again each week, until somebody answers
    assert len(told_of_overdue(mailoutbox)) == 4


def test_a_person_who_is_named_reads_their_own_language_and_the_clinic_reads_english(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    User.objects.filter(username="responsible").update(language="ja")
    User.objects.filter(username="lead").update(language="en-gb")

    live(date(2026, 4, 30), date(2026, 6, 11))

    japanese = {
        mail.to[0]: "2026年4月15日" in mail.body and "CT 胸部+腹部" in mail.body
        for mail in mailoutbox
    }
    assert japanese.pop("responsible@example.org")
    assert japanese.keys() >= {"lead@example.org", "nurse@example.org", "alerts@example.org"}
    assert not any(japanese.values())


def test_the_last_level_is_told_at_once(mailoutbox: list[EmailMessage], slot: Slot) -> None:
    for month, day in ((4, 30), (5, 14)):
        sweep(at=moment(month, day))
    sweep(at=moment(6, 10, hour=9))
    mailoutbox.clear()

    sweep(at=moment(6, 11, hour=10))

    assert len(told_of_overdue(mailoutbox)) == 4


def test_where_nobody_is_named_the_clinics_own_address_is_told(
    mailoutbox: list[EmailMessage],
) -> None:
    slot = ScheduleFactory.create().slots.get(n=1)

    live(date(2026, 4, 30), date(2026, 4, 30))

    assert told_of_overdue(mailoutbox) == {slot.patient.clinic.alert_email}


@pytest.mark.parametrize("lost", ["left the clinic", "was deactivated"])
def test_a_responsible_clinician_who_is_there_no_more_is_not_relied_upon(
    mailoutbox: list[EmailMessage], slot: Slot, lost: str
) -> None:
    responsible = slot.patient.responsible
    assert responsible
    if lost == "left the clinic":
        responsible.memberships.all().delete()
    else:
        User.objects.filter(pk=responsible.pk).update(is_active=False)

    live(date(2026, 4, 30), date(2026, 4, 30))

    assert told_of_overdue(mailoutbox) == {"alerts@example.org"}


def test_an_alert_that_is_acknowledged_escalates_no_further_and_says_who_has_it(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))
    clinician = UserFactory.create(first_name="Ada", last_name="Clinician")

    acknowledge(notice=Notice.objects.get(rule__kind=Kind.OVERDUE), by=clinician, at=morning(5, 7))
    mailoutbox.clear()
    live(date(2026, 5, 8), date(2026, 5, 20))

    assert open_alerts() == []
    assert told_of_overdue(mailoutbox) == set()
    ended = Notice.objects.get(rule__kind=Kind.OVERDUE)
    assert (ended.end_reason, ended.acknowledged_by) == (
        "Ada Clinician has it in hand",
        clinician,
    )
    event = Event.objects.get(act="alert.acknowledged")
    assert (event.by_id, event.patient_id) == (clinician.public_id, slot.patient.public_id)


def test_an_answer_of_which_nothing_has_come_runs_out_after_two_weeks(slot: Slot) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))
    acknowledge(
        notice=Notice.objects.get(rule__kind=Kind.OVERDUE),
        by=UserFactory.create(),
        at=morning(5, 7),
    )

    sweep(at=moment(5, 20))
    while_it_holds = open_alerts()
    sweep(at=moment(5, 21))

    assert (while_it_holds, open_alerts()) == ([], [Audience.RESPONSIBLE])


def test_to_chase_the_patient_is_an_answer_too(slot: Slot) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))

    review(slot=slot, decision=Decision.CHASE, by=UserFactory.create(), at=morning(5, 7))

    on_days = {}
    for day in (8, 20, 21):
        sweep(at=moment(5, day))
        on_days[day] = open_alerts()
    assert on_days == {8: [], 20: [], 21: [Audience.RESPONSIBLE]}


def test_an_acknowledged_alert_takes_all_levels_of_the_same_exam_with_it(slot: Slot) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))
    live(date(2026, 5, 14), date(2026, 5, 14))
    lead, responsible = Notice.objects.filter(rule__kind=Kind.OVERDUE).order_by("-raised_at")

    acknowledge(notice=lead, by=UserFactory.create(), at=morning(5, 15))

    responsible.refresh_from_db()
    assert responsible.acknowledged_by
    assert open_alerts() == []


def test_a_second_person_is_told_who_was_first(slot: Slot) -> None:
    live(date(2026, 4, 30), date(2026, 4, 30))
    alert = Notice.objects.get(rule__kind=Kind.OVERDUE)
    first = UserFactory.create(first_name="Ada", last_name="First")
    acknowledge(notice=alert, by=first, at=morning(5, 7))

    with pytest.raises(ValidationError, match="Ada First has it in hand"):
        acknowledge(notice=alert, by=UserFactory.create(), at=morning(5, 7))


def test_only_an_alert_is_acknowledged(slot: Slot) -> None:
    live(date(2026, 3, 9), date(2026, 3, 9))

    with pytest.raises(ValidationError, match="Only an alert"):
        acknowledge(notice=Notice.objects.get(), by=UserFactory.create(), at=morning(3, 9))


def test_an_unreviewed_result_escalates_in_the_same_way(
    mailoutbox: list[EmailMessage], slot: Slot
) -> None:
    study = StudyFactory.create(patient=slot.patient)
    result = record_result(
        study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create(), at=morning(4, 20)
    )

    told = {}
    for month, day in ((4, 21), (5, 5), (6, 2)):
        live(date(2026, month, day), date(2026, month, day))
        told[month, day] = {mail.to[0] for mail in mailoutbox if "result" in str(mail.subject)}
        mailoutbox.clear()
    review_result(result=result, by=UserFactory.create(), at=morning(6, 3))
    sweep(at=moment(6, 3, hour=10))

    assert told[4, 21] == {"responsible@example.org"}
    assert told[5, 5] == {"lead@example.org"}
    assert len(told[6, 2]) == 4
    assert not Notice.objects.filter(rule__kind=Kind.RESULT, ended_at=None).exists()
