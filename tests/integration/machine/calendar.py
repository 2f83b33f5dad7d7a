"""What somebody's calendar shows at each moment of the story."""

from uuid import UUID

from patients.models import Clinic
from schedules.feeds.reading import Agenda
from schedules.feeds.writing import Entry
from schedules.models import Booking, BookingState


class Calendar:
    """It keeps what it was told, and is told all of it anew after each step."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.entries: dict[UUID, Entry] = {}

    def is_told_anew(self) -> None:
        entries = list(Agenda("", [self.clinic]).entries())
        now = {entry.uid: entry for entry in entries}
        assert len(now) == len(entries)
        for uid, before in self.entries.items():
            assert now[uid].sequence >= before.sequence
            assert now[uid].sequence > before.sequence or said(now[uid]) == said(before)
        stands = Booking.objects.exclude(state=BookingState.CANCELLED)
        assert sorted(e.starts_at for e in entries if not e.is_cancelled) == sorted(
            stands.values_list("starts_at", flat=True)
        )
        self.entries = now


def said(entry: Entry) -> tuple[object, ...]:
    """Return what a program must not overlook."""
    return entry.starts_at, entry.minutes, entry.place, entry.is_cancelled
