"""The types of resources that can be asked for: where their rows come from, what each says, by what
they are found, and what one must be allowed to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from patients.models import Clinic, Patient, Treatment
from patients.queries import patients_of
from schedules.models import Booking, Correction, ResultOutcome, Review, Schedule, Slot, Study
from surveillance.accounts.roles import Act
from surveillance.fhir import rows
from surveillance.fhir.resources import disease, imaging, people, plans, protocols, systems
from surveillance.fhir.resources.told import Json
from surveillance.fhir.searching import (
    ALL,
    NOTHING,
    Code,
    Search,
    one_of,
    record_number,
    reference,
    same,
    same_id,
    string,
    token,
    when,
)

Rows = Callable[[Sequence[Clinic]], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one table that are resources of a type."""

    rows: Rows  # those of some clinics
    resource: Callable[[Any], Json]
    searches: Mapping[str, Search]
    patient: str | None = ""  # from a row to its patient, by __; None where it shows nobody
    by_id: Code = field(default_factory=same_id)

    def patient_of(self, row: Any) -> Patient | None:
        if self.patient is None:
            return None
        patient: Patient = attrgetter(self.patient.replace("__", "."))(row) if self.patient else row
        return patient


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource."""

    name: str
    act: Act
    sources: Sequence[Source]

    @property
    def searches(self) -> dict[str, Search]:
        """By what it is found: one of several sources may know of less than another."""
        return {name: one for source in self.sources for name, one in source.searches.items()}


def _of(source: Rows, resource: Callable[[Any], Json], patient: str, **searches: Search) -> Source:
    """Return a source of patients' rows; a - in the name of a parameter is a _ here."""
    path = f"{patient}__" if patient else ""
    by_patient = {
        "patient": reference("Patient", path),
        "patient.identifier": record_number(path),
        "subject": reference("Patient", path),
        "subject.identifier": record_number(path),
    }
    own = {name.replace("_", "-"): one for name, one in searches.items()}
    return Source(source, resource, {"_id": token({"": same_id()})} | by_patient | own, patient)


def _status(system: str, statuses: Mapping[str, Q]) -> Search:
    return token({f"http://hl7.org/fhir/{system}": one_of(statuses)})


def _by_status(field: str, statuses: Mapping[str, str]) -> dict[str, Q]:
    """Return which rows have each status of FHIR, of those whose field tells it."""
    found: dict[str, Q] = {}
    for value, status in statuses.items():
        found[status] = found.get(status, NOTHING) | Q(**{field: value})
    return found


def _slot_statuses() -> dict[str, Q]:
    to_be_done = Q(outcome__in=Slot.TO_BE_DONE)
    found = _by_status("outcome", plans.SLOT_STATUS)
    for status, of_schedule in _by_status("schedule__state", plans.TO_BE_DONE_STATUS).items():
        found[status] = found.get(status, NOTHING) | (to_be_done & of_schedule)
    return found


def _own(name: str) -> str:
    return f"{systems.OWN}{name}"


def _dashed(field: str) -> Code:
    return same(field, lambda code: code.replace("-", "_"))


def _version(public_id: str) -> Q:
    found = protocols.code_and_version(public_id)
    return Q(code=found[0], version=found[1]) if found else NOTHING


def _url(value: str, clinics: Sequence[Clinic]) -> Q:
    beginning = protocols.url_of("")
    if not value.startswith(beginning):
        return NOTHING
    code, bar, version = value.removeprefix(beginning).partition("|")
    if not bar:
        return Q(code=code)
    is_one = version.isascii() and version.isdecimal() and len(version) < 6
    return Q(code=code, version=version) if is_one else NOTHING


PATIENT = _of(
    patients_of,
    people.patient,
    "",
    identifier=record_number(),
    family=string("family_name"),
    given=string("given_name"),
    name=string("family_name", "given_name"),
    birthdate=when(Patient, "birth_date", clinic="clinic"),
    gender=token({"http://hl7.org/fhir/administrative-gender": same("sex")}),
    death_date=when(Patient, "died_on", clinic="clinic"),
    deceased=token({"": one_of({"true": ~Q(died_on=None), "false": Q(died_on=None)})}),
)
_WITHDRAWN = {
    "entered-in-error": ~Q(withdrawn_at=None),
    "available": Q(withdrawn_at=None),
}
_REVIEWED = Q(withdrawn_at=None, result__reviewed_at__isnull=False)
_CORRECTED = Q(Exists(Correction.objects.filter(result__study=OuterRef("pk"))))

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Patient", Act.SEE_PATIENTS, [PATIENT]),
        Kind(
            "Condition",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.tumours,
                    disease.tumour,
                    "patient",
                    code=token(
                        {
                            systems.ICD_O_3: same("morphology"),
                            _own("condition"): one_of({"primary-tumour": ALL}),
                        }
                    ),
                    body_site=token({systems.ICD_O_3: same("topography")}),
                ),
                _of(
                    rows.findings,
                    disease.finding,
                    "tumour__patient",
                    code=token({_own("condition"): _dashed("kind")}),
                    verification_status=token(
                        {
                            disease.VERIFICATION: one_of(
                                {"entered-in-error": _WITHDRAWN["entered-in-error"]}
                            )
                        }
                    ),
                ),
            ],
        ),
        Kind(
            "Procedure",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.treatments,
                    disease.treatment,
                    "tumour__patient",
                    code=token({_own("treatment"): same("kind")}),
                    date=when(Treatment, "on", clinic="tumour__patient__clinic"),
                    status=_status(
                        "event-status",
                        {
                            "unknown": Q(kind__in=disease.COURSES),
                            "completed": ~Q(kind__in=disease.COURSES),
                        },
                    ),
                )
            ],
        ),
        Kind(
            "CarePlan",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.schedules,
                    plans.schedule,
                    "tumour__patient",
                    status=_status("request-status", _by_status("state", plans.CARE_PLAN_STATUS)),
                    date=when(Schedule, "anchor_on", "ended_at", clinic="tumour__patient__clinic"),
                    condition=reference("Condition", "tumour__"),
                )
            ],
        ),
        Kind(
            "ServiceRequest",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.slots,
                    plans.slot,
                    "schedule__tumour__patient",
                    status=_status("request-status", _slot_statuses()),
                    code=token(
                        {
                            systems.LOINC: lambda code: Q(exam=systems.EXAM_OF.get(code)),
                            systems.DCM: same("modality"),
                        }
                    ),
                    occurrence=when(
                        Slot,
                        "earliest_on",
                        "latest_on",
                        clinic="schedule__tumour__patient__clinic",
                    ),
                    based_on=reference("CarePlan", "schedule__"),
                )
            ],
        ),
        Kind(
            "Appointment",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.bookings,
                    plans.booking,
                    "slot__schedule__tumour__patient",
                    status=_status(
                        "appointmentstatus", _by_status("state", plans.APPOINTMENT_STATUS)
                    ),
                    date=when(
                        Booking, "starts_at", clinic="slot__schedule__tumour__patient__clinic"
                    ),
                    identifier=token({systems.ACCESSION: same("accession")}),
                    based_on=reference("ServiceRequest", "slot__"),
                )
            ],
        ),
        Kind(
            "ImagingStudy",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.studies,
                    imaging.study,
                    "patient",
                    status=_status("imagingstudy-status", _WITHDRAWN),
                    started=when(Study, "performed_on", clinic="patient__clinic"),
                    modality=token({systems.DCM: same("modality")}),
                    identifier=token(
                        {
                            systems.DICOM_UID: same(
                                "study_uid", lambda code: code.removeprefix("urn:oid:")
                            )
                        }
                    ),
                )
            ],
        ),
        Kind(
            "DiagnosticReport",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.reported,
                    imaging.report,
                    "patient",
                    status=_status(
                        "diagnostic-report-status",
                        {
                            "entered-in-error": _WITHDRAWN["entered-in-error"],
                            "preliminary": Q(withdrawn_at=None, result__reviewed_at=None),
                            "corrected": _REVIEWED & _CORRECTED,
                            "final": _REVIEWED & ~_CORRECTED,
                        },
                    ),
                    code=token({systems.LOINC: one_of({imaging.REPORT["code"]: ALL})}),
                    conclusion=token(
                        {
                            _own("result"): one_of(
                                {
                                    outcome.value.replace("_", "-"): Q(result__outcome=outcome)
                                    for outcome in ResultOutcome
                                }
                            )
                        }
                    ),
                    date=when(Study, "performed_on", clinic="patient__clinic"),
                )
            ],
        ),
        Kind(
            "Task",
            Act.SEE_PATIENTS,
            [
                _of(
                    rows.chases,
                    plans.chase,
                    "slot__schedule__tumour__patient",
                    status=_status(
                        "task-status",
                        {
                            status: Q(became=status)
                            for status in ("requested", "completed", "cancelled")
                        },
                    ),
                    code=token({_own("task"): one_of({"chase": ALL})}),
                    authored_on=when(
                        Review, "at", clinic="slot__schedule__tumour__patient__clinic"
                    ),
                    based_on=reference("ServiceRequest", "slot__"),
                    focus=reference("ServiceRequest", "slot__"),
                )
            ],
        ),
        Kind(
            "PlanDefinition",
            Act.SEE_PROTOCOLS,
            [
                Source(
                    rows.protocols,
                    protocols.plan_definition,
                    {
                        "_id": token({"": _version}),
                        "identifier": token({systems.PROTOCOL: same("code")}),
                        "url": Search("uri", _url),
                        "version": token(
                            {"": lambda code: Q(version=code) if code.isdecimal() else NOTHING}
                        ),
                        "title": string("title"),
                        "status": _status(
                            "publication-status",
                            {state: Q(state=state) for state in ("draft", "active", "retired")},
                        ),
                    },
                    patient=None,
                    by_id=_version,
                )
            ],
        ),
        Kind(
            "Group",
            Act.EXPORT,
            [
                Source(
                    rows.clinics,
                    people.group,
                    {
                        "_id": token({"": same_id()}),
                        "identifier": token({systems.CLINIC: same("code")}),
                    },
                    patient=None,
                )
            ],
        ),
    )
}
