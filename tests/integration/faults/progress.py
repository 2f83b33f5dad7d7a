"""How far the delivery has come, as seen from outside."""

from collections import Counter

from django.db.models import F

from reminders.delivery import DEAD_AFTER
from reminders.models import Message, MessageState
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Process, wait_until
from tests.integration.faults.reckoning import IN_FULL, all_are

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


def let_claims_of_the_dead_expire() -> None:
    """Half a minute passes: a real one only where there is time for it."""
    if not IN_FULL:
        sending = Message.objects.filter(state=MessageState.SENDING)
        sending.update(claimed_at=F("claimed_at") - DEAD_AFTER)
