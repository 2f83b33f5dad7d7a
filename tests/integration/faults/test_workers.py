"""Workers and beats die and come back, or are many, and nothing is lost or decided twice."""

import random
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from celery import Celery

from patients.models import Membership
from reminders.actions import decide_hold, sweep
from reminders.models import Alarm, Hold, Kind, MessageState, RelativeTo, Sweep
from surveillance.accounts.roles import Role
from surveillance.celery import BEHIND_PEOPLE
from tests.factories import MembershipFactory
from tests.integration.faults.cohort import (
    OF_ONE_CLINIC,
    a_due_day,
    addresses,
    always_open,
    booked,
    due,
    due_now,
    tells,
)
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Crew, Process, wait_until
from tests.integration.faults.progress import (
    AT_MOST,
    let_claims_of_the_dead_expire,
    wait_for_more,
    wait_until_all_are_sent,
)
from tests.integration.faults.reckoning import MANY, OFTEN, Reckoning, all_are
from tests.integration.faults.servers import Servers

CONCURRENCY = 2  # sweeps that one worker can have in hand


def test_a_worker_and_its_children_let_people_go_first(processes: Crew) -> None:
    worker = processes.worker()
    leader = psutil.Process(worker.pid)
    wait_until(
        lambda: len(leader.children()) >= CONCURRENCY, seconds=AT_MOST, otherwise=worker.said
    )
    assert {one.nice() for one in (leader, *leader.children())} == {BEHIND_PEOPLE}


def test_a_worker_killed_in_mid_batch(
    processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = "worker killed in mid-batch (SIGKILL)", OFTEN
    expected = addresses(due_now(MANY))
    processes.beat()
    for run in range(OFTEN):
        worker = processes.worker(f"worker{run}")
        wait_for_more(post_office, worker)
        time.sleep(random.uniform(0, 0.15))
        worker.kill()
        reckoning.moments.append(time.time())
        let_claims_of_the_dead_expire()

    wait_until_all_are_sent(MANY, processes.worker("last"))
    reckoning.settle(expected, may_repeat=OFTEN * CONCURRENCY)


@pytest.mark.parametrize("many", [2, 10])
def test_two_beats_and_many_workers(
    many: int, processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = f"two beats and {many} workers at once", OFTEN
    workers = [processes.worker(f"worker{n}") for n in range(many)]
    for name in ("beat", "other"):
        processes.beat(name)
    expected: list[str] = []
    for _ in range(OFTEN):
        expected += addresses(due_now(MANY // OFTEN))
        wait_until_all_are_sent(len(expected), workers[0])

    wait_until(
        lambda: all("succeeded" in worker.said() for worker in workers),
        seconds=AT_MOST,
        otherwise=lambda: workers[-1].said()[-3000:],
    )
    reckoning.remark = f"{Sweep.objects.count()} sweeps"
    reckoning.settle(expected)
    assert not [worker for worker in workers if "raised unexpected" in worker.said()]


def test_two_workers_tell_of_a_flood_once_and_send_it_when_it_is_released(
    processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault = "a flood, held and released, with two workers"
    clinic, flood = always_open(), OF_ONE_CLINIC + 1
    day = a_due_day(datetime.now(UTC).date())
    expected = addresses(due(clinic, [day] * flood))
    administrator: Membership = MembershipFactory.create(
        clinic=clinic, role=Role.ADMINISTRATOR, user__email="administrator@example.org"
    )
    workers = [processes.worker(name) for name in ("one", "two")]
    for name in ("beat", "other"):
        processes.beat(name)

    wait_until(
        lambda: Alarm.objects.filter(told_at__isnull=False).exists(),
        seconds=AT_MOST,
        otherwise=workers[0].said,
    )
    sweeps = Sweep.objects.count()
    wait_until(lambda: Sweep.objects.count() > sweeps + 2, seconds=AT_MOST)
    assert [arrival.recipient for arrival in post_office.arrivals] == ["administrator@example.org"]
    assert all_are(MessageState.HELD, flood)

    post_office.reset()
    decide_hold(hold=Hold.objects.get(), release=True, by=administrator.user)
    wait_until_all_are_sent(flood, workers[0])
    reckoning.settle(expected)


def test_three_days_without_beat_and_worker(
    processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault = "beat and worker down for three days"
    now = datetime.now(UTC)
    days = [a_due_day(now.date() - timedelta(days=n)) for n in (0, 1, 2)]
    before = datetime.combine(min(days), datetime.min.time(), UTC) - timedelta(hours=1)
    half = MANY // 2
    to_book, with_appointment = [], []
    for _ in range(half // OF_ONE_CLINIC or 1):
        of_each = [days[n % 3] for n in range(min(half, OF_ONE_CLINIC))]
        to_book += due(always_open(), of_each)
    for _ in range(half // OF_ONE_CLINIC or 1):
        clinic = always_open()
        for days_before in (-3, -2, -1):  # one for each of the days
            tells(clinic, Kind.APPOINTMENT, RelativeTo.APPOINTMENT, days_before)
        slots = due(clinic, [days[0]] * min(half, OF_ONE_CLINIC))
        booked(slots, now + timedelta(days=1))
        with_appointment += slots
    sweep(at=before)
    Sweep.objects.update(started_at=before)
    told_early = len(post_office.arrivals)

    worker = processes.worker()
    processes.beat()

    slots = to_book + with_appointment
    wait_until_all_are_sent(len(slots), worker)
    sweeps = Sweep.objects.count()
    wait_until(lambda: Sweep.objects.count() > sweeps + 2, seconds=AT_MOST)
    assert told_early == 0
    reckoning.settle(addresses(slots))


def test_a_task_that_outlives_the_visibility_timeout(
    processes: Crew, post_office: PostOffice, servers: Servers, reckoning: Reckoning
) -> None:
    reckoning.fault = "a sweep that outlives the visibility timeout, two workers"
    reckoning.runs = OFTEN
    settings = {"DJANGO_SETTINGS_MODULE": "tests.integration.faults.short_visibility"}
    workers = [processes.worker(name, **settings) for name in ("one", "two")]
    post_office.seconds_to_answer = 3 * OFTEN / MANY  # three seconds a sweep
    expected: list[str] = []
    for _ in range(OFTEN):
        expected += addresses(due_now(MANY // OFTEN))
        with Celery(broker=servers.redis_url) as doorbell:
            doorbell.send_task("reminders.tasks.sweep")
        wait_until_all_are_sent(len(expected), workers[0])

    received = Counter(name for worker in workers for name in sweep_task_ids(worker))
    again = sum(times > 1 for times in received.values())
    assert again > OFTEN / 2, "few tasks were handed out twice"
    reckoning.remark = f"{again} of {OFTEN} were handed out again"
    reckoning.settle(expected)


def sweep_task_ids(worker: Process) -> list[str]:
    """The tasks that a worker received, each as often as it was handed out."""
    return re.findall(r"sweep\[(\S+)\] received", worker.said())
