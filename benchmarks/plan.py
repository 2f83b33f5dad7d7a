"""Planning: the dates beside dateutil's, and writing the slots beside writing alone."""

import argparse
from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

from benchmarks import Row, compare, own_database, show
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit

if TYPE_CHECKING:
    from patients.models import Clinic
    from schedules.models import Schedule

CT = Exam("CT", ("chest", "abdomen"))
SLOTS = 20
THREE_MONTHLY = Definition((Phase(0, 3 * SLOTS, 3, 1, Unit.MONTHS, 14, (CT,)),))


def anchors(patients: int) -> list[date]:
    """Return a day of 2016 to 2025 for each patient, as many of each day of the month."""
    return [
        date(2016, 1, 1) + timedelta(days=patient * 1_009 % 3_653) for patient in range(patients)
    ]


def by_the_rules(days: Sequence[date]) -> list[PlannedSlot]:
    return [slot for day in days for slot in plan(THREE_MONTHLY, day)]


def by_relativedelta(days: Sequence[date]) -> list[PlannedSlot]:
    return [
        PlannedSlot(
            exam=CT,
            n=n,
            month=3 * n,
            weeks=0,
            earliest_on=day + relativedelta(months=3 * n - 1),
            due_on=(due_on := day + relativedelta(months=3 * n)),
            latest_on=due_on + timedelta(days=14),
            lapses_on=day + relativedelta(months=3 * n + 2) - timedelta(days=1),
        )
        for day in days
        for n in range(1, SLOTS + 1)
    ]


def dates_row(patients: int) -> Row:
    days = anchors(min(patients, 2_000))
    return compare(
        "relativedelta",
        ours=lambda: by_the_rules(days),
        baseline=lambda: by_relativedelta(days),
        unit="µs a slot",
        units_per_second=1e6 / (len(days) * SLOTS),
    )


def copy_row(patients: int) -> Row:
    """Plan and write every patient's slots, beside copying the same rows where they are ready."""
    from django.db import connection, transaction  # all of these need the settings

    from schedules.bulk import COLUMNS, COPY, lay_out
    from schedules.models import Slot

    schedules = enrolled_without_slots(patients)
    planned = ", ".join(COLUMNS[1:])  # the first, the public ID, is another one each time

    def plan_and_write() -> None:
        with transaction.atomic():
            lay_out(schedules)

    plan_and_write()
    ready = BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {Slot._meta.db_table} ({', '.join(COLUMNS)}) TO STDOUT", ready)

    def write() -> None:
        ready.seek(0)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.copy_expert(COPY, ready)

    def written(_: None) -> object:
        """Return a fingerprint of all slots, and delete them for the next round."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), sum(hashtextextended(ROW("  # noqa: S608 - names of our own
                f"{planned})::text, 0)) FROM {Slot._meta.db_table}"
            )
            fingerprint = cursor.fetchone()
            cursor.execute(f"TRUNCATE {Slot._meta.db_table} CASCADE")
        return fingerprint

    written(None)
    return compare("copy", ours=plan_and_write, baseline=write, unit="s", outcome=written)


def enrolled_without_slots(patients: int, clinic: "Clinic | None" = None) -> "list[Schedule]":
    from patients.models import Patient, Treatment, Tumour
    from schedules.models import Schedule
    from tests.factories import (
        ClinicFactory,
        PatientFactory,
        ProtocolFactory,
        ResectionFactory,
        TumourFactory,
    )

    clinic, protocol = clinic or ClinicFactory.create(), ProtocolFactory.create()
    tumours = Tumour.objects.bulk_create(
        TumourFactory.build(patient=patient)
        for patient in Patient.objects.bulk_create(
            PatientFactory.build_batch(patients, clinic=clinic)
        )
    )
    operations = Treatment.objects.bulk_create(
        ResectionFactory.build(tumour=tumour, on=day)
        for tumour, day in zip(tumours, anchors(patients), strict=True)
    )
    return Schedule.objects.bulk_create(
        Schedule(tumour=one.tumour, protocol=protocol, anchor=one, anchor_on=one.on)
        for one in operations
        if one.on
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=20_000, metavar="N")
    options = parser.parse_args()
    with own_database():
        rows = [dates_row(options.patients), copy_row(options.patients)]
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
