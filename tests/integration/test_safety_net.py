"""The safety net: who has fallen through, since when, who must act and where; and zero, if nobody.

Each gap is shown to open on its day and to close once somebody acts on it.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from pytest_django import Settings

from patients.models import Clinic, Intent, Margin, Patient, TreatmentKind
from patients.queries import clinic_days
from patients.safety import FallenThrough, Gap
from reminders.actions import sweep
from reminders.delivery import GIVE_UP_AFTER
from reminders.models import Kind, Message, MessageState, Notice
from schedules.actions import (
    change_protocol,
    decline_anchor,
    end,
    enrol,
    keep_off_schedule,
    move_booking,
    rebaseline,
    record_death,
    record_result,
    resume,
    review,
    review_result,
    suspend,
)
from schedules.models import (
    BookingState,
    Decision,
    EndReason,
    ResultOutcome,
    Schedule,
    Slot,
)
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from surveillance.safety_net import fallen_through
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    HalfYearlyProtocolFactory,
    MetastasectomyFactory,
    PatientFactory,
    ProtocolFactory,
    ResectionFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db

NET = "/safety-net/"


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def by() -> User:
    return UserFactory.create()


@pytest.fixture
def schedule(clinic: Clinic) -> Schedule:
    """From 15 January 2026: its first slot is open from 15 March to 14 June."""
    return ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)


@pytest.fixture
def slot(schedule: Schedule) -> Slot:
    return schedule.slots.get(n=1)


def listed(clinic: Clinic, on: date) -> list[FallenThrough]:
    return [row for rows in fallen_through(clinic_days([clinic], on=on)).values() for row in rows]


def gaps(clinic: Clinic, on: date) -> list[Gap]:
    return [row.gap for row in listed(clinic, on)]


def the_one(gap: Gap, clinic: Clinic, on: date) -> FallenThrough:
    [row] = [row for row in listed(clinic, on) if row.gap == gap]
    return row


def told(row: FallenThrough) -> tuple[date, list[Role], str]:
    return row.since, list(row.who), row.url


def page_of(patient: Patient) -> str:
    return f"/patients/{patient.public_id}/"


def test_whoever_has_an_open_slot_ahead_is_in_good_hands(clinic: Clinic, slot: Slot) -> None:
    assert [gaps(clinic, day) for day in (date(2026, 2, 1), slot.lapses_on)] == [[], []]


# Resected, with no schedule.


def test_who_was_resected_and_is_not_followed_is_listed_since_the_operation(
    clinic: Clinic,
) -> None:
    operation = ResectionFactory.create(tumour__patient__clinic=clinic, on=date(2026, 1, 15))

    row = the_one(Gap.NO_SCHEDULE, clinic, date(2026, 2, 1))

    patient = operation.tumour.patient
    assert (row.patient, row.detail) == (patient, "Leiomyosarcoma, left distal femur")
    assert told(row) == (date(2026, 1, 15), [Role.CLINICIAN], page_of(patient))


def test_enrolling_closes_that_gap(clinic: Clinic, by: User) -> None:
    operation = ResectionFactory.create(tumour__patient__clinic=clinic)

    enrol(tumour=operation.tumour, protocol=ProtocolFactory.create(), anchor=operation, by=by)

    assert gaps(clinic, date(2026, 2, 1)) == []


def test_a_death_closes_that_gap(clinic: Clinic, by: User) -> None:
    patient = ResectionFactory.create(tumour__patient__clinic=clinic).tumour.patient

    record_death(patient=patient, died_on=date(2026, 2, 1), by=by, at=morning(2, 2))

    assert gaps(clinic, date(2026, 2, 2)) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"margin": Margin.R2},
        {"intent": Intent.PALLIATIVE},
        {"kind": TreatmentKind.CHEMOTHERAPY},
    ],
    ids=["R2", "palliative", "no operation"],
)
def test_who_was_never_made_free_of_disease_is_not_listed(
    clinic: Clinic, fields: dict[str, str]
) -> None:
    ResectionFactory.create(tumour__patient__clinic=clinic, **fields)

    assert gaps(clinic, date(2026, 2, 1)) == []


def test_a_second_tumour_that_is_not_followed_is_listed(clinic: Clinic, schedule: Schedule) -> None:
    ResectionFactory.create(tumour__patient=schedule.tumour.patient)

    assert gaps(clinic, date(2026, 2, 1)) == [Gap.NO_SCHEDULE]


# Active schedule with nothing ahead.


@pytest.fixture
def run_out(schedule: Schedule) -> Schedule:
    """All its slots are done but the last, which lapses after 14 March 2031."""
    schedule.slots.exclude(n=20).update(outcome=Outcome.SATISFIED)
    return schedule


def test_a_schedule_whose_last_slot_is_over_is_listed_since_that_slot_was_due(
    clinic: Clinic, run_out: Schedule
) -> None:
    assert Gap.NOTHING_AHEAD not in gaps(clinic, date(2031, 3, 14))

    row = the_one(Gap.NOTHING_AHEAD, clinic, date(2031, 3, 15))

    patient = run_out.tumour.patient
    assert row.patient == patient
    assert told(row) == (date(2031, 1, 15), [Role.CLINICIAN], page_of(patient))


def test_completing_closes_that_gap(clinic: Clinic, run_out: Schedule, by: User) -> None:
    StudyFactory.create(patient=run_out.tumour.patient, performed_on=date(2031, 1, 15))
    assert gaps(clinic, date(2031, 2, 1)) == [Gap.NOTHING_AHEAD]

    end(schedule=run_out, end_reason=EndReason.COMPLETED, by=by, at=morning(2, 1, 2031))

    assert gaps(clinic, date(2031, 2, 1)) == []


# Suspension past its review date.


@pytest.fixture
def resting(schedule: Schedule, by: User) -> Schedule:
    """Suspended from 1 April, to be reviewed on 1 June 2026."""
    suspend(
        schedule=schedule, reason="Pregnancy", review_on=date(2026, 6, 1), by=by, at=morning(4, 1)
    )
    return schedule


def test_a_suspension_comes_back_on_its_day_of_review(clinic: Clinic, resting: Schedule) -> None:
    assert gaps(clinic, date(2026, 5, 31)) == []

    row = the_one(Gap.SUSPENSION_OVER, clinic, date(2026, 6, 1))

    patient = resting.tumour.patient
    assert (row.patient, row.detail) == (patient, "Pregnancy")
    assert told(row) == (date(2026, 6, 1), [Role.CLINICIAN], page_of(patient))


def test_resuming_closes_that_gap(clinic: Clinic, resting: Schedule, by: User) -> None:
    resume(schedule=resting, by=by, at=morning(6, 1))

    assert gaps(clinic, date(2026, 6, 1)) == []


def test_ending_closes_that_gap(clinic: Clinic, resting: Schedule, by: User) -> None:
    end(schedule=resting, end_reason=EndReason.DECLINED, by=by, at=morning(6, 1))

    assert gaps(clinic, date(2026, 6, 1)) == []


# Appointment passed, with no outcome.


def test_an_appointment_is_listed_from_the_day_after_it_passed_without_word(
    clinic: Clinic, slot: Slot
) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))
    assert gaps(clinic, date(2026, 4, 8)) == []

    row = the_one(Gap.NO_OUTCOME, clinic, date(2026, 4, 9))

    assert (row.patient, row.detail) == (slot.patient, "CT chest+abdomen on 8 April 2026")
    assert told(row) == (date(2026, 4, 8), [Role.NURSE], "/worklists/booked/")


@pytest.mark.parametrize("to", [BookingState.NO_SHOW, BookingState.CANCELLED])
def test_telling_what_became_of_it_closes_that_gap(
    clinic: Clinic, slot: Slot, by: User, to: BookingState
) -> None:
    booking = BookingFactory.create(slot=slot, starts_at=morning(4, 8))

    move_booking(booking=booking, to=to, by=by, at=morning(4, 9))

    assert gaps(clinic, date(2026, 4, 9)) == []


def test_the_exam_of_its_day_closes_that_gap(clinic: Clinic, slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))

    StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 8))

    assert gaps(clinic, date(2026, 4, 9)) == []


@pytest.mark.parametrize("state", ["suspended", "ended", "rebaselined"])
def test_an_appointment_of_a_follow_up_that_is_no_longer_active_is_still_listed(
    clinic: Clinic, slot: Slot, by: User, state: str
) -> None:
    schedule = slot.schedule
    BookingFactory.create(slot=slot, starts_at=morning(4, 8))
    if state == "suspended":
        suspend(
            schedule=schedule, reason="Rest", review_on=date(2026, 9, 1), by=by, at=morning(4, 1)
        )
    elif state == "ended":
        end(schedule=schedule, end_reason=EndReason.PALLIATIVE, by=by, at=morning(4, 1))
    else:
        operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))
        rebaseline(schedule=schedule, anchor=operation, by=by, at=morning(4, 1))

    assert gaps(clinic, date(2026, 4, 9)) == [Gap.NO_OUTCOME]


# Slot lapsed without a review.


def decide(slot: Slot, by: User, decision: Decision = Decision.CHASE, *, at: datetime) -> None:
    until = date(2026, 9, 1) if decision == Decision.DEFER else None
    review(slot=slot, decision=decision, until=until, reason="A reason", by=by, at=at)


def test_a_slot_is_listed_from_the_day_after_it_lapsed(clinic: Clinic, slot: Slot) -> None:
    assert gaps(clinic, date(2026, 6, 14)) == []

    row = the_one(Gap.LAPSED, clinic, date(2026, 6, 15))

    assert (row.patient, row.detail) == (
        slot.patient,
        "CT chest+abdomen no. 1, due 2026-04-15",
    )
    assert told(row) == (date(2026, 6, 14), [Role.CLINICIAN], "/worklists/overdue/")


def test_a_slot_that_lacks_one_region_lapses_too(clinic: Clinic, slot: Slot) -> None:
    StudyFactory.create(patient=slot.patient, regions=["chest"])

    assert gaps(clinic, date(2026, 6, 15)) == [Gap.LAPSED]


@pytest.mark.parametrize("decision", Decision)
def test_any_decision_since_then_closes_that_gap(
    clinic: Clinic, slot: Slot, by: User, decision: Decision
) -> None:
    decide(slot, by, decision, at=morning(6, 20))

    assert gaps(clinic, date(2026, 6, 20)) == []


def test_a_decision_before_it_lapsed_does_not_close_that_gap(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    decide(slot, by, at=morning(6, 14))

    assert gaps(clinic, date(2026, 6, 15)) == [Gap.LAPSED]


def test_a_decision_in_the_small_hours_counts_on_the_clinics_own_day(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    one_in_the_morning = morning(6, 15).replace(hour=1)  # 14 June in UTC

    decide(slot, by, at=one_in_the_morning)

    assert gaps(clinic, date(2026, 6, 15)) == []


def test_a_slot_deferred_beyond_its_last_day_is_listed_when_the_deferral_ends(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    decide(slot, by, Decision.DEFER, at=morning(6, 10))

    assert gaps(clinic, date(2026, 8, 31)) == []
    assert gaps(clinic, date(2026, 9, 1)) == [Gap.LAPSED]


# Study without a match.


def test_a_study_that_counts_for_nothing_is_listed_from_its_day(clinic: Clinic, slot: Slot) -> None:
    StudyFactory.create(patient=slot.patient, modality="MR", performed_on=date(2026, 4, 14))
    assert gaps(clinic, date(2026, 4, 13)) == []

    row = the_one(Gap.NO_MATCH, clinic, date(2026, 4, 14))

    assert (row.patient, row.detail) == (slot.patient, "MR chest+abdomen of 2026-04-14")
    assert told(row) == (
        date(2026, 4, 14),
        [Role.NURSE, Role.CLINICIAN],
        "/worklists/unmatched/",
    )


@pytest.mark.parametrize(("day", "is_listed"), [(14, False), (15, True)])
def test_a_study_before_the_patients_first_window_opens_is_none(
    clinic: Clinic, slot: Slot, day: int, is_listed: bool
) -> None:
    StudyFactory.create(patient=slot.patient, modality="MR", performed_on=date(2026, 3, day))

    assert (Gap.NO_MATCH in gaps(clinic, date(2026, 3, 20))) is is_listed


def test_a_study_of_a_patient_without_any_slot_is_none(clinic: Clinic) -> None:
    patient = ResectionFactory.create(tumour__patient__clinic=clinic).tumour.patient
    StudyFactory.create(patient=patient)

    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_SCHEDULE]


def test_keeping_it_off_schedule_closes_that_gap(clinic: Clinic, slot: Slot, by: User) -> None:
    study = StudyFactory.create(patient=slot.patient, modality="MR")

    keep_off_schedule(study=study, reason="Of the knee", by=by)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_the_region_that_was_not_recorded_closes_that_gap(clinic: Clinic, slot: Slot) -> None:
    study = StudyFactory.create(patient=slot.patient, regions=["pelvis"])
    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_MATCH]

    StudyFactory.create(patient=slot.patient, regions=["abdomen"], study_uid=study.study_uid)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_images_reported_as_inadequate_still_belong_to_their_slot(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    study = StudyFactory.create(patient=slot.patient)
    result = record_result(study=study, outcome=ResultOutcome.INADEQUATE, by=by)
    review_result(result=result, by=by)

    assert gaps(clinic, date(2026, 4, 14)) == []


def test_a_study_after_the_follow_up_has_ended_is_listed(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    end(schedule=slot.schedule, end_reason=EndReason.DECLINED, by=by, at=morning(4, 1))

    StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 14))

    assert gaps(clinic, date(2026, 4, 14)) == [Gap.NO_MATCH]


# Result without a review.


def test_a_result_is_listed_until_a_clinician_has_seen_it(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    study = StudyFactory.create(patient=slot.patient, performed_on=date(2026, 4, 14))
    assert gaps(clinic, date(2026, 4, 15)) == []
    result = record_result(study=study, outcome=ResultOutcome.NEW_LESION, sites=["liver S6"], by=by)

    row = the_one(Gap.NOT_REVIEWED, clinic, date(2026, 4, 15))

    assert (row.patient, row.detail) == (slot.patient, "New lesion, liver S6")
    assert told(row) == (date(2026, 4, 14), [Role.CLINICIAN], "/worklists/results/")

    review_result(result=result, by=by)

    assert gaps(clinic, date(2026, 4, 15)) == []


# Re-baseline proposed and not decided.


def test_an_operation_that_nobody_decided_about_is_listed_since_its_day(
    clinic: Clinic, schedule: Schedule
) -> None:
    MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    row = the_one(Gap.NEW_ANCHOR, clinic, date(2026, 4, 2))

    assert row.patient == schedule.tumour.patient
    assert row.detail == (
        "Metastasectomy: Partial hepatic resection on 1 April 2026, "
        "after the anchor of 15 January 2026"
    )
    assert told(row) == (date(2026, 4, 1), [Role.CLINICIAN], "/worklists/rebaselines/")


@pytest.mark.parametrize("accepted", [True, False])
def test_accepting_or_declining_closes_that_gap(
    clinic: Clinic, schedule: Schedule, by: User, accepted: bool
) -> None:
    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    if accepted:
        rebaseline(schedule=schedule, anchor=operation, by=by, at=morning(4, 2))
    else:
        decline_anchor(schedule=schedule, treatment=operation, reason="A biopsy", by=by)

    assert gaps(clinic, date(2026, 4, 2)) == []


def test_what_was_declined_stays_declined_under_another_protocol(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))
    decline_anchor(schedule=schedule, treatment=operation, reason="A biopsy", by=by)

    change_protocol(
        schedule=schedule, protocol=HalfYearlyProtocolFactory.create(), by=by, at=morning(4, 2)
    )

    assert gaps(clinic, date(2026, 4, 2)) == []


def test_declining_the_later_of_two_operations_leaves_the_earlier_to_be_decided(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    first, second = (
        MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, day))
        for day in (1, 8)
    )

    decline_anchor(schedule=schedule, treatment=second, reason="A biopsy", by=by)

    assert the_one(Gap.NEW_ANCHOR, clinic, date(2026, 4, 9)).since == first.on


def test_an_operation_after_the_follow_up_has_ended_is_listed(
    clinic: Clinic, schedule: Schedule, by: User
) -> None:
    end(schedule=schedule, end_reason=EndReason.DECLINED, by=by, at=morning(3, 1))

    operation = MetastasectomyFactory.create(tumour=schedule.tumour, on=date(2026, 4, 1))

    [row] = listed(clinic, date(2026, 4, 2))
    assert (row.patient, row.since) == (schedule.tumour.patient, operation.on)


# Alert that nobody has answered.


@pytest.fixture
def alerted(slot: Slot, mailoutbox: list[mail.EmailMessage]) -> Slot:
    """Alerted of on 30 April 2026, its first day overdue."""
    sweep(at=morning(4, 30))
    assert Notice.objects.get(rule__kind=Kind.OVERDUE).slot == slot
    return slot


def test_an_alert_is_listed_once_it_is_a_week_old(clinic: Clinic, alerted: Slot) -> None:
    assert gaps(clinic, date(2026, 5, 7)) == []

    row = the_one(Gap.NOT_ACKNOWLEDGED, clinic, date(2026, 5, 8))

    assert (row.patient, row.detail) == (
        alerted.patient,
        "Exam overdue: CT chest+abdomen no. 1, due 2026-04-15",
    )
    assert told(row) == (date(2026, 4, 30), [Role.CLINICIAN], "/worklists/overdue/")


def answers() -> dict[str, Callable[[Slot, User], object]]:
    return {
        "decided": lambda slot, by: decide(slot, by, at=morning(5, 8)),
        "booked": lambda slot, by: BookingFactory.create(
            slot=slot, starts_at=morning(5, 20), at=morning(5, 8)
        ),
        "performed": lambda slot, by: StudyFactory.create(
            patient=slot.patient, performed_on=date(2026, 5, 8)
        ),
        "suspended": lambda slot, by: suspend(
            schedule=slot.schedule,
            reason="Rest",
            review_on=date(2026, 9, 1),
            by=by,
            at=morning(5, 8),
        ),
        "ended": lambda slot, by: end(
            schedule=slot.schedule, end_reason=EndReason.DECLINED, by=by, at=morning(5, 8)
        ),
    }


@pytest.mark.parametrize("answer", answers())
def test_whatever_answers_an_alert_closes_that_gap(
    clinic: Clinic, alerted: Slot, by: User, answer: str
) -> None:
    answers()[answer](alerted, by)

    assert gaps(clinic, date(2026, 5, 8)) == []


# Message that could not be delivered.


@pytest.fixture
def undelivered(slot: Slot, settings: Settings) -> Slot:
    """Nobody could be reached by mail: the digest of 16 March was given up on 20 March 2026."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    sweep(at=morning(3, 15))
    sweep(at=morning(3, 16))
    Message.objects.update(attempts=GIVE_UP_AFTER - 1, next_try_at=morning(3, 20))
    sweep(at=morning(3, 20))
    assert Message.objects.get().state == MessageState.FAILED
    return slot


def test_a_message_that_was_given_up_is_listed_with_the_reason(
    clinic: Clinic, undelivered: Slot
) -> None:
    row = the_one(Gap.NOT_DELIVERED, clinic, date(2026, 3, 21))

    assert row.patient == undelivered.patient
    assert row.detail == (
        "Exam to be booked: CT chest+abdomen no. 1, due 2026-04-15: "
        "The mail server cannot be used: Connection refused"
    )
    assert told(row) == (
        date(2026, 3, 20),
        [Role.NURSE, Role.CLINICIAN],
        page_of(undelivered.patient),
    )


@pytest.mark.parametrize("answer", ["booked", "performed", "suspended", "ended"])
def test_what_the_message_asked_for_closes_that_gap(
    clinic: Clinic, undelivered: Slot, by: User, answer: str
) -> None:
    answers()[answer](undelivered, by)

    assert Gap.NOT_DELIVERED not in gaps(clinic, date(2026, 5, 8))


# All of them together.


@pytest.fixture
def many(clinic: Clinic, slot: Slot, by: User) -> Clinic:
    """On 20 June 2026: one lapsed, one newly operated on, three never followed."""
    MetastasectomyFactory.create(tumour=slot.schedule.tumour, on=date(2026, 6, 1))
    for day in (3, 1, 2):
        ResectionFactory.create(tumour__patient__clinic=clinic, on=date(2026, 5, day))
    return clinic


def test_the_gaps_stand_in_their_order_and_in_each_the_oldest_first(many: Clinic) -> None:
    assert [(row.gap, row.since) for row in listed(many, date(2026, 6, 20))] == [
        (Gap.NO_SCHEDULE, date(2026, 5, 1)),
        (Gap.NO_SCHEDULE, date(2026, 5, 2)),
        (Gap.NO_SCHEDULE, date(2026, 5, 3)),
        (Gap.LAPSED, date(2026, 6, 14)),
        (Gap.NEW_ANCHOR, date(2026, 6, 1)),
    ]


def test_each_clinic_goes_by_its_own_day() -> None:
    """At 20:00 UTC of 14 June it is the 15th in Tokyo, and still the 14th in New York."""
    in_tokyo = ClinicFactory.create()
    in_new_york = ClinicFactory.create(time_zone="America/New_York")
    for clinic in (in_tokyo, in_new_york):
        ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    evening = datetime.fromisoformat("2026-06-14T20:00:00+00:00")

    found = fallen_through(clinic_days([in_tokyo, in_new_york], at=evening))

    assert [row.patient.clinic for rows in found.values() for row in rows] == [in_tokyo]


def command(*arguments: str) -> tuple[object, str]:
    """Return its exit code and what it said."""
    said = StringIO()
    code: object = 0
    try:
        call_command("safety_net", *arguments, stdout=said)
    except SystemExit as stop:
        code = stop.code
    return code, said.getvalue()


def test_the_command_lists_them_by_reason_and_fails(many: Clinic) -> None:
    code, said = command("--on=2026-06-20")

    assert code == 1
    first, second, *_ = said.splitlines()
    assert first == "Resected, with no schedule: 3"
    assert second.startswith(f"  {many.code} MRN-")
    assert second.endswith("since 2026-05-01: Leiomyosarcoma, left distal femur (clinician)")


def test_the_command_says_that_nobody_has_and_succeeds(schedule: Schedule) -> None:
    assert command("--on=2026-02-01") == (0, "Nobody has fallen through.\n")


def test_the_command_as_json_holds_each_row(clinic: Clinic, slot: Slot) -> None:
    code, said = command("--on=2026-06-15", "--json")

    assert code == 1
    assert json.loads(said) == {
        "fallen_through": 1,
        "rows": [
            {
                "reason": "lapsed",
                "patient": str(slot.patient.public_id),
                "clinic": clinic.code,
                "since": "2026-06-14",
                "detail": "CT chest+abdomen no. 1, due 2026-04-15",
                "who": ["clinician"],
            }
        ],
    }


def test_the_command_as_json_succeeds_with_nobody(schedule: Schedule) -> None:
    code, said = command("--on=2026-02-01", "--json")

    assert (code, json.loads(said)) == (0, {"fallen_through": 0, "rows": []})


def net(clinic: Clinic, role: Role, on: str) -> Page:
    return Page(signed_in(member(clinic, role)).get(NET, {"on": on}))


def test_the_page_says_so_when_nobody_has_fallen_through(
    clinic: Clinic, schedule: Schedule
) -> None:
    page = net(clinic, Role.NURSE, on="2026-02-01")

    assert page.text("h1") == "Safety net 0"
    assert page.text(".empty").startswith("Nobody has fallen through: each of the 1 patients")
    assert page.table() == []


def test_the_page_lists_them_by_reason_and_links_to_where_to_act(many: Clinic, slot: Slot) -> None:
    page = net(many, Role.CLINICIAN, on="2026-06-20")

    assert page.text("h1") == "Safety net 5"
    assert [row["Since"] for row in page.table(under="Resected, with no schedule")] == [
        "1 May 2026",
        "2 May 2026",
        "3 May 2026",
    ]
    [row] = page.table(under="Slot lapsed without a review")
    assert row["Patient"].startswith(str(slot.patient))
    assert row["Who must act"] == f"Clinician at {many}"
    assert page.link("slot lapsed without a review") == "/worklists/overdue/"


def test_the_page_shows_a_nurse_all_and_lets_her_act_on_her_own(many: Clinic, slot: Slot) -> None:
    BookingFactory.create(slot=slot, starts_at=morning(6, 10))

    page = net(many, Role.NURSE, on="2026-06-20")

    assert page.text("h1") == "Safety net 6"
    links = [str(link["href"]) for link in page.document.select("td.act a")]
    assert links == ["/worklists/booked/"]


def test_a_patient_of_another_clinic_stays_out(many: Clinic, schedule: Schedule) -> None:
    page = net(ClinicFactory.create(), Role.CLINICIAN, on="2026-06-20")

    assert page.table() == []
    assert page.text(".empty").startswith("Nobody has fallen through: each of the 0 patients")


def test_whom_the_page_shows_is_recorded_as_seen(many: Clinic, slot: Slot) -> None:
    net(many, Role.CLINICIAN, on="2026-06-20")

    look = Look.objects.get()
    assert (look.page, look.clinic_code) == ("safety net", many.code)
    assert slot.patient.public_id in look.patient_ids
    assert len(look.patient_ids) == 4


def test_who_has_no_tumour_that_was_operated_on_is_not_listed(clinic: Clinic) -> None:
    PatientFactory.create(clinic=clinic)

    assert gaps(clinic, date(2026, 6, 20)) == []
