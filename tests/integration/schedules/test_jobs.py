"""Work in the background: as asked for and once, all of it or nothing, and never lost."""

import pytest
import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import translation

from patients.models import Clinic, Membership
from schedules import jobs
from schedules.jobs import MOST_ATTEMPTS, Tell, is_left, work
from schedules.models import Job, JobKind, JobState, Protocol, Schedule, ScheduleState
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, ProtocolFactory, ScheduleFactory
from tests.integration.faults.processes import wait_until
from tests.integration.pages.scene import member
from tests.integration.schedules.asking import ask_to_take_over, held_up_at_the_last, newer_version

pytestmark = pytest.mark.django_db

PATIENTS = 3


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def clinician(clinic: Clinic) -> User:
    return member(clinic, Role.CLINICIAN, "Carl Clinician")


@pytest.fixture
def newer(clinic: Clinic) -> Protocol:
    """A version that none of the clinic's patients is on."""
    ScheduleFactory.create_batch(PATIENTS, anchor__tumour__patient__clinic=clinic)
    return newer_version(ProtocolFactory.create())


@pytest.fixture
def job(newer: Protocol, clinic: Clinic, clinician: User) -> Job:
    return ask_to_take_over(newer, clinic, clinician)


def moved(newer: Protocol) -> int:
    return Schedule.objects.filter(protocol=newer).count()


def test_it_waits_and_is_then_done_as_it_was_asked_for(job: Job, newer: Protocol) -> None:
    assert (job.state, job.so_far, job.total) == (JobState.WAITING, 0, PATIENTS)
    assert moved(newer) == 0

    assert work()

    job.refresh_from_db()
    assert (job.state, job.so_far, job.attempts) == (JobState.DONE, PATIENTS, 1)
    assert job.ended_at
    assert moved(newer) == PATIENTS
    assert not work(), "it was done twice"
    asked = Event.objects.get(act="job.asked")
    assert asked.by_name == "Carl Clinician"
    assert asked.detail == {"job": str(job.public_id), "kind": "take_over", "parts": PATIENTS}
    assert Event.objects.filter(act="schedule.protocol_changed", by_name="Carl Clinician").count()


def test_asked_for_twice_it_is_one_until_it_has_ended(
    job: Job, newer: Protocol, clinic: Clinic, clinician: User
) -> None:
    assert ask_to_take_over(newer, clinic, clinician) == job
    colleague = member(clinic, Role.CLINICIAN)
    other = ask_to_take_over(newer, clinic, colleague)
    assert other != job

    assert work()
    assert work()

    other.refresh_from_db()
    assert other.state == JobState.FAILED
    assert moved(newer) == PATIENTS


@pytest.mark.parametrize("language", ["en-gb", "ja"])
def test_what_has_changed_since_is_not_done_and_is_said_in_the_language_of_who_asked(
    newer: Protocol, clinic: Clinic, clinician: User, language: str
) -> None:
    with translation.override(language):
        job = ask_to_take_over(newer, clinic, clinician)
        words = translation.gettext("Something has changed since this was shown: look at it again.")
    Schedule.objects.filter(pk=Schedule.objects.all()[0].pk).update(state=ScheduleState.SUSPENDED)

    assert work()

    job.refresh_from_db()
    assert (job.state, job.so_far, job.error) == (JobState.FAILED, 0, words)
    assert moved(newer) == 0


@pytest.mark.parametrize("change", ["another role", "gone"])
def test_who_may_no_longer_plan_there_has_asked_in_vain(
    job: Job, newer: Protocol, clinician: User, change: str
) -> None:
    if change == "gone":
        User.objects.filter(pk=clinician.pk).update(is_active=False)
    else:
        Membership.objects.filter(user=clinician).update(role=Role.NURSE)

    assert work()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert moved(newer) == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [(SoftTimeLimitExceeded(), "It took too long."), (KeyError(), "It failed by a fault")],
)
def test_what_goes_wrong_in_the_middle_leaves_nothing_and_says_so(
    job: Job, newer: Protocol, error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    do = jobs._DO[JobKind.TAKE_OVER]

    def fail(job: Job, tell: Tell) -> None:
        do(job, tell)
        raise error

    monkeypatch.setitem(jobs._DO, JobKind.TAKE_OVER, fail)

    assert work()

    job.refresh_from_db()
    assert (job.state, job.so_far) == (JobState.FAILED, 0)
    assert job.error.startswith(words)
    assert moved(newer) == 0


def test_what_ends_its_process_each_time_is_given_up(job: Job, newer: Protocol) -> None:
    Job.objects.update(state=JobState.RUNNING, attempts=MOST_ATTEMPTS)

    assert work()

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "It was broken off 3 times.")
    assert moved(newer) == 0


@pytest.mark.django_db(transaction=True)
def test_while_it_runs_it_says_how_far_it_is_and_nothing_else_runs_or_is_seen(
    job: Job, newer: Protocol
) -> None:
    def so_far() -> int:
        job.refresh_from_db()
        return job.so_far

    with held_up_at_the_last(newer) as working:
        wait_until(lambda: so_far() > 0, seconds=60)
        assert job.state == JobState.RUNNING
        assert job.so_far < PATIENTS, "it claims what is not done"
        assert moved(newer) == 0
        assert not is_left(job)
        assert not work()

    assert working.result()
    job.refresh_from_db()
    assert (job.state, job.so_far) == (JobState.DONE, PATIENTS)
    assert not is_left(job)


@pytest.mark.django_db(transaction=True)
def test_one_whose_session_was_lost_is_begun_anew_and_done_once(job: Job, newer: Protocol) -> None:
    with held_up_at_the_last(newer) as working, connection.cursor() as cursor:
        wait_until(lambda: Job.objects.filter(so_far__gt=0).exists(), seconds=60)
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks"
            " WHERE locktype = 'advisory' AND classid = 'schedules_job'::regclass"
        )
        with pytest.raises(OperationalError):
            working.result(timeout=60)

    job.refresh_from_db()
    assert job.state == JobState.RUNNING
    assert is_left(job)
    assert moved(newer) == 0

    assert work()

    job.refresh_from_db()
    assert (job.state, job.so_far, job.attempts) == (JobState.DONE, PATIENTS, 2)
    assert moved(newer) == PATIENTS


@pytest.mark.django_db(transaction=True)
def test_a_worker_hears_of_it_at_once(newer: Protocol, clinic: Clinic, clinician: User) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("celery")  # what other tests rang
        ask_to_take_over(newer, clinic, clinician)
        [task] = broker.lrange("celery", 0, -1)

    assert b"schedules.tasks.work" in task
