"""What was said and what waits, by clinic."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from patients.models import Clinic, Membership
from reminders.conditions import still_true
from reminders.models import Audience, Hold, Message, Notice, Watch
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
    """Return what is true at `at` (now, unless told) and addressed to the user, the oldest first.

    Of a patient whom nobody reachable is responsible for, every clinician of the clinic hears; so
    they do for a clinic without a lead. What changed since the last sweep is asked about anew: an
    exam that was booked a moment ago is not to be booked any more.
    """
    at = at or timezone.now()
    changed = Watch.objects.filter(patient=OuterRef("patient"), look_at__lte=at)
    return (
        notices_of(clinics)
        .filter(_addressed_to(user), ended_at=None)
        .filter(~Exists(changed) | still_true(at, clinics))
        .order_by("since", "pk")
    )


def count_inbox(user: User, clinics: Sequence[Clinic]) -> int:
    """Return how many rows the inbox has: one for each patient and kind."""
    return inbox(user, clinics).order_by().values("patient", "rule__kind").distinct().count()


def _addressed_to(user: User) -> Q:
    """Return the condition on a notice that the user is of its audience."""
    here = Membership.objects.filter(clinic=OuterRef("patient__clinic"))
    as_nurse, as_clinician = (
        Q(Exists(here.filter(user=user, role=role))) for role in (Role.NURSE, Role.CLINICIAN)
    )
    hears = here.filter(user__is_active=True)
    responsible = hears.filter(user=OuterRef("patient__responsible"), role=Role.CLINICIAN)
    lead = hears.filter(
        user=OuterRef("patient__clinic__lead"), role__in=[Role.NURSE, Role.CLINICIAN]
    )
    return (
        Q(as_nurse | as_clinician, rule__audience=Audience.CLINIC)
        | Q(as_nurse, rule__audience=Audience.NURSES)
        | Q(as_clinician, rule__audience=Audience.RESPONSIBLE)
        & (Q(patient__responsible=user) | ~Exists(responsible))
        | Q(as_nurse | as_clinician, rule__audience=Audience.LEAD, patient__clinic__lead=user)
        | Q(as_clinician, ~Exists(lead), rule__audience=Audience.LEAD)
    )


def messages_of(clinics: Iterable[Clinic]) -> QuerySet[Message]:
    """Return the clinics' messages, the latest first."""
    return (
        Message.objects.filter(clinic__in=clinics)
        .select_related("clinic", "hold")
        .order_by("-queued_at", "-pk")
    )


def open_holds(clinics: Iterable[Clinic]) -> QuerySet[Hold]:
    return Hold.objects.filter(clinic__in=clinics, decided_at=None).order_by("at")
