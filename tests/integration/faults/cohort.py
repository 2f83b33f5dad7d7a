"""Patients by the hundred who are to be told something, each at an address of their own."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from patients.models import Clinic, ContactBy, Patient, Treatment, Tumour
from reminders.models import Audience, Kind, RelativeTo, Rule
from schedules.bulk import lay_out
from schedules.models import Booking, Schedule, Slot
from schedules.rules.months import add_months
from tests.factories import (
    ClinicFactory,
    PatientFactory,
    ProtocolFactory,
    ResectionFactory,
    ScannerFactory,
    TumourFactory,
    UserFactory,
)

OF_ONE_CLINIC = 200  # so many may be told at once without anybody being asked
CONSENTED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = count(1)


def always_open(**changes: object) -> Clinic:
    """Return a clinic that can be reached at every hour and does no more than call to book."""
    hours = {"opens_at": time(), "closes_at": time.max, "time_zone": "UTC"}
    clinic: Clinic = ClinicFactory.create(**hours | changes)
    tells(clinic, Kind.TO_BOOK, RelativeTo.DUE, 0)
    return clinic


def tells(clinic: Clinic, kind: Kind, relative_to: RelativeTo, days: int) -> Rule:
    """Give a clinic a rule for its patients, to be said at once."""
    return Rule.objects.create(
        clinic=clinic,
        kind=kind,
        relative_to=relative_to,
        days=days,
        audience=Audience.PATIENT,
        digest=False,
    )


def a_due_day(not_after: date) -> date:
    """Return the day itself, or the last before it that is three months after some other day."""
    while add_months(add_months(not_after, -3), 3) != not_after:
        not_after -= timedelta(days=1)
    return not_after


def due(clinic: Clinic, days: Iterable[date]) -> list[Slot]:
    """Enrol one patient for each of the days, whose first exam is due then; return these exams."""
    days = list(days)
    patients = Patient.objects.bulk_create(
        PatientFactory.build(
            clinic=clinic,
            contact_by=ContactBy.EMAIL,
            email=f"patient{next(_numbers)}@example.org",
            consented_at=CONSENTED_AT,
        )
        for _ in days
    )
    tumours = Tumour.objects.bulk_create(
        TumourFactory.build(patient=patient) for patient in patients
    )
    anchors = Treatment.objects.bulk_create(
        ResectionFactory.build(tumour=tumour, on=add_months(day, -3))
        for tumour, day in zip(tumours, days, strict=True)
    )
    protocol = ProtocolFactory.create()
    schedules = Schedule.objects.bulk_create(
        Schedule(tumour=one.tumour, protocol=protocol, anchor=one, anchor_on=one.on)
        for one in anchors
        if one.on
    )
    lay_out(schedules)
    slots = list(
        Slot.objects.filter(schedule__in=schedules, n=1)
        .select_related("schedule__tumour__patient__clinic")
        .order_by("pk")
    )
    assert [slot.due_on for slot in slots] == days
    return slots


def due_now(messages: int) -> list[Slot]:
    """Enrol patients of several clinics, all of whom are to be called to book as of today."""
    day = a_due_day(datetime.now(UTC).date())
    slots: list[Slot] = []
    while messages:
        of_one = min(messages, OF_ONE_CLINIC)
        slots += due(always_open(), [day] * of_one)
        messages -= of_one
    return slots


def booked(slots: Iterable[Slot], starts_at: datetime) -> list[Booking]:
    """Book an appointment for each of the slots of one clinic."""
    slots = list(slots)
    by = UserFactory.create()
    return Booking.objects.bulk_create(
        Booking(
            slot=slot,
            scanner=ScannerFactory.create(clinic=slot.patient.clinic),
            starts_at=starts_at,
            booked_by=by,
            booked_at=CONSENTED_AT,
            outside_window_reason="By telephone",
        )
        for slot in slots
    )


def addresses(slots: Iterable[Slot]) -> list[str]:
    return [slot.patient.email for slot in slots]
