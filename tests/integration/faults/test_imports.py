"""A list whose loading is killed in the middle: nothing of it, then the whole of it, once."""

from patients.importing.uploads import look, take_in
from patients.models import Import, Patient, Treatment
from schedules.actions.jobs import ask_for
from schedules.models import Job, JobKind, JobState
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import MembershipFactory
from tests.integration.faults.processes import Crew, wait_until

LINES = 12_000
AT_MOST = 120  # seconds
HEAD = (
    "mrn,family_name,given_name,birth_date,sex,site,topography,morphology,morphology_name,"
    "treatment,treated_on"
)
FACTS = "Examplesson,Elm,1961-04-02,female,thigh,C49.2,8890/3,Leiomyosarcoma,resection,2026-02-12"


def job() -> Job:
    return Job.objects.get()


def test_killed_in_the_middle_a_list_is_loaded_whole_and_once(processes: Crew) -> None:
    membership = MembershipFactory.create(role=Role.ADMINISTRATOR)
    data = "\n".join([HEAD, *(f"L-{n},{FACTS}" for n in range(LINES))]).encode()
    upload = look(
        upload=take_in(clinic=membership.clinic, name="list.csv", data=data, by=membership.user)
    )
    assert upload.found
    ask_for(
        kind=JobKind.IMPORT,
        parameters={"import": str(upload.public_id), "shown": upload.found["digest"]},
        total=LINES,
        by=membership.user,
    )

    processes.beat()
    worker = processes.worker("first")
    wait_until(lambda: job().so_far > LINES // 2, seconds=AT_MOST, otherwise=worker.said)
    worker.kill()
    assert job().state == JobState.RUNNING, "it was over before it was killed"
    assert not Patient.objects.exists()
    assert not Event.objects.filter(act="patient.registered").exists()

    worker = processes.worker("second")
    wait_until(lambda: not job().is_unfinished, seconds=AT_MOST, otherwise=worker.said)
    assert (job().state, job().so_far, job().attempts) == (JobState.DONE, LINES, 2)
    assert (Patient.objects.count(), Treatment.objects.count()) == (LINES, LINES)
    assert Event.objects.filter(act="patient.registered").count() == LINES
    assert Event.objects.filter(act="patients.imported").count() == 1
    assert bytes(Import.objects.get().data) == b""
