"""Deciding what another system is to be told of a clinic's appointments, each thing once.

Nothing is remembered while people book: what was told last is compared with what is true now, and
one message leads from the one to the other. An appointment has one message at most that waits, so
what is told of it arrives in its order; what came to nothing before it was told is not told at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from reminders.models import (
    Announcement,
    ChannelName,
    Event,
    Message,
    MessageState,
    Receiver,
)
from schedules.models import Booking, BookingState

LOOKS_BACK = timedelta(days=90)  # what becomes of an older appointment is no news to anybody
BATCH = 500
WAITING = (MessageState.QUEUED, MessageState.SENDING)
_ORDER = (Event.CANCELLED, Event.NO_SHOW, Event.RESCHEDULED, Event.MODIFIED, Event.BOOKED)

_FIRST_OF = """
WITH RECURSIVE before AS (
    SELECT id AS booking_id, id, replaces_id FROM schedules_booking WHERE id = ANY (%s)
    UNION ALL
    SELECT before.booking_id, booking.id, booking.replaces_id
    FROM before JOIN schedules_booking AS booking ON booking.id = before.replaces_id
)
SELECT booking_id, id FROM before WHERE replaces_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an appointment stands: its booking, when that starts, and its state."""

    booking_id: int
    starts_at: datetime
    state: BookingState

    @classmethod
    def of(cls, booking: Booking) -> "Standing":
        return cls(booking.pk, booking.starts_at, BookingState(booking.state))

    @classmethod
    def told_by(cls, one: Announcement) -> "Standing":
        return cls(one.booking_id, one.booking.starts_at, BookingState(one.booking_state))


def happened(told: Standing | None, now: Standing) -> Event | None:
    """Return the event that leads from what was told of an appointment to how it stands now.

    Of what was never told, or was told as cancelled, nothing stands in the other system: only what
    is still to be is news to it, as a new appointment.
    """
    if told == now:
        return None
    if told is None or told.state == BookingState.CANCELLED:
        return Event.BOOKED if now.state in Booking.ACTIVE else None
    if now.state == BookingState.CANCELLED:
        return Event.CANCELLED
    if now.state == BookingState.NO_SHOW:
        return Event.NO_SHOW
    return Event.MODIFIED if now.starts_at == told.starts_at else Event.RESCHEDULED


def decide(receiver: Receiver, at: datetime) -> int:
    """Write the messages that a receiver is to be told by at `at`; return how many are new.

    Only one process does so for a receiver at a time; a constraint stands behind that.
    """
    found = list(_otherwise_told(receiver, at).values_list("pk", flat=True))
    return sum(_decide(receiver, found[i : i + BATCH], at) for i in range(0, len(found), BATCH))


def announcements_to(receiver: Receiver) -> QuerySet[Announcement]:
    """Return what a receiver was or is to be told, without what it has forgotten."""
    return Announcement.objects.filter(
        message__clinic=receiver.clinic_id, pk__gt=receiver.forgot_up_to
    )


def _otherwise_told(receiver: Receiver, at: datetime) -> QuerySet[Booking]:
    """Return the bookings that hold now, and whose state is not what was decided to tell last."""
    assert receiver.since is not None  # held by a constraint
    since = min(receiver.since, at)  # it may have been set on by a clock that was ahead
    last = (
        announcements_to(receiver)
        .filter(booking=OuterRef("pk"))
        .exclude(message__state=MessageState.WITHDRAWN)
        .order_by("-number")
    )
    return (
        Booking.objects.filter(
            patient__clinic=receiver.clinic_id,
            replaced_by=None,
            starts_at__gte=max(since, at - LOOKS_BACK),
        )
        .annotate(last_said=Coalesce(Subquery(last.values("booking_state")[:1]), Value("")))
        .exclude(last_said=F("state"))
        # What is over, and of which nothing was told, is nothing to tell.
        .filter(Q(state__in=Booking.ACTIVE) | Q(replaces__isnull=False) | ~Q(last_said=""))
        .order_by("pk")
    )


@transaction.atomic
def _decide(receiver: Receiver, bookings: Sequence[int], at: datetime) -> int:
    first_of = _first_of(bookings)
    told_of, numbers = _told_of(receiver, first_of.values()), _numbers(first_of.values())
    over, events = list[int](), list[tuple[Event, Booking]]()
    for booking in Booking.objects.filter(pk__in=bookings).order_by("pk"):
        now = Standing.of(booking)
        told: Standing | None = None
        last: Announcement | None = None
        for one in told_of[first_of[booking.pk]]:
            if one.message.state != MessageState.WITHDRAWN:
                last = one
            if one.message.state not in WAITING and one.is_known:
                told = Standing.told_by(one)
        if last and last.message.state != MessageState.SENT:
            is_under_way = last.message.state in WAITING and last.may_have_arrived
            if is_under_way or Standing.told_by(last) == now:
                continue  # first it comes to its end, or somebody sends it again
            over.append(last.message_id)
        if event := happened(told, now):
            events.append((event, booking))
    Message.objects.filter(pk__in=over).update(state=MessageState.WITHDRAWN)
    # What gives a time back goes before what takes one.
    events.sort(key=lambda happening: _ORDER.index(happening[0]))
    messages = [_message(receiver, event, at) for event, __ in events]
    Message.objects.bulk_create(messages)
    Announcement.objects.bulk_create(
        Announcement(
            message=message,
            appointment_id=first_of[booking.pk],
            number=numbers.get(first_of[booking.pk], 0) + 1,
            booking=booking,
            booking_state=booking.state,
            event=event,
        )
        for message, (event, booking) in zip(messages, events, strict=True)
    )
    return len(messages)


def _message(receiver: Receiver, event: Event, at: datetime) -> Message:
    return Message(
        clinic_id=receiver.clinic_id,
        channel=ChannelName.HL7,
        recipient=f"{receiver.host}:{receiver.port}"[:254],
        any_hour=True,
        subject=f"SIU^{event.value}",
        queued_at=at,
        next_try_at=at,
    )


def _first_of(bookings: Sequence[int]) -> dict[int, int]:
    """Return the first booking of the appointment that each booking is of."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_OF, [list(bookings)])
        return dict(cursor.fetchall())


def _told_of(receiver: Receiver, appointments: Iterable[int]) -> dict[int, list[Announcement]]:
    """Return what was decided to tell of each appointment, in its order."""
    told: dict[int, list[Announcement]] = defaultdict(list)
    ours = announcements_to(receiver).filter(appointment__in=set(appointments))
    for one in ours.select_related("message", "booking").order_by("number"):
        told[one.appointment_id].append(one)
    return told


def _numbers(appointments: Iterable[int]) -> dict[int, int]:
    """Return the number of what was told of each appointment last, by whichever receiver."""
    ever = Announcement.objects.filter(appointment__in=set(appointments)).order_by()
    return dict(ever.values_list("appointment").annotate(Max("number")))
