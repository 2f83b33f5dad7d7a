"""Whom a user may see, and which day it is for them. Every query starts here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby

from django.db.models import Exists, OuterRef, QuerySet

from patients.models import Clinic, Membership, Patient
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role


def clinics_where_may(user: User, act: Act) -> QuerySet[Clinic]:
    """Return the clinics in which `user` has a role that may do `act`, if they may still sign in.

    Who asks for a page has signed in; what was asked for may be done later, in the background.
    """
    return Clinic.objects.filter(
        memberships__user=user, memberships__user__is_active=True, memberships__role__in=MAY[act]
    )


def clinics_of_member(user: User) -> QuerySet[Clinic]:
    """Return the clinics in which `user` has any role."""
    return Clinic.objects.filter(memberships__user=user, memberships__user__is_active=True)


def without_administrator(user: User) -> QuerySet[Clinic]:
    """Return those clinics of `user` that nobody who may sign in keeps."""
    kept = Membership.objects.filter(
        clinic=OuterRef("pk"), user__is_active=True, role__in=MAY[Act.KEEP_CLINIC]
    )
    return Clinic.objects.filter(~Exists(kept), memberships__user=user)


def acts_of(user: User) -> list[Act]:
    """Return what a person may do in some clinic."""
    roles = set(Membership.objects.filter(user=user).values_list("role", flat=True))
    return [act for act in Act if roles & MAY[act]]


def patients_of(clinics: Iterable[Clinic]) -> QuerySet[Patient]:
    return Patient.objects.filter(clinic__in=clinics).select_related("clinic")


def clinicians_of(clinic: Clinic) -> QuerySet[User]:
    """Return the clinicians of a clinic who may still sign in, by name."""
    clinicians = User.objects.filter(
        is_active=True, memberships__clinic=clinic, memberships__role=Role.CLINICIAN
    )
    return clinicians.order_by("last_name", "first_name", "username")


@dataclass(frozen=True, slots=True)
class ClinicDay:
    """Clinics of one time zone, with the day that a list is asked for and when it begins there."""

    clinics: Sequence[Clinic]
    on: date
    begins_at: datetime


def clinic_days(
    clinics: Iterable[Clinic], *, on: date | None = None, at: datetime | None = None
) -> list[ClinicDay]:
    """Return the day for each of the clinics: `on`, or else each one's own date at `at`, or now."""
    days = []
    by_zone = sorted(clinics, key=lambda clinic: clinic.time_zone)
    for _, group in groupby(by_zone, key=lambda clinic: clinic.time_zone):
        members = list(group)
        day = on or members[0].today(at)
        begins_at = datetime.combine(day, time.min, members[0].zone)
        days.append(ClinicDay(members, day, begins_at))
    return days


def clinics_of(days: Iterable[ClinicDay]) -> list[Clinic]:
    return [clinic for day in days for clinic in day.clinics]
