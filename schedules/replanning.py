"""What a change of plan would do to a schedule: asked before anyone commits to it, and by who does.

The answer that a page shows and the answer that an action applies come from here, from the same
functions; `fingerprint` tells whether they are still the same.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_noop

from schedules.models import Booking, Protocol, Schedule, Slot
from schedules.rules.outcome import Outcome
from schedules.rules.plan import Pause, PlannedSlot, plan
from schedules.rules.reconcile import Act, Change, Standing, reconcile
from schedules.rules.windows import takes


@dataclass(frozen=True, slots=True)
class HeldBooking:
    """An appointment of a slot that a change would take away, and the new slot that takes it."""

    booking: Booking
    taken_by: PlannedSlot | None  # nothing takes it: a nurse must settle it


@dataclass(frozen=True, slots=True)
class Replan:
    """All that a change would do to one schedule."""

    schedule: Schedule
    changes: Sequence[Change[Slot]]
    held: Sequence[HeldBooking] = ()
    since: date | None = None  # a new schedule plans nothing that has lapsed before

    def of(self, act: Act) -> list[Change[Slot]]:
        return [change for change in self.changes if change.act == act]

    @property
    def lasting(self) -> list[Change[Slot]]:
        """All but what is kept."""
        return [change for change in self.changes if change.act != Act.KEEP]

    @property
    def at_risk(self) -> list[Booking]:
        """The appointments that a nurse must settle."""
        asked = {change.standing.row.pk for change in self.of(Act.ASK) if change.standing}
        return [
            *(held.booking for held in self.held if held.taken_by is None),
            *Booking.objects.filter(slot__in=asked, state__in=Booking.ACTIVE),
        ]

    @property
    def lines(self) -> list[str]:
        """The whole of it as text, in a fixed order."""
        return [
            f"{self.schedule.public_id} {change.act} {change.exam} {change.n} "
            f"{change.standing.dates if change.standing else ''} "
            f"{change.planned[-4:] if change.planned else ''}"
            for change in self.changes
        ] + [
            f"{held.booking.public_id} {held.taken_by.n if held.taken_by else 'at risk'}"
            for held in self.held
        ]


def fingerprint(replans: Iterable[Replan]) -> str:
    """Return a text that is another one as soon as anything in the changes is."""
    text = "\n".join(line for replan in replans for line in replan.lines)
    return hashlib.sha256(text.encode()).hexdigest()


def replanned(
    schedule: Schedule, *, resumed_on: date | None = None, rest: Pause | None = None
) -> Replan:
    """Return what brings a schedule's slots to its own plan.

    With `resumed_on` it is asked as if its present suspension ended that day, with `rest` as if it
    were suspended for that time.
    """
    pauses = _before(schedule.planned_since) + [
        Pause(suspension.from_on, ended_on)
        for suspension in schedule.suspensions.all()
        if (ended_on := suspension.ended_on or resumed_on)
    ]
    if rest:
        pauses.append(rest)
    planned = plan(schedule.protocol.definition, schedule.anchor_on, pauses)
    return Replan(schedule, reconcile(_standing(schedule), planned))


def succeeded(
    schedule: Schedule, protocol: Protocol, anchor_on: date, since: date | None = None
) -> Replan:
    """Return what happens if a new schedule, from `protocol` and `anchor_on`, takes over.

    What is left of the old one is superseded and the new one's slots are created: all of them, or
    with `since` those that have not lapsed before that day. What happened stays. An appointment
    goes over to the new slot that takes its day, where there is one.
    """
    planned = plan(protocol.definition, anchor_on, _before(since))
    standing = _standing(schedule)
    changes = [
        Change(Act.KEEP, slot.exam, slot.n, gettext_noop("what happened stays"), slot, None)
        if slot.row.outcome not in Slot.TO_BE_DONE
        else Change(
            Act.WITHDRAW, slot.exam, slot.n, gettext_noop("the new series takes over"), slot, None
        )
        for slot in standing
    ] + [
        Change(
            Act.CREATE, slot.exam.key, slot.n, gettext_noop("the protocol asks for it"), None, slot
        )
        for slot in planned
    ]
    left = [
        change.standing.row.pk
        for change in changes
        if change.act == Act.WITHDRAW and change.standing
    ]
    zone = schedule.tumour.patient.clinic.zone
    free, held = list(planned), []
    for booking in (
        Booking.objects.filter(slot__in=left, state__in=Booking.ACTIVE)
        .select_related("slot", "scanner")
        .order_by("starts_at", "id")
    ):
        day = booking.starts_at.astimezone(zone).date()
        taker = next(
            (slot for slot in free if slot.exam.key == booking.slot.exam and takes(slot, day)), None
        )
        if taker:
            free.remove(taker)  # a slot takes one appointment
        held.append(HeldBooking(booking, taker))
    return Replan(schedule, changes, held, since)


def _before(since: date | None) -> list[Pause]:
    """Leave out what lapsed before the day on which a schedule took over from another."""
    return [Pause(date.min, since)] if since else []


def _standing(schedule: Schedule) -> list[Standing[Slot]]:
    booked = set(
        Booking.objects.filter(slot__schedule=schedule, state__in=Booking.ACTIVE).values_list(
            "slot_id", flat=True
        )
    )
    return [
        Standing(
            row=slot,
            exam=slot.exam,
            n=slot.n,
            dates=(slot.earliest_on, slot.due_on, slot.latest_on, slot.lapses_on),
            settled=slot.outcome not in (Outcome.OPEN, Outcome.WITHDRAWN),
            withdrawn=slot.outcome == Outcome.WITHDRAWN,
            booked=slot.pk in booked,
        )
        for slot in schedule.slots.order_by("exam", "n")
    ]
