"""Work in the background when the broker is away and the worker is killed: done once, and whole."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

from openpyxl import load_workbook

from schedules import job_files
from schedules.models import Job, JobFile, JobState, Protocol, Schedule, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import MembershipFactory
from tests.integration.faults.cohort import a_due_day, always_open, due
from tests.integration.faults.processes import ROOT, Crew, wait_until
from tests.integration.faults.servers import Servers
from tests.integration.schedules.asking import newer_version

PATIENTS = 150
AT_MOST = 120  # seconds
ASK = """
from patients.models import Clinic
from schedules.models import Protocol
from surveillance.accounts.models import User
from tests.integration.schedules.asking import ask_to_take_over
by = User.objects.get(memberships__isnull=False)
ask_to_take_over(Protocol.objects.get(version=2), Clinic.objects.get(), by)
"""

ASK_TO_EXPORT = """
from patients.models import Clinic
from schedules.actions import ask_for
from schedules.exports.asked import Asked
from schedules.models import ExportTable, FileFormat, JobKind
from surveillance.accounts.models import User
by = User.objects.get(memberships__isnull=False)
asked = Asked(
    table=ExportTable.SCHEDULES,
    file_format=FileFormat.XLSX,
    clinics=(Clinic.objects.get().code,),
    columns=("mrn", "due_on"),
)
ask_for(kind=JobKind.EXPORT, parameters=asked.told(), total=20, by=by)
"""


def job() -> Job:
    return Job.objects.get()


def ask(script: str, processes: Crew) -> None:
    """Ask as a request does, in a process that knows no other broker."""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", script],
        cwd=ROOT,
        env={**processes.environment, "PATH": os.environ["PATH"]},
        check=True,
        timeout=AT_MOST,
    )


def test_asked_for_without_a_broker_and_killed_in_the_middle_it_is_done_once(
    processes: Crew, servers: Servers
) -> None:
    clinic = always_open()
    due(clinic, [a_due_day(datetime.now(UTC).date())] * PATIENTS)
    clinician: User = MembershipFactory.create(clinic=clinic, role=Role.CLINICIAN).user
    newer = newer_version(Protocol.objects.get())

    servers.stop_valkey()
    ask(ASK, processes)
    assert job().state == JobState.WAITING
    servers.start_valkey()

    processes.beat()
    worker = processes.worker("first")
    wait_until(lambda: job().so_far > 0, seconds=AT_MOST, otherwise=worker.said)
    worker.kill()
    assert job().state == JobState.RUNNING, "it was over before it was killed"
    assert not Schedule.objects.filter(protocol=newer).exists()

    worker = processes.worker("second")
    wait_until(lambda: not job().is_unfinished, seconds=AT_MOST, otherwise=worker.said)
    assert (job().state, job().so_far, job().attempts) == (JobState.DONE, PATIENTS, 2)
    assert Schedule.objects.filter(protocol=newer).count() == PATIENTS
    changes = Event.objects.filter(act="schedule.protocol_changed", by_id=clinician.public_id)
    assert changes.count() == PATIENTS


def test_a_broker_that_answers_nobody_holds_nobody_up(processes: Crew, servers: Servers) -> None:
    clinic = always_open()
    due(clinic, [a_due_day(datetime.now(UTC).date())])
    MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR)

    servers.hang_valkey()
    try:
        ask(ASK_TO_EXPORT, processes)  # or its time is over
    finally:
        servers.wake_valkey()
    assert job().state == JobState.WAITING

    processes.beat()
    worker = processes.worker()
    wait_until(lambda: job().state == JobState.DONE, seconds=AT_MOST, otherwise=worker.said)


def test_an_export_that_is_killed_in_the_middle_leaves_no_piece_and_is_made_once(
    processes: Crew, servers: Servers
) -> None:
    clinic = always_open()
    due(clinic, [a_due_day(datetime.now(UTC).date())] * PATIENTS * 20)
    maker: User = MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user
    rows = Slot.objects.count()

    servers.stop_valkey()
    ask(ASK_TO_EXPORT, processes)
    servers.start_valkey()

    processes.beat()
    worker = processes.worker("first")
    wait_until(lambda: job().so_far > 0, seconds=AT_MOST, otherwise=worker.said)
    worker.kill()
    assert job().state == JobState.RUNNING, "it was over before it was killed"
    assert not JobFile.objects.exists()
    assert not Event.objects.filter(act="schedules.exported").exists()

    worker = processes.worker("second")
    wait_until(lambda: not job().is_unfinished, seconds=AT_MOST, otherwise=worker.said)
    assert (job().state, job().so_far, job().attempts) == (JobState.DONE, rows, 2)
    sheet = load_workbook(BytesIO(b"".join(job_files.read(job()))))["schedules"]
    assert sheet.max_row == rows + 1
    event = Event.objects.get(act="schedules.exported")
    assert (event.by_id, event.detail["rows"]) == (maker.public_id, rows)
