"""What was said and what waits, by clinic."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.utils import timezone

from patients.models import Clinic, Membership
from patients.queries import clinic_days
from reminders.models import (
    Alarm,
    Audience,
    Hold,
    Kind,
    Line,
    Message,
    Notice,
    Rule,
    Sweep,
    Watch,
)
from schedules.models import BookingState, Review
from schedules.queries import unbooked
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role


def notices_of(clinics: Iterable[Clinic]) -> QuerySet[Notice]:
    """Return the notices of the clinics' patients, the latest first."""
    return (
        Notice.objects.filter(patient__clinic__in=clinics)
        .select_related("rule", "patient__clinic", "slot", "booking__slot", "result__study")
        .order_by("-raised_at", "-pk")
    )


def inbox(user: User, clinics: Sequence[Clinic], *, at: datetime | None = None) -> QuerySet[Notice]:
    """Return what is open and addressed to the user at `at` (now, unless told), the oldest first.

    Of a patient whom nobody reachable is responsible for, every clinician of the clinic hears; so
    they do for a clinic without a lead. Of patients who changed since the last sweep, what somebody
    acted on is left out: an exam that was booked a moment ago is not to be booked any more.
    """
    at = at or timezone.now()
    changed = Watch.objects.filter(patient=OuterRef("patient"), look_at__lte=at)
    return (
        notices_of(clinics)
        .filter(_addressed_to(user), ended_at=None)
        .filter(~Exists(changed) | _is_left_to_do(clinics, at))
        .order_by("since", "pk")
    )


def count_inbox(user: User, clinics: Sequence[Clinic]) -> int:
    """Return how many rows the inbox has: one for each patient and kind."""
    return inbox(user, clinics).order_by().values("patient", "rule__kind").distinct().count()


def _addressed_to(user: User) -> Q:
    """Return the condition on a notice that the user is of its audience."""
    clinics: dict[str, list[int]] = {role: [] for role in Role}
    for clinic, role in Membership.objects.filter(user=user).values_list("clinic", "role"):
        clinics[role].append(clinic)
    as_nurse = Q(patient__clinic__in=clinics[Role.NURSE])
    as_clinician = Q(patient__clinic__in=clinics[Role.CLINICIAN])
    hears = Membership.objects.filter(clinic=OuterRef("patient__clinic"), user__is_active=True)
    responsible = hears.filter(user=OuterRef("patient__responsible"), role=Role.CLINICIAN)
    lead = hears.filter(
        user=OuterRef("patient__clinic__lead"), role__in=[Role.NURSE, Role.CLINICIAN]
    )
    return (
        Q(rule__audience=Audience.CLINIC)
        | Q(as_nurse, rule__audience=Audience.NURSES)
        | Q(as_clinician, rule__audience=Audience.RESPONSIBLE)
        & (Q(patient__responsible=user) | ~Exists(responsible))
        | Q(rule__audience=Audience.LEAD, patient__clinic__lead=user)
        | Q(as_clinician, ~Exists(lead), rule__audience=Audience.LEAD)
    ) & (as_nurse | as_clinician)


def _is_left_to_do(clinics: Sequence[Clinic], at: datetime) -> Q:
    """Return the condition on a notice that nobody acted on what it is of, as the lists see it.

    `conditions.still_true` knows all that ends a notice, and takes a sweep's time to ask.
    """
    waiting = unbooked(clinic_days(clinics, at=at)).order_by()
    answered = Review.objects.filter(slot=OuterRef("slot"), at__gte=OuterRef("raised_at"))
    return (
        Q(Exists(waiting.filter(pk=OuterRef("slot"))))
        & ~Q(Exists(answered), rule__kind=Kind.OVERDUE)
        | Q(Exists(waiting.filter(pk=OuterRef("booking__slot"))), rule__kind=Kind.NO_SHOW)
        | Q(rule__kind=Kind.APPOINTMENT, booking__state=BookingState.BOOKED)
        | Q(rule__kind=Kind.RESULT, result__reviewed_at=None, result__study__withdrawn_at=None)
    )


def messages_of(clinics: Iterable[Clinic]) -> QuerySet[Message]:
    """Return the clinics' messages, the latest first."""
    return (
        Message.objects.filter(clinic__in=clinics)
        .select_related("clinic", "hold", "announcement__booking__patient__clinic")
        .order_by("-queued_at", "-pk")
    )


def lines() -> QuerySet[Line]:
    """Return what messages tell, each in its order."""
    return Line.objects.select_related(
        "notice__rule",
        "notice__patient__clinic",
        "notice__slot",
        "notice__booking__slot",
        "notice__result__study",
        "message__hold__decided_by",
    ).order_by("pk")


def ungathered(clinics: Iterable[Clinic]) -> QuerySet[Line]:
    """Return what waits for its time, and goes into a message then."""
    return Line.objects.filter(clinic__in=clinics, message=None, withdrawn_at=None)


def rules_of(clinics: Iterable[Clinic]) -> QuerySet[Rule]:
    """Return the clinics' rules, by what they say and to whom, in the order in which they speak."""
    order = Case(*(When(kind=kind, then=place) for place, kind in enumerate(Kind)))
    return (
        Rule.objects.filter(clinic__in=clinics)
        .select_related("clinic__lead")
        .order_by("clinic", order, "days", "audience", "relative_to")
    )


def holds_of(clinics: Iterable[Clinic]) -> QuerySet[Hold]:
    return Hold.objects.filter(clinic__in=clinics).select_related("clinic").order_by("at")


def open_holds(clinics: Iterable[Clinic]) -> QuerySet[Hold]:
    return holds_of(clinics).filter(decided_at=None)


def open_alarms(clinics: Iterable[Clinic]) -> QuerySet[Alarm]:
    """Return what is wrong with the machine as a whole, or in the clinics, the oldest first."""
    wrong = Alarm.objects.filter(Q(clinic=None) | Q(clinic__in=clinics), ended_at=None)
    return wrong.order_by("raised_at")


def last_sweep(at: datetime) -> Sweep | None:
    """Return the last finished sweep that had begun at `at`. One of a clock ahead is none."""
    finished = Sweep.objects.filter(finished_at__isnull=False, started_at__lte=at)
    return finished.order_by("-started_at").first()
