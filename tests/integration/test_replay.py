"""The two published patients, replayed: does follow-up do what their report tells of?

Each case is entered event by event, as the demo enters it, for four days of resection: an
ordinary one, and three from which months are counted to a shorter month.
"""

from datetime import date, datetime, time
from typing import Any, NamedTuple

import pytest
from django.db.models import QuerySet

from patients.models import Clinic, Finding, FindingKind, Patient, Treatment
from patients.queries import clinic_days
from schedules.actions import rebaseline, record_study
from schedules.anchors import proposals, proposed_anchor
from schedules.models import Result, Schedule, ScheduleState, Slot, Study
from schedules.queries import to_book
from schedules.rules.months import add_months
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.demo.cases import enter_case, published_cases
from tests.factories import MembershipFactory, ProtocolFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in

pytestmark = pytest.mark.django_db

FIRST, SECOND = published_cases()


class Days(NamedTuple):
    """The days on which the months after a resection fall."""

    resected: date
    month_6: date
    month_11: date
    month_12: date
    month_36: date


AN_ORDINARY_DAY = Days(
    resected=date(2019, 5, 14),
    month_6=date(2019, 11, 14),
    month_11=date(2020, 4, 14),
    month_12=date(2020, 5, 14),
    month_36=date(2022, 5, 14),
)
TO_FEBRUARY = Days(
    resected=date(2019, 11, 30),
    month_6=date(2020, 5, 30),
    month_11=date(2020, 10, 30),
    month_12=date(2020, 11, 30),
    month_36=date(2022, 11, 30),
)
FROM_A_LEAP_DAY = Days(
    resected=date(2020, 2, 29),
    month_6=date(2020, 8, 29),
    month_11=date(2021, 1, 29),
    month_12=date(2021, 2, 28),
    month_36=date(2023, 2, 28),
)
FROM_THE_31ST = Days(
    resected=date(2019, 8, 31),
    month_6=date(2020, 2, 29),
    month_11=date(2020, 7, 31),
    month_12=date(2020, 8, 31),
    month_36=date(2022, 8, 31),
)


@pytest.fixture(
    params=[AN_ORDINARY_DAY, TO_FEBRUARY, FROM_A_LEAP_DAY, FROM_THE_31ST],
    ids=lambda days: str(days.resected),
)
def days(request: pytest.FixtureRequest) -> Days:
    resection: Days = request.param
    return resection


@pytest.fixture
def clinician() -> User:
    return MembershipFactory.create(role=Role.CLINICIAN).user


@pytest.fixture
def clinic(clinician: User) -> Clinic:
    return clinician.memberships.get().clinic


def enter(case: dict[str, Any], clinic: Clinic, days: Days, by: User, **how: Any) -> Patient:
    ProtocolFactory.create()
    return enter_case(case, clinic=clinic, resected_on=days.resected, by=by, **how)


def slot_of(study_day: date) -> Slot:
    """The one slot that the CT of that day counts for."""
    return Study.objects.get(performed_on=study_day).slots.get()


def test_the_first_patients_ct_at_6_months_satisfies_the_second_slot(
    clinic: Clinic, clinician: User, days: Days
) -> None:
    enter(FIRST, clinic, days, clinician, until_month=11)

    slot = slot_of(days.month_6)
    assert (slot.n, slot.due_on, slot.outcome) == (2, days.month_6, Outcome.SATISFIED)


def test_her_ct_at_11_months_is_on_the_first_day_of_the_12_month_slot_and_satisfies_it(
    clinic: Clinic, clinician: User, days: Days
) -> None:
    enter(FIRST, clinic, days, clinician, until_month=11)

    slot = slot_of(days.month_11)
    assert (slot.n, slot.month, slot.due_on) == (4, 12, days.month_12)
    assert (slot.earliest_on, slot.outcome) == (days.month_11, Outcome.SATISFIED)


def test_that_ct_found_the_metastasis(clinic: Clinic, clinician: User, days: Days) -> None:
    enter(FIRST, clinic, days, clinician, until_month=11)

    assert str(Study.objects.get(performed_on=days.month_11).result) == "New lesion, liver S6"
    found = Finding.objects.filter(kind=FindingKind.METASTASIS, sites=["liver S6"])
    assert [finding.found_on for finding in found] == [days.month_11]


@pytest.fixture
def operated(clinic: Clinic, clinician: User, days: Days) -> Schedule:
    """The first patient's schedule after the hepatic resection, on which nobody has decided."""
    patient = enter(FIRST, clinic, days, clinician, until_month=12, accept_rebaselines=False)
    return Schedule.objects.get(tumour__patient=patient)


def test_the_hepatic_resection_proposes_to_count_anew(operated: Schedule, days: Days) -> None:
    proposal = proposed_anchor(operated)

    assert proposal is not None
    assert (proposal.anchor, str(proposal.event)) == (
        days.month_12,
        "Partial hepatic resection (S6)",
    )
    assert proposals([operated.tumour.patient.clinic]) == [(operated, proposal)]


def test_until_somebody_accepts_the_old_slots_go_on(operated: Schedule) -> None:
    fifth = operated.slots.get(n=5)
    on_its_due_day = clinic_days([fifth.patient.clinic], on=fifth.due_on)

    assert list(to_book(on_its_due_day)) == [fifth]
    assert [slot.n for slot in operated.slots.filter(outcome=Outcome.OPEN).order_by("n")] == list(
        range(5, 21)
    )


def accept(schedule: Schedule, by: User) -> Schedule:
    proposal = proposed_anchor(schedule)
    assert proposal is not None
    noon = datetime.combine(proposal.anchor, time(12), schedule.tumour.patient.clinic.zone)
    return rebaseline(schedule=schedule, anchor=proposal.event, by=by, at=noon)


def test_accepting_starts_a_new_series_from_the_hepatic_resection(
    operated: Schedule, clinician: User, days: Days
) -> None:
    new = accept(operated, by=clinician)

    assert (new.anchor_on, new.replaces, new.state) == (
        days.month_12,
        operated,
        ScheduleState.ACTIVE,
    )
    assert [slot.due_on for slot in new.slots.order_by("n")] == [
        add_months(days.month_12, 3 * n) for n in range(1, 21)
    ]
    assert proposed_anchor(new) is None


def test_accepting_supersedes_what_is_left_of_the_old_series(
    operated: Schedule, clinician: User
) -> None:
    accept(operated, by=clinician)

    operated.refresh_from_db()
    assert operated.state == ScheduleState.SUPERSEDED
    assert [slot.outcome for slot in operated.slots.order_by("n")] == [
        *[Outcome.SATISFIED] * 4,
        *[Outcome.SUPERSEDED] * 16,
    ]


def what_happened() -> list[list[Any]]:
    """Every row of the history, and which study counts for which slot."""
    tables: list[QuerySet[Any]] = [
        Slot.objects.exclude(outcome__in=[*Slot.TO_BE_DONE, Outcome.SUPERSEDED]),
        Treatment.objects.all(),
        Finding.objects.all(),
        Study.objects.all(),
        Result.objects.all(),
        Study.slots.through._default_manager.all(),
    ]
    return [list(table.order_by("pk").values()) for table in tables]


def test_accepting_changes_nothing_of_what_happened(operated: Schedule, clinician: User) -> None:
    before = what_happened()

    accept(operated, by=clinician)

    assert all(before)
    assert what_happened() == before


def test_her_ct_two_years_after_the_hepatic_resection_satisfies_the_eighth_slot_of_the_new_series(
    clinic: Clinic, clinician: User, days: Days
) -> None:
    enter(FIRST, clinic, days, clinician)

    slot = slot_of(days.month_36)
    assert slot.schedule.anchor_on == days.month_12
    assert (slot.n, slot.month, slot.outcome) == (8, 24, Outcome.SATISFIED)


def test_the_second_patient_is_followed_through_twelve_slots_to_36_months(
    clinic: Clinic, clinician: User, days: Days
) -> None:
    patient = enter(SECOND, clinic, days, clinician, until_month=36)

    slots = Slot.objects.filter(schedule__tumour__patient=patient).order_by("n")
    assert [slot.n for slot in slots if slot.outcome == Outcome.SATISFIED] == list(range(1, 13))
    twelfth = slot_of(days.month_36)
    assert (twelfth.n, twelfth.month, twelfth.due_on) == (12, 36, days.month_36)


@pytest.mark.parametrize("case", [FIRST, SECOND], ids=["first", "second"])
def test_every_ct_of_a_published_patient_counts_for_a_slot(
    clinic: Clinic, clinician: User, days: Days, case: dict[str, Any]
) -> None:
    patient = enter(case, clinic, days, clinician)

    assert patient.studies.exists()
    assert not patient.studies.filter(slots=None).exists()


def test_a_ct_of_the_chest_alone_leaves_the_abdomen_to_be_booked(
    clinic: Clinic, clinician: User, days: Days
) -> None:
    patient = enter(FIRST, clinic, days, clinician, until_month=3)
    nurse = MembershipFactory.create(clinic=clinic, role=Role.NURSE).user

    record_study(
        patient=patient, modality="CT", performed_on=days.month_6, regions=["chest"], by=nurse
    )

    slot = slot_of(days.month_6)
    assert (slot.n, slot.outcome, slot.missing) == (2, Outcome.PARTIALLY_SATISFIED, ("abdomen",))
    on = {"on": days.month_6.isoformat()}
    [row] = Page(signed_in(nurse).get("/worklists/to-book/", on)).table()
    assert row["Patient"].startswith(str(patient))
    assert row["Exam"].endswith("Abdomen still missing")
