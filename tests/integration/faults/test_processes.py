"""Workers, beats and servers die and come back, and nothing is lost or decided twice."""

import random
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import psutil
from celery import Celery
from django.db import connection
from django.db.models import F

from patients.models import Membership
from reminders.actions import decide_hold, sweep
from reminders.delivery import DEAD_AFTER, TIME_TO_DELIVER
from reminders.models import Alarm, Hold, Kind, Message, MessageState, Notice, RelativeTo, Sweep
from schedules.models import Slot
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
from tests.integration.faults.reckoning import IN_FULL, MANY, OFTEN, Reckoning, all_are
from tests.integration.faults.servers import Servers

CONCURRENCY = 2  # sweeps that one worker can have in hand
AT_MOST = 400  # seconds for what should take a fraction of it; other things run on the machine


def wait_for_more(post_office: PostOffice, worker: Process, letters: int = 1) -> None:
    """Wait until the worker has delivered something."""
    enough = len(post_office.arrivals) + letters
    wait_until(
        lambda: len(post_office.arrivals) >= enough, seconds=AT_MOST, otherwise=lambda: left(worker)
    )


def wait_until_all_are_sent(messages: int, worker: Process) -> None:
    wait_until(
        lambda: all_are(MessageState.SENT, messages),
        seconds=AT_MOST,
        otherwise=lambda: left(worker),
    )


def left(worker: Process) -> str:
    """What is not sent, and what the worker has said last."""
    states = Message.objects.exclude(state="sent").values_list("state", "attempts", "last_error")
    return f"{Counter(states)}\n{worker.said()[-3000:]}"


def raised_by_the_next_sweep(worker: Process, beat: Process, crew: Crew) -> list[Slot]:
    """Enrol patients whom only a sweep that is asked for from now on can find; wait for it.

    Where both of the worker's processes are delivering, it begins when one of them is done.
    """
    late = due_now(5)
    wait_until(
        lambda: (
            crew.start_the_dead_again()
            and Notice.objects.filter(slot__in=late).count() == len(late)
        ),
        seconds=TIME_TO_DELIVER + 60,
        otherwise=lambda: worker.said()[-3000:] + beat.said()[-3000:],
    )
    return late


def let_claims_of_the_dead_expire() -> None:
    """Half a minute passes: a real one only where there is time for it."""
    if not IN_FULL:
        sending = Message.objects.filter(state=MessageState.SENDING)
        sending.update(claimed_at=F("claimed_at") - DEAD_AFTER)


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


def test_two_beats_and_two_workers(
    processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault = "two beats and two workers at once"
    expected = addresses(due_now(MANY))
    workers = [processes.worker(name) for name in ("one", "two")]
    for name in ("beat", "other"):
        processes.beat(name)

    wait_until_all_are_sent(MANY, workers[0])
    sweeps = Sweep.objects.count()
    wait_until(lambda: Sweep.objects.count() > sweeps + 4, seconds=AT_MOST)
    reckoning.settle(expected)
    for worker in workers:
        assert "succeeded" in worker.said()
        assert "raised unexpected" not in worker.said()


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


def test_the_broker_emptied_and_restarted(
    processes: Crew, post_office: PostOffice, servers: Servers, reckoning: Reckoning
) -> None:
    """A worker that loses its broker connects again or, now and then, ends: then compose starts it
    anew. What it has in hand it delivers first."""
    runs = reckoning.runs = OFTEN // 2
    reckoning.fault = "broker emptied (FLUSHALL) and restarted"
    slots = due_now(MANY)
    worker, beat = processes.worker(), processes.beat()
    for _ in range(runs):
        servers.flush_valkey()
        time.sleep(random.uniform(0, 0.5))
        servers.stop_valkey()
        time.sleep(random.uniform(0, 0.5))
        servers.start_valkey()
        slots += raised_by_the_next_sweep(worker, beat, processes)

    wait_until(
        lambda: processes.start_the_dead_again() and all_are(MessageState.SENT, len(slots)),
        seconds=AT_MOST,
        otherwise=lambda: left(worker),
    )
    reckoning.settle(addresses(slots))
    reckoning.remark = f"{processes.started_again} workers ended, and were started again"
    assert beat.lives


def test_postgresql_stopped_on_the_spot(
    processes: Crew, post_office: PostOffice, servers: Servers, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = "PostgreSQL stopped (-m immediate) in mid-batch", OFTEN
    slots = due_now(MANY)
    worker, beat = processes.worker(), processes.beat()
    recovered = 0.0
    for _ in range(OFTEN):
        wait_for_more(post_office, worker)
        time.sleep(random.uniform(0, 0.15))
        servers.stop_postgres()
        connection.close()  # ours, too, is gone
        reckoning.moments.append(time.time())
        time.sleep(random.uniform(0, 0.5))
        servers.start_postgres()
        started = time.time()
        slots += raised_by_the_next_sweep(worker, beat, processes)
        recovered = max(recovered, time.time() - started)
    reckoning.remark = f"the next sweep raised within {recovered:.1f} s"
    let_claims_of_the_dead_expire()
    # What met the missing database is tried again after a minute.
    if not IN_FULL:
        Message.objects.filter(state=MessageState.QUEUED).update(next_try_at=datetime.now(UTC))

    wait_until_all_are_sent(len(slots), worker)
    reckoning.settle(addresses(slots))
    assert worker.lives
    assert beat.lives


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
    messages = 200 if IN_FULL else 25
    expected = addresses(due_now(messages))
    post_office.seconds_to_answer = 0.3
    with Celery(broker=servers.redis_url) as doorbell:
        doorbell.send_task("reminders.tasks.sweep")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.integration.faults.short_visibility"}
    workers = [processes.worker(name, **settings) for name in ("one", "two")]

    wait_until_all_are_sent(messages, workers[0])
    received = Counter(name for worker in workers for name in sweep_task_ids(worker))
    assert max(received.values()) > 1, "no task was handed out twice"
    reckoning.remark = f"handed out {max(received.values())} times"
    reckoning.settle(expected)


def sweep_task_ids(worker: Process) -> list[str]:
    """The tasks that a worker received, each as often as it was handed out."""
    return re.findall(r"sweep\[(\S+)\] received", worker.said())
