"""What is booked between raising and sending is not said; what is cancelled again is."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from django.db import connection

from patients.models import Clinic
from reminders.actions import sweep
from reminders.delivery import deliver
from reminders.models import Message, MessageState, Notice
from schedules.actions import book, move_booking
from schedules.models import Booking, BookingState, Slot
from tests.factories import ScannerFactory, UserFactory
from tests.integration.faults.cohort import addresses, due_now
from tests.integration.faults.post_office import PostOffice
from tests.integration.faults.processes import Crew, wait_until
from tests.integration.faults.reckoning import IN_FULL, MANY, Reckoning

NURSES = 4
CLAIMED_SECONDS = 10.0  # a batch that was claimed before the booking may still be under way


def test_slots_booked_while_their_messages_go_out(
    processes: Crew, post_office: PostOffice, reckoning: Reckoning
) -> None:
    """What was booked is withdrawn, save what was already in the worker's hands."""
    reckoning.fault = "slots booked between raising and sending"
    slots = due_now(MANY)
    to_book = slots[::-2] if IN_FULL else slots[-20:]
    worker = processes.worker()
    processes.beat()
    wait_until(lambda: bool(post_office.arrivals), seconds=400, otherwise=worker.said)

    by = UserFactory.create()
    scanners = {slot.pk: ScannerFactory.create(clinic=slot.patient.clinic) for slot in to_book}
    booked_at: dict[str, float] = {}

    def nurse(share: list[Slot]) -> None:
        try:
            for slot in share:
                book(
                    slot=slot,
                    scanner=scanners[slot.pk],
                    starts_at=datetime.now(UTC) + timedelta(days=1),
                    by=by,
                )
                booked_at[slot.patient.email] = time.time()
        finally:
            connection.close()

    with ThreadPoolExecutor(NURSES) as nurses:
        list(nurses.map(nurse, [to_book[n::NURSES] for n in range(NURSES)]))
    wait_until(
        lambda: not Message.objects.filter(state__in=["queued", "sending"]).exists(),
        seconds=400,
        otherwise=worker.said,
    )
    wait_until(
        lambda: not Notice.objects.filter(slot__in=to_book, ended_at=None).exists(),
        seconds=400,
        otherwise=worker.said,
    )

    came = {arrival.recipient: arrival.at for arrival in post_office.arrivals}
    withdrawn = set(
        Message.objects.filter(state=MessageState.WITHDRAWN).values_list("recipient", flat=True)
    )
    assert withdrawn <= booked_at.keys()
    assert not withdrawn & came.keys(), "sent although it was withdrawn"
    assert set(addresses(slots)) == came.keys() | withdrawn
    assert len(post_office.arrivals) == len(came)
    late = [came[address] - at for address, at in booked_at.items() if address in came]
    assert max(late, default=0) < CLAIMED_SECONDS
    reckoning.runs, reckoning.messages = len(to_book), len(slots)
    latest = max([*late, 0.0])
    reckoning.remark = (
        f"{len(withdrawn)} withdrawn, {len(late)} had gone; "
        f"the last came {latest:.1f} s after its booking"
    )


def test_what_is_booked_and_cancelled_again_is_said(
    post_office: PostOffice, reckoning: Reckoning
) -> None:
    """The message was withdrawn in between; the notice must not stay open with nobody told."""
    reckoning.fault = "slots booked, their messages withdrawn, and cancelled again"
    now = datetime.now(UTC)
    slots = due_now(200 if IN_FULL else 20)
    post_office.refuses_senders = "451 busy"
    sweep(at=now)
    by = UserFactory.create()
    bookings: list[Booking] = []
    for slot in slots:
        scanner = ScannerFactory.create(clinic=slot.patient.clinic)
        starts_at = now + timedelta(days=1)
        bookings.append(book(slot=slot, scanner=scanner, starts_at=starts_at, by=by))
    post_office.refuses_senders = ""
    deliver_alone(now + timedelta(hours=1))
    assert not post_office.arrivals
    for booking in bookings:
        move_booking(booking=booking, to=BookingState.CANCELLED, by=by)

    sweep(at=now + timedelta(hours=1, minutes=1))

    reckoning.runs = reckoning.messages = len(slots)
    assert sorted(one.recipient for one in post_office.arrivals) == sorted(addresses(slots))


def deliver_alone(at: datetime) -> None:
    """The delivery of a sweep that had done its raising before the bookings."""
    deliver(list(Clinic.objects.all()), at)
