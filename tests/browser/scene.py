"""A clinic with a row on every list and something behind every link."""

from datetime import date, timedelta

from django.utils import timezone

from patients.models import Clinic
from schedules.actions import suspend
from schedules.models import Job, JobKind, JobState, Protocol
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    PatientFactory,
    ResectionFactory,
    ScannerFactory,
    StudyFactory,
    new_lesion,
)
from tests.integration.pages.scene import (
    enter_patient_of_every_list,
    give_feeds,
    give_lists,
    member,
    moment,
    slot_due_in,
    tell_of_all,
)

NAMES = {
    Role.NURSE: "Naomi Nurse",
    Role.CLINICIAN: "Carl Clinician",
    Role.ADMINISTRATOR: "Ada Administrator",
    Role.AUDITOR: "Aki Auditor",
}


def busy_clinic() -> tuple[Clinic, dict[Role, User]]:
    """Enter a clinic, its people and its patients, and let two sweeps tell of them."""
    clinic = ClinicFactory.create()
    users = {role: member(clinic, role, NAMES[role]) for role in Role}
    ScannerFactory.create(clinic=clinic)
    enter_patient_of_every_list(clinic, users[Role.NURSE], users[Role.CLINICIAN])
    slot_due_in(-30, clinic)
    enter_those_in_between(clinic, users[Role.CLINICIAN])
    for state in (JobState.DONE, JobState.FAILED):
        enter_job(users[Role.CLINICIAN], state)
    give_lists(clinic, users[Role.ADMINISTRATOR])
    give_feeds(clinic, users[Role.ADMINISTRATOR])
    tell_of_all(clinic)
    return clinic, users


def enter_those_in_between(clinic: Clinic, clinician: User) -> None:
    """Enter who is suspended, who is not followed yet, who is booked and whose result waits."""
    paused = slot_due_in(20, clinic)
    review_on: date = clinic.today() + timedelta(days=60)
    suspend(
        schedule=paused.schedule,
        reason="Recovering from another operation",
        review_on=review_on,
        by=clinician,
    )
    ResectionFactory.create(
        tumour__patient=PatientFactory.create(clinic=clinic, family_name="Ōtsuki"),
        on=clinic.today() - timedelta(days=20),
    )
    BookingFactory.create(
        slot=slot_due_in(5, clinic),
        starts_at=moment(clinic, days=3),
        at=moment(clinic, days=-1),
    )
    scanned = slot_due_in(-5, clinic)
    study = StudyFactory.create(
        patient=scanned.patient, performed_on=clinic.today() - timedelta(days=1)
    )
    new_lesion(study, by=clinician)


def enter_job(by: User, state: JobState) -> None:
    """Enter what somebody has asked for and what has come to its end."""
    protocol = Protocol.objects.all()[0]
    Job.objects.create(
        kind=JobKind.TAKE_OVER,
        by=by,
        parameters={"code": protocol.code, "version": protocol.version, "shown": {}},
        state=state,
        total=12,
        ended_at=timezone.now(),
        error="Something has changed since this was shown: look at it again.",
    )
