"""Two sweeps at one moment: neither does what the other has in hand."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from django.db import connection

from reminders.actions import sweep
from reminders.alarms import end_alarm, raise_alarm, tell_administrators
from reminders.delivery import BATCH, DEAD_AFTER
from reminders.models import AlarmKind, Message, MessageState, Sweep
from surveillance.accounts.roles import Role
from tests.factories import MembershipFactory
from tests.integration.faults.cohort import addresses, due_now
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import wait_until
from tests.integration.faults.reckoning import OFTEN, Reckoning
from tests.threads import at_once


def sweep_elsewhere() -> Sweep:
    try:
        return sweep()
    finally:
        connection.close()


def test_a_session_lost_in_mid_batch_and_a_second_sweep(
    post_office: PostOffice, reckoning: Reckoning
) -> None:
    """The first goes on with what it claimed; the second leaves that to it."""
    reckoning.fault = "database session cut in mid-batch, and a second sweep"
    reckoning.runs = OFTEN
    post_office.seconds_to_answer = 0.02
    expected: list[str] = []
    for _ in range(OFTEN):
        told = len(expected)
        expected += addresses(due_now(BATCH))
        with ThreadPoolExecutor(1) as elsewhere:
            first = elsewhere.submit(sweep_elsewhere)
            wait_until(more_than(told + 5, post_office), seconds=400)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            wait_until(more_than(len(post_office.arrivals) + 2, post_office), seconds=400)
            assert Message.objects.filter(state=MessageState.SENDING).exists()
            sweep(at=datetime.now(UTC) + DEAD_AFTER + timedelta(seconds=1))
            reckoning.moments.append(time.time())
            first.result()

    reckoning.settle(expected)


def more_than(letters: int, post_office: PostOffice) -> Callable[[], bool]:
    return lambda: len(post_office.arrivals) > letters


def test_two_sweeps_that_find_an_alarm_at_the_same_moment(
    post_office: PostOffice, reckoning: Reckoning
) -> None:
    reckoning.fault, reckoning.runs = "an alarm found by two sweeps at once", OFTEN
    MembershipFactory.create(role=Role.ADMINISTRATOR, user__email="administrator@example.org")
    post_office.seconds_to_answer = 0.2
    for _ in range(reckoning.runs):
        raise_alarm(AlarmKind.DIFFERENCE, "Something was not said.", at=datetime.now(UTC))
        at_once([lambda: tell_administrators(datetime.now(UTC))] * 2)
        end_alarm(AlarmKind.DIFFERENCE, at=datetime.now(UTC))

    reckoning.messages = reckoning.runs
    assert len(post_office.arrivals) == len(post_office.times) == reckoning.runs
