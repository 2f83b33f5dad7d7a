"""What people were told, held against what there is."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.load.ledger import Entry, Ledger, Request, Tally
from imaging.models import Instance
from reminders.models import Message, MessageState
from schedules.models import Booking, BookingState, Contact, Result, Review, Study
from surveillance.audit.chain import verify
from surveillance.audit.models import Event
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.reckoning import nobody_knows_of

Found = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where things of some kinds stand: in their own table and in the audit."""

    kinds: tuple[str, ...]
    rows: Callable[[], Found]
    acts: tuple[str, ...] = ()
    key: Callable[[Event], tuple[str, ...]] = lambda event: ()


KEPT = (
    Kept(
        ("book", "move"),
        lambda: Counter(
            (str(slot), _moment(starts_at))
            for slot, starts_at in Booking.objects.values_list("slot__public_id", "starts_at")
        ),
        ("booking.booked", "booking.rescheduled"),
        lambda event: (event.detail["slot"], _moment(event.detail["starts_at"])),
    ),
    Kept(
        ("cancel",),
        lambda: _each(Booking.objects.filter(state=BookingState.CANCELLED), "public_id"),
        ("booking.cancelled",),
        lambda event: (event.detail["booking"],),
    ),
    Kept(
        ("call",),
        lambda: _each(Contact.objects.all(), "slot__public_id", "note"),
        ("contact.recorded",),
        lambda event: (event.detail["slot"], event.detail["note"]),
    ),
    Kept(
        ("record",),
        lambda: _each(Study.objects.all(), "patient__public_id"),
        ("study.recorded",),
        lambda event: (str(event.patient_id),),
    ),
    Kept(
        ("review",),
        lambda: _each(Result.objects.exclude(reviewed_at=None), "study__public_id"),
        ("result.reviewed",),
        lambda event: (event.detail["study"],),
    ),
    Kept(
        ("decide",),
        lambda: _each(Review.objects.all(), "slot__public_id", "reason"),
        ("review.chase",),
        lambda event: (event.detail["slot"], event.detail["reason"]),
    ),
    Kept(("image",), lambda: _each(Instance.objects.all(), "sop_uid")),
)


def audit_says() -> list[str]:
    """What does not fit, or was changed around the application."""
    return [f"audit: {fault}" for fault in verify().faults]


@dataclass(slots=True)
class Reckoning:
    """What came of one run."""

    requests: int = 0
    no_answer: int = 0
    unavailable: int = 0
    """Answers 503: a page that says so."""
    failed: int = 0
    """Any other answer from 500 on."""
    acts: int = 0
    unknown: int = 0
    lost: int = 0
    doubled: int = 0
    letters: int = 0
    letters_lost: int = 0
    letters_repeated: int = 0
    wrong: list[str] = field(default_factory=list)
    """What must not be, in words."""

    def settle(self, ledger: Ledger, post_office: PostOffice, seeded: Collection[str]) -> None:
        """Count, once nobody works any more and all is delivered.

        `seeded` is what the audit says of the rows that were there before anybody worked: of
        what came since it has nothing to say.
        """
        self._requests(ledger.requests())
        self._acts(ledger.entries())
        self._letters(post_office)
        self.wrong += [said for said in audit_says() if said not in seeded]

    def _requests(self, requests: list[Request]) -> None:
        self.requests = len(requests)
        self.no_answer = sum(one.status == 0 for one in requests)
        self.unavailable = sum(one.status == 503 for one in requests)
        failed = Counter((one.name, one.status) for one in requests if one.status >= 500)
        for (name, status), times in sorted(failed.items()):
            if status != 503:
                self.failed += times
                self.wrong.append(f"{name}: {status}, {times} times")

    def _acts(self, entries: list[Entry]) -> None:
        self.acts = sum(entry.told == "done" for entry in entries)
        self.unknown = sum(entry.told == "unknown" for entry in entries)
        for kept in KEPT:
            of_kind = [entry for entry in entries if entry.kind in kept.kinds]
            found = {"table": kept.rows()}
            if kept.acts:
                events = Event.objects.filter(act__in=kept.acts).exclude(by_name__startswith="bef")
                found["audit"] = Counter(map(kept.key, events.iterator()))
            for place, counted in found.items():
                tally = Tally.of(of_kind, counted)
                self.lost += tally.lost
                self.doubled += tally.doubled
                if tally.lost or tally.doubled:
                    self.wrong.append(
                        f"{'/'.join(kept.kinds)}, {place}: lost {tally.lost}, "
                        f"doubled {tally.doubled}"
                    )

    def _letters(self, post_office: PostOffice) -> None:
        times = post_office.times
        came = {name.strip("<>").partition("@")[0] for name in times}
        states = list(Message.objects.values_list("public_id", "state"))
        sent = {str(public_id) for public_id, state in states if state == MessageState.SENT}
        self.letters = len(came)
        self.letters_lost = len(sent - came)
        self.letters_repeated = times.total() - len(times)
        left = Counter(state for _, state in states)
        for state in (MessageState.QUEUED, MessageState.SENDING, MessageState.FAILED):
            if left[state]:
                self.wrong.append(f"{left[state]} messages are {state.value}")
        if self.letters_lost:
            self.wrong.append(f"{self.letters_lost} letters are said to be sent, and did not come")
        if silent := nobody_knows_of():
            self.wrong.append(f"{silent} open notices of which nobody was told")


def _each(rows: Iterable[object], *names: str) -> Found:
    values = rows.values_list(*names)  # type: ignore[attr-defined] # whichever model's
    return Counter(tuple(map(str, row)) for row in values)


def _moment(at: datetime | str) -> str:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(UTC).isoformat()
