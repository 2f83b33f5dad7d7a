"""A synthetic cohort: invented people, one after another in each situation a clinic meets."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice, product
from random import Random
from typing import Any

from patients.actions import add_treatment, add_tumour, agree_to_messages, register_patient
from patients.models import (
    Clinic,
    ContactBy,
    FindingKind,
    Language,
    Margin,
    Patient,
    Sex,
    TreatmentKind,
    Tumour,
)
from schedules.actions import (
    book,
    enrol,
    move_booking,
    record_result,
    record_study,
    review,
    review_result,
)
from schedules.models import Booking, BookingState, Decision, Protocol, ResultOutcome, Slot
from schedules.rules.months import add_months
from surveillance.accounts.models import User

FAMILY_NAMES = (
    "Examplesson", "Fauxberg", "Imaginara", "Inventado", "Madeupski", "Mockington", "Nonesuch",
    "Placeholder", "Pretendez", "Sampleton", "Specimeni", "Testerman",
)  # fmt: skip
GIVEN_NAMES = (
    "Alder", "Aspen", "Birch", "Cedar", "Elm", "Hazel", "Juniper", "Larch", "Linden", "Maple",
    "Olive", "Rowan", "Spruce", "Willow", "Yew",
)  # fmt: skip
SITES = (("thigh", "C49.2"), ("calf", "C49.2"), ("upper arm", "C49.1"), ("distal femur", "C40.2"))


@dataclass(frozen=True, slots=True)
class Story:
    """One invented patient, every slot scanned but for `slot`, at which the story is today."""

    patient: Patient
    tumour: Tumour
    slot: Slot
    today: date
    random: Random
    nurse: User
    clinician: User

    def moment(self, days: int, hour: int = 7) -> datetime:
        """Return the clinic's `hour` o'clock, `days` after today."""
        return datetime.combine(
            self.today + timedelta(days=days), time(hour), self.patient.clinic.zone
        )

    def book(self, days: int) -> Booking:
        """Book for `days` from today, a week ahead or as long ago as today allows.

        Where that day is full it is one further from today.
        """
        scanners = list(self.patient.clinic.scanners.order_by("name"))
        first, hour = self.random.choice(scanners), self.random.randrange(9, 17)
        scanners.sort(key=lambda scanner: scanner != first)
        halves = [9 * 60 + 30 * half for half in range(16)]
        halves.sort(key=lambda minute: (minute % 60, minute < hour * 60))
        while True:
            midnight = self.moment(days, hour=0)
            booked = Booking.objects.filter(
                scanner__in=scanners, starts_at__range=(midnight, midnight + timedelta(days=1))
            )
            taken = set(booked.values_list("scanner", "starts_at"))
            for minute, scanner in product(halves, scanners):
                starts_at = midnight + timedelta(minutes=minute)
                if (scanner.pk, starts_at) not in taken:
                    return book(
                        slot=self.slot,
                        scanner=scanner,
                        starts_at=starts_at,
                        outside_window_reason="The first time that was free",
                        by=self.nurse,
                        at=self.moment(min(days - 7, 0)),
                    )
            days += 1 if days > 0 else -1

    def scan(self, slot: Slot, on: date, regions: Iterable[str], outcome: ResultOutcome) -> None:
        study = record_study(
            patient=self.patient,
            modality=slot.modality,
            performed_on=on,
            regions=list(regions),
            by=self.nurse,
            at=self.moment(0),
        )
        lesion: dict[str, Any] = {}
        if outcome == ResultOutcome.NEW_LESION:
            lesion = {"sites": ["liver S5"], "finding": FindingKind.METASTASIS}
        told: dict[str, Any] = {"by": self.clinician, "at": self.moment(0)}
        result = record_result(study=study, outcome=outcome, tumour=self.tumour, **lesion, **told)
        review_result(result=result, **told)


def to_be_booked(story: Story) -> None:
    """Nothing has been done yet."""


def booked_ahead(story: Story) -> None:
    story.book(story.random.randrange(2, 12))


def did_not_attend(story: Story) -> None:
    booking = story.book(-3)
    move_booking(
        booking=booking, to=BookingState.NO_SHOW, by=story.nurse, at=story.moment(-3, hour=18)
    )


def without_outcome(story: Story) -> None:
    story.book(-1)


def chest_only(story: Story) -> None:
    story.scan(story.slot, story.today - timedelta(days=4), ["chest"], ResultOutcome.NO_DISEASE)


def chased(story: Story) -> None:
    review(
        slot=story.slot, decision=Decision.CHASE, reason="Call again after the holiday",
        by=story.clinician, at=story.moment(-1),
    )  # fmt: skip


def deferred(story: Story) -> None:
    review(
        slot=story.slot, decision=Decision.DEFER, until=story.today + timedelta(days=10),
        reason="Recovering from another operation", by=story.clinician, at=story.moment(-2),
    )  # fmt: skip


def operated_on_again(story: Story) -> None:
    """A lesion was found in time and resected; the new anchor waits for a clinician."""
    found_on = story.today - timedelta(days=40)
    story.scan(story.slot, found_on, story.slot.regions, ResultOutcome.NEW_LESION)
    add_treatment(
        tumour=story.tumour, kind=TreatmentKind.METASTASECTOMY,
        on=story.today - timedelta(days=9), description="Partial hepatic resection (S5)",
        by=story.clinician, at=story.moment(0),
    )  # fmt: skip


def scanned_elsewhere(story: Story) -> None:
    """An MR that the plan does not ask for; the CT is still to be booked."""
    record_study(
        patient=story.patient, modality="MR", performed_on=story.today - timedelta(days=6),
        regions=["lower_limb"], description="MR of the knee, at another hospital",
        by=story.nurse, at=story.moment(0),
    )  # fmt: skip


# Each with the day on which the story is told: days after the slot's due date.
SITUATIONS: tuple[tuple[int, Callable[[Story], None]], ...] = (
    (-20, to_be_booked),
    (-15, booked_ahead),
    (-5, did_not_attend),
    (24, to_be_booked),
    (-2, chest_only),
    (1, without_outcome),
    (40, operated_on_again),
    (35, deferred),
    (-60, to_be_booked),
    (19, chased),
    (43, booked_ahead),
    (9, scanned_elsewhere),
)


def enter_cohort(
    size: int, *, seed: int, today: date, clinic: Clinic, nurse: User, clinician: User
) -> None:
    """Enter `size` invented patients; the same for the same arguments."""
    random = Random(seed)
    protocol = Protocol.objects.filter(code="ct-chest-abdomen-3m").latest("version")
    for number, (days, tell) in enumerate(islice(cycle(SITUATIONS), size), start=1):
        tell(_story(number, days, protocol, random, today, clinic, nurse, clinician))


def _story(
    number: int,
    days: int,
    protocol: Protocol,
    random: Random,
    today: date,
    clinic: Clinic,
    nurse: User,
    clinician: User,
) -> Story:
    n = random.randrange(1, 9)
    resected_on = add_months(today - timedelta(days=days), -3 * n)
    patient = register_patient(
        clinic=clinic,
        mrn=f"DEMO-{number:04}",
        family_name=random.choice(FAMILY_NAMES),
        given_name=random.choice(GIVEN_NAMES),
        birth_date=add_months(resected_on, -random.randrange(30 * 12, 80 * 12)),
        sex=random.choice([Sex.FEMALE, Sex.MALE]),
        phone=f"0000 {random.randrange(10**6):06}",
        by=nurse,
    )
    if number % 2:
        patient = _agree(patient, number, nurse, today)
    site, topography = random.choice(SITES)
    tumour = add_tumour(
        patient=patient,
        site=site,
        topography=topography,
        morphology="8890/3",
        morphology_name="Leiomyosarcoma, NOS",
        laterality=random.choice(["left", "right"]),
        grade=random.choice([1, 2, 3]),
        size_mm=random.randrange(20, 180),
        by=nurse,
    )
    resection = add_treatment(
        tumour=tumour,
        kind=TreatmentKind.RESECTION,
        on=resected_on,
        margin=random.choice([Margin.R0, Margin.R0, Margin.R1]),
        description="Wide excision",
        by=nurse,
        at=datetime.combine(today, time(7), clinic.zone),
    )
    schedule = enrol(tumour=tumour, protocol=protocol, anchor=resection, by=clinician)
    *before, slot = schedule.slots.filter(n__lte=n).order_by("n")
    story = Story(patient, tumour, slot, today, random, nurse, clinician)
    for past in before:
        on = past.due_on + timedelta(days=random.randrange(-10, 10))
        story.scan(past, on, past.regions, ResultOutcome.NO_DISEASE)
    return story


def _agree(patient: Patient, number: int, nurse: User, today: date) -> Patient:
    """Let one agree to messages: two by e-mail, one by text message, and so on."""
    # 07700 900000 to 900999 are kept free in the United Kingdom for numbers that are invented.
    return agree_to_messages(
        patient=patient,
        contact_by=ContactBy.SMS if number % 3 == 0 else ContactBy.EMAIL,
        email=f"{patient.mrn.lower()}@example.org",
        phone=f"+44 7700 {900000 + number % 1000}",
        language=Language.JAPANESE if number % 4 == 1 else Language.ENGLISH,
        by=nurse,
        at=datetime.combine(today - timedelta(days=7 * (number % 12) + 1), time(10), UTC),
    )
