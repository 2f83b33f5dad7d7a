"""All that people did up to one moment of the story, and to what of it more can be done."""

from datetime import date
from functools import cached_property

from django.db.models import Prefetch

from patients.models import Treatment, Tumour
from schedules.actions import BOOKING_MOVES
from schedules.anchors import proposed_anchor
from schedules.models import Booking, BookingState, EndReason, Result, Schedule, ScheduleState, Slot
from schedules.queries import unmatched_studies
from schedules.rules.anchors import AnchorProposal


class Standing:
    """All that stands in the database at one moment of the story."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.tumours = list(
            Tumour.objects.select_related("patient__clinic")
            .prefetch_related("treatments__declined", "findings")
            .order_by("pk")
        )
        self.schedules = list(
            Schedule.objects.select_related("protocol")
            .prefetch_related(
                Prefetch("slots", Slot.objects.order_by("exam", "n")),
                Prefetch("slots__bookings", Booking.objects.order_by("pk")),
                "suspensions",
            )
            .order_by("pk")
        )
        for schedule in self.schedules:
            [schedule.tumour] = [one for one in self.tumours if one.pk == schedule.tumour_id]
        self.results = list(Result.objects.order_by("pk"))
        clinics = {one.patient.clinic for one in self.tumours}
        self.not_matched = list(unmatched_studies(clinics))

    def schedules_in(self, *states: ScheduleState) -> list[Schedule]:
        return [schedule for schedule in self.schedules if schedule.state in states]

    @property
    def living(self) -> list[Tumour]:
        return [tumour for tumour in self.tumours if not tumour.patient.died_on]

    @property
    def to_operate(self) -> list[Tumour]:
        """Who can stand one operation more."""
        return [tumour for tumour in self.living if len(tumour.treatments.all()) < 4]

    @property
    def free(self) -> list[Tumour]:
        """Nobody follows these, and somebody could."""
        live = {schedule.tumour_id for schedule in self.schedules_in(*Schedule.LIVE)}
        return [tumour for tumour in self.living if tumour.pk not in live]

    @property
    def ending(self) -> list[tuple[Schedule, EndReason]]:
        """Each live schedule with each reason to end it."""
        return [
            (schedule, reason)
            for schedule in self.schedules_in(*Schedule.LIVE)
            for reason in EndReason
            if reason != EndReason.DIED
            and (reason != EndReason.COMPLETED or not any(map(_to_be_done, schedule.slots.all())))
        ]

    @cached_property
    def proposals(self) -> list[tuple[Schedule, AnchorProposal[Treatment]]]:
        return [
            (schedule, proposal)
            for schedule in self.schedules
            if (proposal := proposed_anchor(schedule))
        ]

    @property
    def to_be_done(self) -> list[Slot]:
        return [
            slot
            for schedule in self.schedules_in(ScheduleState.ACTIVE)
            for slot in schedule.slots.all()
            if _to_be_done(slot)
        ]

    @property
    def to_book(self) -> list[Slot]:
        return [
            slot
            for slot in self.to_be_done
            if slot.lapses_on >= self.on and not any(b.is_active for b in slot.bookings.all())
        ][:6]

    @property
    def overdue(self) -> list[Slot]:
        return [slot for slot in self.to_be_done if slot.latest_on < self.on]

    @property
    def bookings(self) -> list[Booking]:
        return [
            booking
            for schedule in self.schedules
            for slot in schedule.slots.all()
            for booking in slot.bookings.all()
        ]

    @property
    def moves(self) -> list[tuple[Booking, BookingState]]:
        """Each appointment with each state that people can take it to on this day."""
        return [
            (booking, BookingState(to))
            for booking in self.bookings
            for to in sorted(BOOKING_MOVES.get(booking.state, ()))
            if to == BookingState.CANCELLED or booking.starts_at.date() <= self.on
        ]

    @property
    def to_move(self) -> list[Booking]:
        """The appointments that can be given another time."""
        return [
            booking
            for slot in self.to_be_done
            for booking in slot.bookings.all()
            if booking.state == BookingState.BOOKED and booking.starts_at.date() >= self.on
        ]

    @property
    def not_reviewed(self) -> list[Result]:
        return [result for result in self.results if not result.reviewed_at]

    def is_well(self, tumour: Tumour) -> bool:
        """Say whether somebody has the follow-up of this tumour in hand.

        It has an open slot ahead, or rests until a day to come, or it has ended for a reason. Or
        the patient has died before it could begin.
        """
        own = [schedule for schedule in self.schedules if schedule.tumour_id == tumour.pk]
        if not own:
            return tumour.patient.died_on is not None
        latest = own[-1]
        if latest.state == ScheduleState.ACTIVE:
            return any(
                _to_be_done(slot) and slot.lapses_on >= self.on for slot in latest.slots.all()
            )
        if latest.state == ScheduleState.SUSPENDED:
            [review_on] = [s.review_on for s in latest.suspensions.all() if not s.ended_on]
            return review_on > self.on
        return bool(latest.end_reason)


def _to_be_done(slot: Slot) -> bool:
    return slot.outcome in Slot.TO_BE_DONE
