"""Taking data out."""

from collections.abc import Callable, Iterator, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from patients.models import Clinic
from schedules.exports.asked import Asked
from schedules.exports.files import file_of
from schedules.exports.reading import Taking, Tell
from schedules.feeds.reading import Agenda
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
def export_calendar(
    *, clinics: Sequence[Clinic], by: User | str, keep: Callable[[Iterator[bytes]], object]
) -> int:
    """Hand all appointments as one calendar to `keep`, piece by piece; return how many there are.

    One event a clinic says how many left; one look whose, where the clinic lets calendars tell it.
    """
    agenda = Agenda(name=_("Appointments"), clinics=list(clinics))
    keep(agenda.written(agenda.entries()))
    for clinic in clinics:
        record(
            act="calendar.exported",
            by=by,
            clinic_code=clinic.code,
            rows=agenda.sizes[clinic.code],
            of_patients=clinic.calendars_tell,
        )
    record_look(page="export", by=by, patients=agenda.shown)
    return agenda.sizes.total()


@transaction.atomic
def record_download(*, job: Job, by: User) -> None:
    """Record that `by` takes the file that an export of theirs has made."""
    for code in job.parameters["clinics"]:
        record(act="export.downloaded", by=by, clinic_code=code, job=job.public_id)
