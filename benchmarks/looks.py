"""What it costs to record who saw whom: answers that record the look beside the same that do not.

Each page and list of the API is asked for by Django's own client, through all middleware; an export
is the file with its events. Without, `record_look` does nothing, and nothing else differs.
"""

import argparse
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from benchmarks import Row, compare, own_database, show
from benchmarks.plan import enrolled_without_slots

ASKED = 10  # times in each round: one answer takes milliseconds
TODAY = date(2026, 6, 1)
PAGES = {
    "list": "/patients/",
    "worklist": f"/worklists/to-book/?on={TODAY}",
    "api_list": "/api/v1/patients/?limit=100",
}


@contextmanager
def unrecorded() -> Iterator[None]:
    """Let `record_look` do nothing, wherever it was imported to."""
    from surveillance.audit.actions import record_look

    def nothing(*, page: str, by: Any, patients: Iterable[Any]) -> None:
        return None

    recording, record_look.__code__ = record_look.__code__, nothing.__code__
    try:
        yield
    finally:
        record_look.__code__ = recording


def row(name: str, answer: Callable[[], object], *, times: int) -> Row:
    from surveillance.audit.models import Look

    def recorded() -> object:
        before = Look.objects.count()
        told = [answer() for _ in range(times)]
        assert Look.objects.count() >= before + times
        return told

    def bare() -> object:
        with unrecorded():
            return [answer() for _ in range(times)]

    return compare(
        name,
        ours=recorded,
        baseline=bare,
        unit="ms an answer",
        units_per_second=1000 / times,
    )


def rows(patients: int) -> list[Row]:
    from django.db import connection, transaction
    from django.test import Client
    from django.test.utils import setup_test_environment

    from patients.models import Clinic, Patient
    from schedules.actions import export
    from schedules.bulk import lay_out
    from schedules.exports.asked import Asked
    from schedules.exports.tables import TABLES
    from schedules.models import ExportTable, FileFormat
    from surveillance.accounts.roles import Role
    from tests.factories import MembershipFactory

    with transaction.atomic():
        lay_out(enrolled_without_slots(patients))
    clinic = Clinic.objects.get()
    nurse, administrator = (
        MembershipFactory.create(clinic=clinic, role=role).user
        for role in (Role.NURSE, Role.ADMINISTRATOR)
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    setup_test_environment()  # which lets its client in by a name of its own
    client = Client()
    client.force_login(nurse)

    def ask(address: str) -> int:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return answer.status_code

    def file() -> int:
        asked = Asked(
            table=ExportTable.PATIENTS,
            file_format=FileFormat.CSV,
            clinics=(clinic.code,),
            columns=TABLES[ExportTable.PATIENTS].usual,
        )
        with transaction.atomic():
            return export(
                asked=asked, clinics=[clinic], by=administrator, keep=lambda parts: list(parts)
            )

    patient = Patient.objects.order_by("pk")[0]
    pages = {**PAGES, "patient": f"/patients/{patient.public_id}/"}
    return [
        *(row(name, partial(ask, at), times=ASKED) for name, at in pages.items()),
        row("export", file, times=2),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--patients", type=int, default=5_000, metavar="N")
    options = parser.parse_args()
    logging.disable(logging.INFO)  # a line for each answer
    with own_database():
        measured = rows(options.patients)
    show(measured, as_json=options.json)


if __name__ == "__main__":
    main()
