"""$export: all resources of some clinics as NDJSON, a file for each type, made in the background.

Some patients at a time are read, never all. Whose they are is settled when it begins, so that no
resource is given whose patient is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from patients.models import Clinic
from patients.queries import clinics_where_may, patients_of
from schedules import job_files
from schedules.exports.reading import Shown
from schedules.models import Job
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record, record_look
from surveillance.fhir.bundles import resources
from surveillance.fhir.resources.told import as_text, checked
from surveillance.fhir.table import KINDS, Source

PATIENTS_AT_ONCE = 200
ROWS_AT_ONCE = 1000

Tell = Callable[[int], None]  # how many resources so far


def count(clinics: Sequence[Clinic], types: Sequence[str]) -> int:
    """Return how many resources of these types the clinics have now."""
    sources = (source for name in types for source in KINDS[name].sources)
    return sum(source.rows(clinics).count() for source in sources)


def make(job: Job, tell: Tell) -> None:
    """Make the files that a job asks for.

    Raises:
        ValidationError: whoever asked may no longer export all of the clinics.
    """
    told = job.parameters
    clinics = list(  # as it is now
        clinics_where_may(job.by, Act.EXPORT).filter(code__in=told["clinics"])
    )
    if len(clinics) < len(told["clinics"]):
        raise ValidationError(_("You may no longer export all that you asked for."))
    taking = _Taking(clinics, tell)
    files, first, before = [], 0, 0
    for name in told["types"]:
        end = job_files.write(job, taking.lines(name), first=first)
        if taking.so_far > before:
            many = taking.so_far - before
            files.append({"type": name, "count": many, "first": first, "end": end})
        first, before = end, taking.so_far
    job.total, job.made = taking.so_far, {"files": files}
    job.save(update_fields=["total", "made"])
    for clinic in clinics:
        record(
            act="fhir.exported",
            by=job.by,
            clinic_code=clinic.code,
            job=job.public_id,
            types=told["types"],
        )
    record_look(page="fhir export", by=job.by, patients=taking.shown.values())


@dataclass(slots=True)
class _Taking:
    """One export while it is made."""

    clinics: Sequence[Clinic]
    tell: Tell
    so_far: int = 0
    shown: dict[UUID, Shown] = field(default_factory=dict)
    everybody: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.everybody = list(patients_of(self.clinics).order_by("pk").values_list("pk", flat=True))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the resources of a type, a line each."""
        for source in KINDS[name].sources:
            for rows in self._batches(source):
                found = ((source, self._saw(source, row)) for row in rows.iterator(ROWS_AT_ONCE))
                for told in resources(found):
                    yield as_text(checked(told)) + b"\n"
                self.tell(self.so_far)

    def _batches(self, source: Source) -> Iterator[QuerySet[Any]]:
        rows = source.rows(self.clinics).order_by("pk")
        if source.patient is None:
            yield rows
            return
        for start in range(0, len(self.everybody), PATIENTS_AT_ONCE):
            some = self.everybody[start : start + PATIENTS_AT_ONCE]
            yield rows.filter(**{f"{source.patient or 'pk'}__in": some})

    def _saw(self, source: Source, row: object) -> object:
        self.so_far += 1
        if patient := source.patient_of(row):
            self.shown[patient.public_id] = Shown(patient.public_id, patient.clinic_code)
        return row
