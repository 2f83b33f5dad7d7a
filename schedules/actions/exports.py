"""Taking schedules out."""

from collections.abc import Iterable

from django.db import transaction

from patients.models import Clinic
from schedules.exports import export_rows
from schedules.worklists import Row
from surveillance.accounts.models import User
from surveillance.audit.actions import record, record_look


@transaction.atomic
def export(*, clinics: Iterable[Clinic], by: User | str) -> list[Row]:
    """Return what an export of the clinics' schedules holds, once it is recorded that `by` took it.

    One event a clinic says how many slots left, one look says whose.
    """
    clinics = list(clinics)
    table = export_rows(clinics)
    for clinic in clinics:
        taken = sum(row.patient.clinic_id == clinic.pk for row in table)
        record(act="schedules.exported", by=by, clinic_code=clinic.code, slots=taken)
    record_look(page="export", by=by, patients=[row.patient for row in table])
    return table
