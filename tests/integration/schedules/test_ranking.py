"""The order of the overdue list: the rule's sum, as PostgreSQL works it out."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.models import Clinic, Depth, Finding, FindingKind, Margin, Tumour
from patients.queries import clinic_days
from schedules.models import Schedule, Slot
from schedules.queries import overdue
from schedules.ranking import rank_of, ranked
from tests.factories import ClinicFactory, ScheduleFactory

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2024, 1, 29), date(2028, 3, 31)


@pytest.fixture
def schedules() -> list[Schedule]:
    """Patients of two clinics whose days differ."""
    return [
        ScheduleFactory.create(anchor__tumour__patient__clinic__time_zone=zone)
        for zone in ("Asia/Tokyo", "America/Los_Angeles", "Asia/Tokyo")
    ]


def clinics_of(schedules: list[Schedule]) -> list[Clinic]:
    return [schedule.tumour.patient.clinic for schedule in schedules]


@st.composite
def histories(draw: st.DrawFn) -> dict[str, object]:
    return {
        "grade": draw(st.sampled_from([None, 1, 2, 3])),
        "size_mm": draw(st.sampled_from([None, 0, 50, 51, 100, 101, 300])),
        "depth": draw(st.sampled_from(Depth)),
        "margin": draw(st.sampled_from(Margin)),
        "anchor_on": draw(st.dates(FIRST - timedelta(days=1300), FIRST)),
        "found": draw(
            st.lists(st.tuples(st.sampled_from(FindingKind), st.dates(FIRST, LAST)), max_size=3)
        ),
    }


def rewrite(schedule: Schedule, history: dict[str, object]) -> None:
    """Give a patient another history, in the middle of a follow-up as it stands."""
    tumour = Tumour.objects.filter(pk=schedule.tumour_id)
    tumour.update(**{name: history[name] for name in ("grade", "size_mm", "depth")})
    type(schedule.anchor).objects.filter(pk=schedule.anchor_id).update(margin=history["margin"])
    Schedule.objects.filter(pk=schedule.pk).update(anchor_on=history["anchor_on"])
    found = history["found"]
    assert isinstance(found, list)
    for kind, on in found:
        Finding.objects.create(
            tumour=schedule.tumour, kind=kind, sites=["lung"], found_on=on, found_by="CT"
        )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(histories(), min_size=3, max_size=3),
    st.lists(st.dates(FIRST, LAST), min_size=2, max_size=5),
)
def test_postgresql_adds_up_what_the_rule_adds_up(
    schedules: list[Schedule], told: list[dict[str, object]], days: list[date]
) -> None:
    with transaction.atomic():
        for schedule, history in zip(schedules, told, strict=True):
            rewrite(schedule, history)

        for on in days:
            asked = clinic_days(clinics_of(schedules), on=on)
            highest_first = F("score").desc()
            listed = list(ranked(overdue(asked), asked).order_by(highest_first, "latest_on", "id"))

            scores = {slot.pk: rank_of(slot, on).score for slot in listed}
            assert {slot.pk: slot.score for slot in listed} == scores  # type: ignore[attr-defined]
            assert listed == sorted(
                listed, key=lambda slot: (-scores[slot.pk], slot.latest_on, slot.pk)
            )
        transaction.set_rollback(True)


@pytest.mark.parametrize("on", [date(1, 1, 1), date(9999, 12, 31)])
def test_the_first_and_the_last_day_of_the_calendar_have_an_order(
    schedules: list[Schedule], on: date
) -> None:
    asked = clinic_days(clinics_of(schedules), on=on)

    for slot in ranked(overdue(asked), asked):
        assert slot.score == rank_of(slot, on).score  # type: ignore[attr-defined]


def test_a_year_after_29_february_is_counted_as_the_calendar_counts_it(
    schedules: list[Schedule],
) -> None:
    Schedule.objects.update(anchor_on=date(2024, 2, 29))
    Slot.objects.update(
        earliest_on=date(2024, 11, 1),
        due_on=date(2024, 12, 1),
        latest_on=date(2025, 1, 1),
        lapses_on=date(2025, 4, 1),
    )

    for on in (date(2025, 2, 27), date(2025, 2, 28), date(2025, 3, 1)):
        asked = clinic_days(clinics_of(schedules), on=on)
        for slot in ranked(overdue(asked), asked):
            assert slot.score == rank_of(slot, on).score  # type: ignore[attr-defined]


def test_a_list_is_ranked_and_explained_in_as_many_queries_for_three_as_for_one() -> None:
    clinic, on, queries = ClinicFactory.create(), date(2026, 5, 20), []
    for patients in (1, 2):
        for _ in range(patients):
            ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
        asked = clinic_days([clinic], on=on)

        with CaptureQueriesContext(connection) as captured:
            found = [rank_of(slot, on) for slot in ranked(overdue(asked), asked)]

        queries.append(len(captured))
    assert len(found) == 3
    assert queries == [2, 2]
