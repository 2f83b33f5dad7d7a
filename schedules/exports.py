"""Schedules as CSV, one line a slot."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from patients.models import Clinic
from patients.queries import clinic_days
from schedules.queries import slots_of
from schedules.worklists import Row, rows

HEADER = (
    "clinic",
    "mrn_issuer",
    "mrn",
    "family_name",
    "given_name",
    "birth_date",
    "protocol",
    "protocol_version",
    "anchor_on",
    "schedule_state",
    "exam",
    "n",
    "earliest_on",
    "due_on",
    "latest_on",
    "lapses_on",
    "outcome",
    "outcome_reason",
    "missing_regions",
    "on",
    "window_status",
    "days_late",
    "booking_state",
    "booking_starts_at",
)


def export_rows(clinics: Iterable[Clinic]) -> list[Row]:
    """Return all slots of the clinics, patient by patient, as they stand on each clinic's today."""
    clinics = list(clinics)
    slots = slots_of(clinics).order_by(
        "schedule__tumour__patient__clinic__code",
        "schedule__tumour__patient__mrn",
        "schedule__anchor_on",
        "exam",
        "n",
    )
    return rows(slots, clinic_days(clinics))


def csv_lines(table: Iterable[Row]) -> Iterator[str]:
    """Yield the CSV line by line, header first. Dates are ISO 8601, times in the clinic's zone."""
    writer = csv.writer(_Echo())
    yield writer.writerow(HEADER)
    for row in table:
        yield writer.writerow([_safe(value) for value in _values(row)])


def _values(row: Row) -> tuple[Any, ...]:
    slot, patient, schedule = row.slot, row.patient, row.slot.schedule
    to_be_done = slot.outcome in slot.TO_BE_DONE
    booking = row.last_booking
    return (
        patient.clinic.code,
        patient.mrn_issuer,
        patient.mrn,
        patient.family_name,
        patient.given_name,
        patient.birth_date,
        schedule.protocol.code,
        schedule.protocol.version,
        schedule.anchor_on,
        schedule.state,
        slot.exam,
        slot.n,
        slot.earliest_on,
        slot.due_on,
        slot.latest_on,
        slot.lapses_on,
        slot.outcome,
        slot.outcome_reason,
        " ".join(slot.missing) if to_be_done else "",
        row.on,
        row.status if to_be_done else "",
        row.days_late if to_be_done else "",
        booking.state if booking else "",
        booking.starts_at.astimezone(patient.clinic.zone).isoformat() if booking else "",
    )


def _safe(value: Any) -> Any:
    """Keep a spreadsheet from running a cell's text as a formula (OWASP: CSV injection)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


class _Echo:
    """A file that hands each line back, for an answer that streams."""

    def write(self, text: str, /) -> str:
        return text
