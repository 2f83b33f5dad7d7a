"""Taking data out."""

from collections.abc import Callable, Iterator, Sequence

from django.db import transaction

from patients.models import Clinic
from schedules.exports.asked import Asked
from schedules.exports.files import file_of
from schedules.exports.reading import Taking, Tell
from schedules.models import Job
from surveillance.accounts.models import User
from surveillance.audit.actions import record, record_look


@transaction.atomic
def export(
    *,
    asked: Asked,
    clinics: Sequence[Clinic],
    by: User | str,
    keep: Callable[[Iterator[bytes]], object],
    for_excel: bool = True,
    tell: Tell = lambda rows: None,
) -> int:
    """Hand the file of an export to `keep`, piece by piece, and return how many rows it has.

    One event a clinic says what left and how many rows, one look says whose.
    """
    taking = Taking(asked, clinics, tell)
    keep(file_of(taking, for_excel=for_excel))
    for code, rows in taking.rows.items():
        record(act="schedules.exported", by=by, clinic_code=code, rows=rows, **asked.chosen)
    record_look(page="export", by=by, patients=taking.shown)
    return taking.so_far


@transaction.atomic
def record_download(*, job: Job, by: User) -> None:
    """Record that `by` takes the file that an export of theirs has made."""
    for code in job.parameters["clinics"]:
        record(act="export.downloaded", by=by, clinic_code=code, job=job.public_id)
