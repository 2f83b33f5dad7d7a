"""What became of everything that should have been said."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from reminders.models import Line, Message, MessageState, Notice
from tests.integration.faults.post_office import PostOffice

IN_FULL = bool(os.environ.get("CI"))
MANY = 2_000 if IN_FULL else 100
OFTEN = 20 if IN_FULL else 2

# A letter that was in hand at a moment: so long before it, it had been taken and not recorded.
IN_HAND_SECONDS = 5.0  # it takes milliseconds, save on a machine that is busy with other things


@dataclass
class Reckoning:
    """One row of the table: a fault, how often it was injected, and what it did."""

    fault: str
    post_office: PostOffice
    runs: int = 1
    messages: int = 0
    lost: int = 0
    repeated: int = 0
    """Letters beyond the first of a message, and there is a reason for each."""
    remark: str = ""
    moments: list[float] = field(default_factory=list)
    """When the fault struck, in seconds since 1970."""

    def settle(
        self,
        expected: Sequence[str],
        *,
        may_repeat: int = 0,
        failed: Iterable[str] = (),
        raised_again: bool = False,
    ) -> None:
        """Hold what came against who should have heard, each of one thing.

        Args:
            expected: the addresses.
            may_repeat: so many letters may have come again, each in hand when a fault struck.
            failed: those of the addresses that refuse all mail.
            raised_again: something was decided by a wrong clock, ended, and decided anew.
        """
        came = self.post_office.arrivals
        self.messages = len(expected)
        self.lost = len(set(expected) - set(failed) - {arrival.recipient for arrival in came})
        times = self.post_office.times
        self.repeated = times.total() - len(times)

        assert self.lost == 0, self._where_they_are(expected)
        assert {arrival.recipient for arrival in came} <= set(expected)
        if not raised_again:
            decided_once(expected)
        assert not nobody_knows_of(), "open notices of which nobody was told"
        self._each_is_one_message()
        self._repeated_with_reason(may_repeat)
        decided = Message.objects.exclude(state=MessageState.WITHDRAWN)
        states = dict(decided.values_list("recipient", "state"))
        assert {address for address, state in states.items() if state == "failed"} == set(failed)
        assert set(states.values()) <= {"sent", "failed"}

    def _where_they_are(self, expected: Sequence[str]) -> str:
        came = {arrival.recipient for arrival in self.post_office.arrivals}
        lost = set(expected) - came
        states = Message.objects.filter(recipient__in=lost).values_list("state", "last_error")
        return f"{self.fault}: lost {len(lost)} of {len(expected)}: {Counter(states)}"

    def _each_is_one_message(self) -> None:
        """Each Message-ID is that of the one message to its recipient."""
        ids = {
            (arrival.message_id.strip("<>").partition("@")[0], arrival.recipient)
            for arrival in self.post_office.arrivals
        }
        rows = Message.objects.values_list("public_id", "recipient")
        assert ids <= {(str(public_id), recipient) for public_id, recipient in rows}
        assert len(ids) == len({recipient for _, recipient in ids})

    def _repeated_with_reason(self, may_repeat: int) -> None:
        """A letter comes again only if the one before was not answered, or in hand at a fault."""
        by_id: dict[str, list[float]] = {}
        for arrival in self.post_office.arrivals:
            if arrival.is_answered:
                by_id.setdefault(arrival.message_id, []).append(arrival.at)
        again = {name: times for name, times in by_id.items() if len(times) > 1}
        for name, times in again.items():
            for at in times[:-1]:
                assert any(0 <= moment - at <= IN_HAND_SECONDS for moment in self.moments), (
                    f"{name} came again without a reason: {times}, faults at {self.moments}"
                )
        assert sum(len(times) - 1 for times in again.values()) <= may_repeat

    @property
    def row(self) -> str:
        cells = (self.fault, self.runs, self.messages, self.lost, self.repeated, self.remark)
        return f"| {' | '.join(map(str, cells))} |"


def decided_once(expected: Sequence[str]) -> None:
    """One notice, one line and one message for each address; none was ended and said anew."""
    for rows in (Line.objects.all(), Message.objects.all()):
        told = rows.values_list("recipient").annotate(times=Count("pk"))
        assert dict(told) == dict.fromkeys(expected, 1)
    assert Notice.objects.count() == len(expected)


def nobody_knows_of() -> int:
    """How many open notices have no line that was told or failed."""
    told = Line.objects.filter(message__state__in=[MessageState.SENT, MessageState.FAILED])
    return Notice.objects.filter(ended_at=None).exclude(lines__in=told).count()


def all_are(state: MessageState, messages: int) -> bool:
    """Whether there are so many messages, and all of them in that state."""
    states = Counter(Message.objects.values_list("state", flat=True))
    return states == {state.value: messages}
