"""The broker and the database go away and come back, and nothing is lost or decided twice."""

import random
import time
from datetime import UTC, datetime

from django.db import connection

from reminders.delivery import TIME_TO_DELIVER
from reminders.models import Message, MessageState, Notice
from schedules.models import Slot
from tests.integration.faults.cohort import addresses, due_now
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Crew, Process, wait_until
from tests.integration.faults.progress import (
    AT_MOST,
    left,
    let_claims_of_the_dead_expire,
    wait_for_more,
    wait_until_all_are_sent,
)
from tests.integration.faults.reckoning import IN_FULL, MANY, OFTEN, Reckoning, all_are
from tests.integration.faults.servers import Servers


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


def test_the_broker_emptied_and_restarted(
    processes: Crew, post_office: PostOffice, servers: Servers, reckoning: Reckoning
) -> None:
    """A worker that loses its broker connects again or, now and then, ends: then compose starts it
    anew. What it has in hand it delivers first."""
    reckoning.fault, reckoning.runs = "broker emptied (FLUSHALL) and restarted", OFTEN
    slots = due_now(MANY)
    worker, beat = processes.worker(), processes.beat()
    for _ in range(OFTEN):
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
