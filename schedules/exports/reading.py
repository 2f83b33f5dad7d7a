"""The rows of an export, as PostgreSQL gives them: some patients at a time, never all at once, in
the order in which they were registered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from psycopg2.extensions import AsIs

from patients.models import Clinic
from patients.queries import ClinicDay, clinic_days, patients_of
from schedules.exports.asked import Asked
from schedules.exports.columns import Column
from schedules.exports.tables import TABLES, Table
from schedules.models import Slot

PATIENTS_AT_ONCE = 5000  # of whom it is asked together whether they have rows
ROWS_AT_ONCE = 10_000  # about; one patient's are never cut apart

Tell = Callable[[int], None]  # how many rows have been read so far

_SET_ZONE = "SELECT set_config('TimeZone', %s, true)"


@dataclass(slots=True)
class Shown:
    """A patient of whom an export has rows."""

    public_id: UUID
    clinic_code: str


@dataclass(slots=True)
class Taking:
    """One export while it is read: which rows, how many so far, and whose. In a transaction."""

    asked: Asked
    clinics: Sequence[Clinic]  # those of the ones asked for that whoever asks may take out
    tell: Tell = lambda rows: None
    rows: dict[str, int] = field(default_factory=dict)  # by the code of the clinic
    shown: list[Shown] = field(default_factory=list)

    @property
    def table(self) -> Table:
        return TABLES[self.asked.table]

    @property
    def columns(self) -> list[Column]:
        return [column for column in self.table.columns if column.name in self.asked.columns]

    @property
    def so_far(self) -> int:
        return sum(self.rows.values())

    def count(self) -> int:
        """Return how many rows there are now."""
        total = 0
        for day in self._days():
            with _cursor_in(day) as cursor:
                cursor.execute(*self._statement("count(*)", day))
                total += cursor.fetchone()[0]
        return total

    def copied(self, select: str, form: str) -> Iterator[bytes]:
        """Yield the rows as PostgreSQL's COPY writes them, in the form that it is told."""
        for day, statement in self._batches(select):
            part = BytesIO()
            with _cursor_in(day) as cursor:
                cursor.copy_expert(f"COPY ({statement}) TO STDOUT ({form})", part)
                rows = cursor.rowcount
            self._took(rows, day)
            yield part.getvalue()

    def fetched(self, select: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows as values. A moment must be asked for as the clinic's clock shows it."""
        for day, statement in self._batches(select):
            with _cursor_in(day) as cursor:
                cursor.execute(statement)
                rows = cursor.fetchall()
            self._took(len(rows), day)
            yield rows

    def _took(self, rows: int, day: ClinicDay) -> None:
        [clinic] = day.clinics
        self.rows[clinic.code] += rows
        self.tell(self.so_far)

    def _batches(self, select: str) -> Iterator[tuple[ClinicDay, str]]:
        """Yield a statement for some patients after another."""
        order = f"ORDER BY patient_id, {self.table.order}"
        for day in self._days():
            [clinic] = day.clinics
            self.rows[clinic.code] = 0
            for patients in self._patients(day):
                yield day, _whole(*self._statement(select, day, patients, then=order))

    def _patients(self, day: ClinicDay) -> Iterator[list[int]]:
        """Yield the patients who have rows, by number, as many as make a batch."""
        [clinic] = day.clinics
        everybody = list(patients_of([clinic]).order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(everybody), PATIENTS_AT_ONCE):
            batch: list[int] = []
            rows = 0
            for pk, public_id, count in self._rows_of(
                day, everybody[start : start + PATIENTS_AT_ONCE]
            ):
                self.shown.append(Shown(public_id, clinic.code))
                if batch and rows + count > ROWS_AT_ONCE:
                    yield batch
                    batch, rows = [], 0
                batch.append(pk)
                rows += count
            if batch:
                yield batch

    def _rows_of(self, day: ClinicDay, patients: list[int]) -> list[tuple[int, UUID, int]]:
        """Return which of the patients have how many rows."""
        whose = "patient_id, patient_public_id"
        statement = self._statement(
            f"{whose}, count(*)", day, patients, then=f"GROUP BY {whose} ORDER BY patient_id"
        )
        with _cursor_in(day) as cursor:
            cursor.execute(*statement)
            found: list[tuple[int, UUID, int]] = cursor.fetchall()
        return found

    def _days(self) -> list[ClinicDay]:
        """Return each clinic with its day."""
        by_code = sorted(self.clinics, key=lambda clinic: clinic.code)
        return [day for clinic in by_code for day in clinic_days([clinic])]

    def _statement(
        self, select: str, day: ClinicDay, patients: Sequence[int] | None = None, *, then: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """Return a statement over a clinic's facts, all of them or those of some patients, and
        what it is told."""
        [clinic] = day.clinics
        table, asked = self.table, self.asked
        told: dict[str, Any] = {
            "clinic": clinic.pk,
            "patients": patients,
            "on": day.on,
            "protocol": asked.protocol,
            "first": asked.first,
            "last": asked.last,
            "state": asked.state,
        }
        if table.listed:
            told["listed"] = AsIs(_in_sql(table.listed([day]), patients))
        # OFFSET 0: what a fact takes to be found out is done once for each row.
        statement = (
            f"SELECT {select} FROM ({table.facts} OFFSET 0) AS facts "  # noqa: S608 - our own
            f"WHERE %(state)s = '' OR {table.named(table.state).sql} = %(state)s {then}"
        )
        return statement, told


@contextmanager
def _cursor_in(day: ClinicDay) -> Iterator[Any]:
    """Give a cursor that tells the time as the clinic's clock does: Django's own queries, which
    take all times for those of the connection's zone, must wait until it is given back."""
    [clinic] = day.clinics
    with connection.cursor() as cursor:
        cursor.execute(_SET_ZONE, [clinic.time_zone])
        yield cursor
        cursor.execute(_SET_ZONE, [connection.timezone_name])


def _whole(statement: str, told: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return a statement with what it is told in it, for COPY takes none."""
    with connection.cursor() as cursor:
        text: bytes = cursor.mogrify(statement, told)
    return text.decode()


def _in_sql(slots: QuerySet[Slot], patients: Sequence[int] | None) -> str:
    """Return the SELECT of the slots' ids, of some patients alone if these are given."""
    if patients is not None:
        slots = slots.filter(schedule__tumour__patient__in=patients)
    return _whole(*slots.order_by().values("pk").query.sql_with_params())
