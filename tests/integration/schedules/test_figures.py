"""The figures as PostgreSQL counts them, against the pure rule; and what the scanners take."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.models import ClosedDay
from patients.queries import ClinicDay, clinic_days, clinics_of
from schedules.exports.facts import ADHERENCE
from schedules.figures import STANDINGS, Counted, expected, follow_up
from schedules.models import Result, ResultOutcome, Schedule, ScheduleState, Slot, Study
from schedules.rules.adherence import (
    Came,
    Standing,
    adherence,
    counts,
    done_on,
    is_kept,
    median_lateness,
    standing,
)
from schedules.rules.outcome import Outcome
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    HalfYearlyProtocolFactory,
    ScannerFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)
REGIONS = st.sampled_from([["chest"], ["abdomen"], ["chest", "abdomen"], ["lower_limb"]])
STUDIES = st.lists(st.tuples(st.integers(-45, 75), REGIONS, st.booleans()), max_size=3)
HISTORIES = st.lists(st.tuples(st.sampled_from(Outcome), STUDIES), min_size=24, max_size=24)


@pytest.fixture
def schedules() -> list[Schedule]:
    """Three patients of two clinics, on two protocols."""
    clinic = ClinicFactory.create()
    first, second = (
        ScheduleFactory.create(anchor__tumour__patient__clinic=clinic) for _ in range(2)
    )
    half_yearly = HalfYearlyProtocolFactory.create()
    return [first, second, ScheduleFactory.create(protocol=half_yearly)]


def rewrite(
    slots: Iterable[Slot], histories: Iterable[tuple[Outcome, list[tuple[int, list[str], bool]]]]
) -> None:
    """Give each slot an outcome and studies, near its due date, as no action would write them."""
    for slot, (outcome, studies) in zip(slots, histories, strict=False):
        Slot.objects.filter(pk=slot.pk).update(outcome=outcome.value)
        for days, regions, is_adequate in studies:
            study = Study.objects.create(
                patient=slot.patient,
                modality="CT",
                performed_on=slot.due_on + timedelta(days=days),
                regions=regions,
            )
            study.slots.add(slot)
            if not is_adequate:
                Result.objects.create(study=study, outcome=ResultOutcome.INADEQUATE)


def came(slot: Slot, on: date) -> Came:
    studies = [(study.performed_on, study.regions) for study in slot.counting_studies]
    done = done_on(slot.regions, studies, on)
    return Came(slot.due_on, slot.latest_on, slot.lapses_on, Outcome(slot.outcome), done)


def by_the_rule(slots: Iterable[Slot], on: date) -> Counted:
    known = [came(slot, on) for slot in slots]
    stand = [standing(one, on) for one in known]
    return Counted(
        **{name: stand.count(Standing(name)) for name in STANDINGS},
        adherence=adherence(known, on),
        median_days=median_lateness(known, on),
        median_days_late=median_lateness(known, on, only_late=True),
    )


def stands(slot: Slot, on: date) -> tuple[date | None, Standing, bool, bool]:
    known = came(slot, on)
    return known.done_on, standing(known, on), counts(known, on), is_kept(known)


def by_the_export(days: Iterable[ClinicDay], on: date) -> set[tuple[Any, ...]]:
    told = {"on": on, "patients": None, "protocol": "", "first": FIRST, "last": LAST}
    found: set[tuple[Any, ...]] = set()
    with connection.cursor() as cursor:
        for clinic in clinics_of(days):
            cursor.execute(
                f"SELECT slot_id, done_on, standing, counts, in_time FROM ({ADHERENCE}) AS told",
                told | {"clinic": clinic.pk},
            )
            found |= set(cursor.fetchall())
    return found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(HISTORIES, st.dates(date(2026, 3, 1), date(2027, 9, 1)))
def test_postgresql_counts_what_the_rule_counts(
    schedules: list[Schedule],
    histories: list[tuple[Outcome, list[tuple[int, list[str], bool]]]],
    on: date,
) -> None:
    with transaction.atomic():
        due = Slot.objects.filter(due_on__range=(FIRST, LAST)).order_by("due_on", "id")
        rewrite(due, histories)
        slots = list(due.prefetch_related("studies__result").select_related("schedule__protocol"))
        days = clinic_days({one.tumour.patient.clinic for one in schedules}, on=on)

        found = follow_up(days, first=FIRST, last=LAST)

        assert found.total == by_the_rule(slots, on)
        assert by_the_export(days, on) == {
            (slot.pk, *stands(slot, on)) for slot in slots if slot.due_on <= on
        }
        for month, counted in found.months.items():
            same = [slot for slot in slots if slot.due_on.replace(day=1) == month]
            assert counted == by_the_rule(same, on)
        for code, counted in found.protocols.items():
            same = [slot for slot in slots if slot.schedule.protocol.code == code]
            assert counted == by_the_rule(same, on)
            alone = follow_up(days, first=FIRST, last=LAST, protocol=code)
            assert alone.total == counted
        transaction.set_rollback(True)


def test_every_month_of_the_period_is_there_and_another_clinic_is_not() -> None:
    schedule, elsewhere = ScheduleFactory.create(), ClinicFactory.create()
    on = date(2026, 8, 1)

    found = follow_up(clinic_days([elsewhere], on=on), first=FIRST, last=LAST)
    own = follow_up(clinic_days([schedule.tumour.patient.clinic], on=on), first=FIRST, last=LAST)

    assert len(found.months) == 12
    assert set(found.months.values()) == {Counted()}
    assert found.total.came_due == 0
    assert own.total.came_due == 2


def test_why_slots_were_skipped_the_most_frequent_first() -> None:
    schedule = ScheduleFactory.create()
    for n, reason in enumerate(["Abroad", "Pregnant", "Abroad"], start=1):
        schedule.slots.filter(n=n).update(outcome="skipped", outcome_reason=reason)
    days = clinic_days([schedule.tumour.patient.clinic], on=date(2027, 1, 1))

    found = follow_up(days, first=FIRST, last=LAST)

    assert [(one.words, one.count) for one in found.reasons] == [("Abroad", 2), ("Pregnant", 1)]
    assert found.other_reasons == 0


def test_the_weeks_hold_what_is_due_what_is_left_and_what_is_booked() -> None:
    schedule = ScheduleFactory.create()  # due on Wednesday 15 April, the next on 15 July
    slot = schedule.slots.get(n=1)
    clinic = schedule.tumour.patient.clinic

    before, *weeks = expected(clinic_days([clinic], on=date(2026, 4, 7)))
    assert before.expected == 0
    assert [week.expected for week in weeks] == [0, 1, *[0] * 10]
    assert weeks[0].begins_on == date(2026, 4, 6)
    assert {week.capacity for week in weeks} == {None}

    BookingFactory.create(slot=slot)
    assert expected(clinic_days([clinic], on=date(2026, 4, 7)))[2].booked == 1
    assert expected(clinic_days([clinic], on=date(2026, 4, 9)))[2].booked == 0

    left, *_ = expected(clinic_days([clinic], on=date(2026, 5, 1)))
    assert (left.expected, left.overdue) == (1, 1)
    assert expected(clinic_days([clinic], on=date(2026, 6, 15)))[0].expected == 0  # lapsed


def test_what_is_done_or_suspended_is_not_expected() -> None:
    done, suspended = ScheduleFactory.create(), ScheduleFactory.create()
    StudyFactory.create(patient=done.tumour.patient)
    Schedule.objects.filter(pk=suspended.pk).update(state=ScheduleState.SUSPENDED)
    clinics = [one.tumour.patient.clinic for one in (done, suspended)]

    weeks = expected(clinic_days(clinics, on=date(2026, 4, 7)))

    assert sum(week.expected for week in weeks) == 0


def test_scanners_take_what_fits_into_the_opening_hours_of_the_working_days() -> None:
    clinic = ClinicFactory.create(country="JP", opens_at=time(9), closes_at=time(12, 20))
    ScannerFactory.create(clinic=clinic, minutes=30)
    ScannerFactory.create(clinic=clinic, minutes=60)
    by = UserFactory.create()
    ClosedDay.objects.create(clinic=clinic, on=date(2026, 4, 21), reason="Moving", by=by)

    weeks = expected(clinic_days([clinic], on=date(2026, 4, 9)))

    a_day = 6 + 3
    assert weeks[1].capacity == 2 * a_day  # Thursday and Friday are left
    assert weeks[2].capacity == 5 * a_day
    assert weeks[3].capacity == 4 * a_day  # closed on Tuesday
    assert weeks[4].capacity == 4 * a_day  # Shōwa Day on Wednesday


def test_a_scanner_that_is_out_of_use_takes_nothing() -> None:
    clinic = ClinicFactory.create()
    ScannerFactory.create(clinic=clinic, minutes=60, in_use=False)

    weeks = expected(clinic_days([clinic], on=date(2026, 4, 16)))

    assert {week.capacity for week in weeks} == {None}


def test_a_week_with_more_than_the_scanners_take_says_by_how_many() -> None:
    clinic = ClinicFactory.create(opens_at=time(9), closes_at=time(10))
    ScannerFactory.create(clinic=clinic, minutes=60)
    for _ in range(7):
        ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)

    week = expected(clinic_days([clinic], on=date(2026, 4, 7)))[2]

    assert (week.expected, week.capacity, week.over) == (7, 5, 2)


def test_the_queries_are_as_many_for_three_patients_as_for_one() -> None:
    clinic, queries = ClinicFactory.create(), []
    ScannerFactory.create(clinic=clinic)
    for patients in (1, 2):
        for _ in range(patients):
            ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
        days = clinic_days([clinic], on=date(2026, 9, 1))
        with CaptureQueriesContext(connection) as captured:
            follow_up(days, first=FIRST, last=LAST)
            expected(days)
        queries.append(len(captured))
        vars(clinic).pop("_prefetched_objects_cache", None)

    assert queries == [5, 5]


def test_a_study_of_a_day_to_come_does_not_count_yet() -> None:
    schedule = ScheduleFactory.create()
    patient = schedule.tumour.patient
    at = datetime.combine(date(2026, 5, 20), time(9), patient.clinic.zone)
    StudyFactory.create(patient=patient, performed_on=date(2026, 5, 20), at=at)

    def total(on: date) -> Counted:
        return follow_up(clinic_days([patient.clinic], on=on), first=FIRST, last=LAST).total

    assert total(date(2026, 5, 19)) == Counted(open=1)
    assert (total(date(2026, 5, 20)).late, total(date(2026, 5, 20)).median_days) == (1, 35)
