"""The rows of which resources are made: those of some clinics, with all that a resource tells."""

from collections.abc import Sequence

from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Value, When

from patients.models import Clinic, Finding, Treatment, Tumour
from schedules.models import Booking, Decision, Protocol, Review, Schedule, Slot, Study
from schedules.queries import bookings_of, reviews_of, schedules_of, slots_of
from schedules.rules.outcome import Outcome


def tumours(clinics: Sequence[Clinic]) -> QuerySet[Tumour]:
    return Tumour.objects.filter(patient__clinic__in=clinics).select_related("patient__clinic")


def findings(clinics: Sequence[Clinic]) -> QuerySet[Finding]:
    return Finding.all_ever.filter(tumour__patient__clinic__in=clinics).select_related(
        "tumour__patient__clinic"
    )


def treatments(clinics: Sequence[Clinic]) -> QuerySet[Treatment]:
    return Treatment.objects.filter(tumour__patient__clinic__in=clinics).select_related(
        "tumour__patient__clinic"
    )


def schedules(clinics: Sequence[Clinic]) -> QuerySet[Schedule]:
    slots = Slot.objects.only("public_id", "schedule_id").order_by("due_on", "id")
    return (
        schedules_of(clinics)
        .select_related("replaces")
        .prefetch_related("suspensions", Prefetch("slots", slots))
    )


def slots(clinics: Sequence[Clinic]) -> QuerySet[Slot]:
    return slots_of(clinics).prefetch_related("studies__result")


def bookings(clinics: Sequence[Clinic]) -> QuerySet[Booking]:
    return bookings_of(clinics).select_related("replaces")


def chases(clinics: Sequence[Clinic]) -> QuerySet[Review]:
    """The decisions to chase somebody, each with what became of it: booked or done since, given up
    by another decision or with the slot, or still to be done."""
    booked = Booking.objects.filter(slot=OuterRef("slot"), booked_at__gt=OuterRef("at"))
    decided = Review.objects.filter(slot=OuterRef("slot"), pk__gt=OuterRef("pk"))
    still_due = Q(slot__outcome__in=Slot.TO_BE_DONE, slot__schedule__state__in=Schedule.LIVE)
    became = Case(
        When(Q(slot__outcome=Outcome.SATISFIED) | Exists(booked), then=Value("completed")),
        When(~still_due | Exists(decided), then=Value("cancelled")),
        default=Value("requested"),
    )
    return reviews_of(clinics).filter(decision=Decision.CHASE).annotate(became=became)


def studies(clinics: Sequence[Clinic]) -> QuerySet[Study]:
    return (
        Study.all_ever.filter(patient__clinic__in=clinics)
        .select_related("patient__clinic")
        .prefetch_related("slots")
    )


def reported(clinics: Sequence[Clinic]) -> QuerySet[Study]:
    return (
        studies(clinics)
        .filter(result__isnull=False)
        .select_related("result__reviewed_by", "result__finding")
        .prefetch_related("result__corrections")
    )


def clinics(clinics: Sequence[Clinic]) -> QuerySet[Clinic]:
    return Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics])


def protocols(clinics: Sequence[Clinic]) -> QuerySet[Protocol]:
    """All versions: they belong to no clinic."""
    return Protocol.objects.select_related("drafted_by", "signed_by")
