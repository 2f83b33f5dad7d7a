from datetime import date

import pytest
from django.db import transaction
from psycopg2.errors import UniqueViolation

from patients.models import Treatment
from schedules.actions.slots import create_slots
from schedules.bulk import lay_out
from schedules.models import Protocol, Schedule, Slot
from schedules.rules.plan import plan
from tests.factories import ProtocolFactory, ResectionFactory

pytestmark = pytest.mark.django_db

EXAMS = [
    {"modality": "CT", "regions": ["chest", "abdomen"], "contrast": "with"},
    {"modality": "M\\R\t\n\r", "regions": ["lower_limb"]},
]


def enrolled(protocol: Protocol, *operations: Treatment) -> list[Schedule]:
    return Schedule.objects.bulk_create(
        Schedule(tumour=one.tumour, protocol=protocol, anchor=one, anchor_on=one.on)
        for one in operations
        if one.on
    )


def written() -> list[tuple[object, ...]]:
    """Return all that is stored of the slots, but for what numbers and names the row itself."""
    columns = {field.attname for field in Slot._meta.concrete_fields} - {"id", "public_id"}
    return list(Slot.objects.order_by("schedule", "exam", "n").values_list(*sorted(columns)))


def test_it_writes_exactly_what_one_enrolment_after_another_writes() -> None:
    in_months = ProtocolFactory.create()
    of_two_exams = ProtocolFactory.create(
        code="two-exams",
        phases=[
            {
                "after_month": 0,
                "up_to_month": 3,
                "every_weeks": 6,
                "opens_weeks_before": 1,
                "late_after_days": 7,
                "exams": EXAMS,
            },
            {
                "after_month": 3,
                "up_to_month": 12,
                "every_months": 3,
                "opens_months_before": 1,
                "late_after_days": 14,
                "exams": EXAMS,
            },
        ],
    )
    schedules = [
        *enrolled(in_months, ResectionFactory.create(), ResectionFactory.create()),
        *enrolled(of_two_exams, ResectionFactory.create(on=date(2024, 2, 29))),
    ]
    for schedule in schedules:
        create_slots(schedule, plan(schedule.protocol.definition, schedule.anchor_on))
    one_after_another = written()
    Slot.objects.all().delete()

    assert lay_out(schedules) == len(one_after_another)

    assert written() == one_after_another
    assert Slot.objects.values("public_id").distinct().count() == len(one_after_another)


def test_nothing_to_lay_out_writes_nothing() -> None:
    assert lay_out([]) == 0


def test_a_schedule_that_has_slots_already_is_refused_with_all_others() -> None:
    old, new = enrolled(ProtocolFactory.create(), *ResectionFactory.create_batch(2))
    lay_out([old])

    with pytest.raises(UniqueViolation, match="one_slot_per_place"), transaction.atomic():
        lay_out([new, old])

    assert not new.slots.exists()
    assert old.slots.count() == 20
