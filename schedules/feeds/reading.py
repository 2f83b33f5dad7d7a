"""Which appointments a calendar holds, and what it says of each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Max, Min, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from patients.models import CalendarsTell, Clinic, Patient
from schedules.feeds.writing import Entry, written
from schedules.models import Booking, BookingState, Scanner

AT_ONCE = 2000  # rows that are read together
FORM = 1  # of `written`: another one once the same entries are written in another way


@dataclass
class Agenda:
    """The appointments of some clinics, or of one scanner, that begin from a moment on.

    Those that replaced each other are one event, which says what the last of them says. Where that
    is on another scanner, the event stands here where it was, cancelled.
    """

    name: str
    clinics: list[Clinic]
    scanner: Scanner | None = None
    since: datetime | None = None
    sizes: Counter[str] = field(default_factory=Counter)  # events read so far, by clinic
    shown: set[Patient] = field(default_factory=set)  # of whom more than nothing was told

    def written(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Yield the calendar piece by piece."""
        begin = F("starts_at")
        span = self._bookings().aggregate(
            first=Coalesce(Min(begin), Now()), last=Coalesce(Max(begin), Now())
        )
        zones = {clinic.time_zone: clinic.zone for clinic in self.clinics}.values()
        return written(self.name, zones, span["first"].date(), span["last"].date(), entries)

    def entries(self) -> Iterator[Entry]:
        clinics = {clinic.pk: clinic for clinic in self.clinics}
        zones = {clinic.pk: clinic.zone for clinic in self.clinics}
        bookings = self._bookings().select_related("patient", "slot", "scanner")
        for booking in bookings.order_by("starts_at", "pk").iterator(AT_ONCE):
            clinic = clinics[booking.patient.clinic_id]
            booking.patient.clinic = clinic
            if clinic.calendars_tell != CalendarsTell.NOTHING:
                self.shown.add(booking.patient)
            self.sizes[clinic.code] += 1
            yield _entry(booking, clinic, zones[clinic.pk])

    def _bookings(self) -> QuerySet[Booking]:
        bookings = Booking.objects.filter(patient__clinic__in=self.clinics)
        if self.scanner:
            bookings = bookings.filter(scanner=self.scanner)
        if self.since:
            bookings = bookings.filter(starts_at__gte=self.since)
        later = Booking.objects.filter(calendar_uid=OuterRef("calendar_uid"), pk__gt=OuterRef("pk"))
        if self.scanner:
            later = later.filter(scanner=self.scanner)
        return bookings.filter(~Exists(later))


def digest_of(name: str, entries: Iterable[Entry]) -> str:
    """Return what changes whenever the calendar of these entries does."""
    digest = sha256(repr((FORM, name)).encode())
    for entry in entries:
        digest.update(repr(entry).encode())
    return digest.hexdigest()


def _entry(booking: Booking, clinic: Clinic, zone: ZoneInfo) -> Entry:
    cancelled = booking.state == BookingState.CANCELLED
    return Entry(
        uid=booking.calendar_uid,
        sequence=booking.calendar_sequence,
        changed_at=booking.changed_at,
        starts_at=booking.starts_at,
        minutes=booking.minutes,
        zone=zone,
        title=" · ".join([booking.slot.exam_name, *_patient(booking.patient, clinic)]),
        place=booking.scanner.name,
        note=_("Accession number %(number)s") % {"number": booking.accession},
        is_cancelled=cancelled,
        takes_time=not cancelled and booking.state != BookingState.NO_SHOW,
    )


def _patient(patient: Patient, clinic: Clinic) -> list[str]:
    """Return what the clinic lets calendars say of a patient; a name never stands alone."""
    match clinic.calendars_tell:
        case CalendarsTell.NUMBER:
            return [patient.mrn]
        case CalendarsTell.NAME:
            return [str(patient), patient.mrn]
    return []
