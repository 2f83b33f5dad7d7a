"""Clinics in the middle of a day's work, and the people who work in them."""

from datetime import UTC, datetime, timedelta
from itertools import product

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from imaging.models import Arrangement, Peer
from patients.models import Clinic, Membership, Patient
from reminders.models import Kind, RelativeTo
from schedules.actions import record_result, record_study
from schedules.models import Booking, ResultOutcome, Scanner, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import ScannerFactory
from tests.integration.faults.cohort import a_due_day, always_open, due, tells

CLINICS = 3
SCANNERS = 4
TITLE = "SURVEILLANCE"
# How many patients of each clinic are in which situation; all others are due some day to come.
OVERDUE, DUE, WITH_PAST_BOOKING, WITH_RESULT, BOOKED = 60, 60, 60, 60, 40
PEOPLE = {"nurse": 100, "clinician": 100, "admin": 50, "auditor": 50}
ROLES = {
    "nurse": Role.NURSE,
    "clinician": Role.CLINICIAN,
    "admin": Role.ADMINISTRATOR,
    "auditor": Role.AUDITOR,
}


def seed(patients: int, password: str) -> list[Clinic]:
    """Enter `patients` for each of the clinics, and people who all have one password."""
    clinics = [always_open(name=f"Clinic {n}") for n in range(1, CLINICS + 1)]
    for number, clinic in enumerate(clinics, start=1):
        # Each appointment is told at once, so that letters go out all the time.
        tells(clinic, Kind.APPOINTMENT, RelativeTo.APPOINTMENT, -90)
        Arrangement.objects.create(clinic=clinic, files_by_itself=True, settles_after=1)
        Peer.objects.create(clinic=clinic, ae_title=f"LOADCT{number}", address="127.0.0.1")
        _patients(clinic, patients, _scanners(clinic, number))
    _people(clinics, make_password(password))
    return clinics


def _scanners(clinic: Clinic, number: int) -> list[Scanner]:
    titles = [f"LOADCT{number}", *[""] * (SCANNERS - 1)]
    return [
        ScannerFactory.create(clinic=clinic, minutes=10, ae_title=title, name=f"CT {n}")
        for n, title in enumerate(titles, start=1)
    ]


def _patients(clinic: Clinic, patients: int, scanners: list[Scanner]) -> None:
    today = datetime.now(UTC).date()
    ahead = max(0, patients - OVERDUE - DUE - WITH_PAST_BOOKING - WITH_RESULT - BOOKED)
    _late, _due, booked, done, coming = (
        due(clinic, [a_due_day(today + timedelta(days=days))] * count)
        for days, count in (
            (-30, OVERDUE),
            (0, DUE),
            (-1, WITH_PAST_BOOKING),
            (-5, WITH_RESULT),
            (3, BOOKED),
        )
    )
    due(clinic, [a_due_day(today + timedelta(days=n % 700 + 1)) for n in range(ahead)])
    by = User.objects.create(username=f"before-{clinic.code}")
    begins = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0)
    _book(booked, scanners, begins - timedelta(days=1), by)
    _book(coming, scanners, begins + timedelta(days=1), by)
    # These are not written to: more at once would be held as a flood.
    quiet = [slot.patient.pk for slot in (*booked, *done)]
    Patient.objects.filter(pk__in=quiet).update(contact_by="", consented_at=None)
    for slot in done:
        study = record_study(
            patient=slot.patient,
            modality="CT",
            performed_on=today - timedelta(days=3),
            regions=slot.regions,
            by=by,
        )
        record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=by)


def _book(slots: list[Slot], scanners: list[Scanner], begins: datetime, by: User) -> None:
    """Book an appointment for each, ten minutes after the one before on the same scanner."""
    places = product(range(len(slots)), scanners)
    Booking.objects.bulk_create(
        Booking(
            slot=slot,
            patient=slot.patient,
            scanner=scanner,
            starts_at=begins + timedelta(minutes=10 * n),
            minutes=10,
            booked_by=by,
            booked_at=begins - timedelta(days=9),
        )
        for slot, (n, scanner) in zip(slots, places, strict=False)
    )


def _people(clinics: list[Clinic], hashed: str) -> None:
    users = User.objects.bulk_create(
        User(username=f"{name}{n}", password=hashed, email=f"{name}{n}@staff.example.org")
        for name, count in PEOPLE.items()
        for n in range(1, count + 1)
    )
    Membership.objects.bulk_create(
        Membership(
            user=user,
            clinic=clinics[number % len(clinics)],
            role=ROLES[user.username.rstrip("0123456789")],
        )
        for number, user in enumerate(users)
    )
