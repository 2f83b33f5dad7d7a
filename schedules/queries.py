"""What must be done about which slots on a given day, by clinic.

The scopes say in SQL what `rules.windows.window_status` says of one slot; a property test holds
the two together.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from patients.models import Clinic, Membership
from patients.queries import ClinicDay
from schedules.models import (
    Booking,
    Contact,
    Decision,
    Feed,
    Job,
    JobKind,
    JobState,
    Protocol,
    Result,
    Review,
    Scanner,
    Schedule,
    ScheduleState,
    Slot,
    Study,
)
from schedules.models.feed import digest_of_secret
from schedules.rules.windows import WindowStatus
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act

CLINIC = "schedule__tumour__patient__clinic"


def slots_of(clinics: Iterable[Clinic]) -> QuerySet[Slot]:
    return Slot.objects.filter(**{f"{CLINIC}__in": clinics}).select_related(
        CLINIC, "schedule__protocol"
    )


def bookings_of(clinics: Iterable[Clinic]) -> QuerySet[Booking]:
    return Booking.objects.filter(**{f"slot__{CLINIC}__in": clinics}).select_related(
        "scanner", f"slot__{CLINIC}"
    )


def schedules_of(clinics: Iterable[Clinic]) -> QuerySet[Schedule]:
    return Schedule.objects.filter(tumour__patient__clinic__in=clinics).select_related(
        "tumour__patient__clinic", "protocol", "anchor"
    )


def protocols_with_use(clinics: Iterable[Clinic]) -> QuerySet[Protocol]:
    """Return all protocols, each with how many live schedules of the clinics are on it."""
    live = Q(schedules__state__in=Schedule.LIVE, schedules__tumour__patient__clinic__in=clinics)
    return Protocol.objects.select_related("drafted_by", "signed_by").annotate(
        in_use=Count("schedules", filter=live)
    )


def scanners_of(clinics: Iterable[Clinic]) -> QuerySet[Scanner]:
    return Scanner.objects.filter(clinic__in=clinics).select_related("clinic")


def on_its_day(days: Iterable[ClinicDay], condition: Callable[[ClinicDay], Q]) -> Q:
    """Keep the slots that meet `condition` on the day of their clinic."""
    kept = Q(pk__in=[])
    for day in days:
        kept |= Q(**{f"{CLINIC}__in": day.clinics}) & condition(day)
    return kept


def in_status(status: WindowStatus, days: Iterable[ClinicDay]) -> Q:
    """Keep the slots that still lack an exam and of which `window_status` says this."""
    windows = {
        WindowStatus.UPCOMING: lambda day: Q(earliest_on__gt=day.on),
        WindowStatus.DUE: lambda day: Q(earliest_on__lte=day.on, latest_on__gte=day.on),
        WindowStatus.OVERDUE: lambda day: Q(latest_on__lt=day.on, lapses_on__gte=day.on),
        WindowStatus.LAPSED: lambda day: Q(lapses_on__lt=day.on),
    }
    return Q(outcome__in=Slot.TO_BE_DONE) & on_its_day(days, windows[status])


def to_book(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return the slots whose window is open, with no appointment ahead, not deferred or snoozed.

    A cancelled booking, a no-show and an appointment that passed without an exam all bring the
    slot back.
    """
    return _to_be_done(days, lambda day: _waits(day) & ~Q(_snoozed(day)))


def snoozed(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return what would be to book, had nobody asked to be reminded on a day that is to come."""
    return _to_be_done(days, lambda day: _waits(day) & Q(_snoozed(day)))


def overdue(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return the slots past `latest_on`, lapsed ones too, that no clinician has deferred."""
    return _to_be_done(days, lambda day: Q(latest_on__lt=day.on) & ~Q(_deferred(day)))


def deferred(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return the overdue slots that a clinician has deferred to a day that has not come.

    Each has that day as `until`.
    """
    decisions = Review.objects.filter(slot=OuterRef("pk")).order_by("-id")
    return _to_be_done(days, lambda day: Q(latest_on__lt=day.on) & Q(_deferred(day))).annotate(
        until=Subquery(decisions.values("until")[:1])
    )


def overdue_and_unbooked(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return the overdue slots that a clinician must be told of: nobody has them in hand."""
    return _to_be_done(
        days,
        lambda day: Q(latest_on__lt=day.on) & ~Q(_deferred(day)) & ~Q(_booked_ahead(day)),
    )


def unbooked(days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Return the slots still to be done that neither an appointment ahead nor a deferral holds,
    whether their day has come or not."""
    return _to_be_done(days, lambda day: ~Q(_booked_ahead(day)) & ~Q(_deferred(day)))


def booked(clinics: Iterable[Clinic]) -> QuerySet[Booking]:
    """Return the appointments whose outcome is not known yet, the earliest first."""
    return (
        bookings_of(clinics)
        .filter(state__in=Booking.ACTIVE)
        .prefetch_related("slot__studies__result")
        .order_by("starts_at", "id")
    )


def without_outcome(day: ClinicDay) -> QuerySet[Booking]:
    """Return the appointments of earlier days of which nobody has said what came of them."""
    return booked(day.clinics).filter(starts_at__lt=day.begins_at)


def contacts_of(clinics: Iterable[Clinic]) -> QuerySet[Contact]:
    return Contact.objects.filter(**{f"slot__{CLINIC}__in": clinics}).select_related(
        f"slot__{CLINIC}", "by"
    )


def reviews_of(clinics: Iterable[Clinic]) -> QuerySet[Review]:
    return Review.objects.filter(**{f"slot__{CLINIC}__in": clinics}).select_related(
        f"slot__{CLINIC}", "by"
    )


def results_of(clinics: Iterable[Clinic]) -> QuerySet[Result]:
    return Result.objects.filter(study__patient__clinic__in=clinics).select_related(
        "study__patient__clinic"
    )


def unreviewed_results(clinics: Iterable[Clinic]) -> QuerySet[Result]:
    """Return the results that no clinician has seen yet, the oldest first."""
    return results_of(clinics).filter(reviewed_at=None).order_by("study__performed_on", "id")


def studies_of(clinics: Iterable[Clinic]) -> QuerySet[Study]:
    return Study.objects.filter(patient__clinic__in=clinics).select_related("patient__clinic")


def unreported_studies(clinics: Iterable[Clinic]) -> QuerySet[Study]:
    """Return the studies of which nobody has recorded what they showed, the oldest first."""
    return studies_of(clinics).filter(awaits_result=True).order_by("performed_on", "id")


def unreviewed_studies(clinics: Iterable[Clinic]) -> QuerySet[Study]:
    """Return the studies whose result no clinician has seen yet, the oldest first."""
    return (
        studies_of(clinics)
        .filter(result__isnull=False, result__reviewed_at=None)
        .select_related("result")
        .prefetch_related("result__corrections__by")
        .order_by("performed_on", "id")
    )


def unmatched_studies(clinics: Iterable[Clinic]) -> QuerySet[Study]:
    """Return the studies that count for no slot and wait for a decision, the oldest first.

    What came before the first window of all the patient's schedules needs none: nothing was due.
    """
    opened = Slot.objects.filter(
        schedule__tumour__patient=OuterRef("patient"), earliest_on__lte=OuterRef("performed_on")
    )
    return (
        studies_of(clinics)
        .filter(Exists(opened), slots=None, kept_at=None)
        .order_by("performed_on", "id")
    )


def feeds_of(clinics: Iterable[Clinic]) -> QuerySet[Feed]:
    """Return the calendar feeds of clinics, each with whether it `may_run`."""
    return (
        Feed.objects.filter(clinic__in=clinics)
        .annotate(may_run=_made_by_who_may_export())
        .select_related("clinic", "scanner", "made_by", "revoked_by")
    )


def feed_by(secret: str) -> Feed | None:
    """Return the feed at a secret address, as long as it runs."""
    of_secret = Feed.objects.filter(secret_digest=digest_of_secret(secret), revoked_at=None)
    running = of_secret.filter(_made_by_who_may_export())
    return running.select_related("clinic", "scanner", "made_by").first()


def _made_by_who_may_export() -> Exists:
    """Whoever made the feed may still take the clinic's data out."""
    makers = Membership.objects.filter(clinic=OuterRef("clinic"), user=OuterRef("made_by"))
    return Exists(makers.filter(user__is_active=True, role__in=MAY[Act.EXPORT]))


def jobs_of(user: User) -> QuerySet[Job]:
    """Return what a person has asked for, the latest first. Nobody else sees it."""
    return Job.objects.filter(by=user).order_by("-pk")


def exports_of(user: User) -> QuerySet[Job]:
    """Return the exports that were made for a person."""
    return jobs_of(user).filter(kind=JobKind.EXPORT, state=JobState.DONE)


def recent_jobs(user: User, at: datetime) -> QuerySet[Job]:
    """Return what a person may still wait to hear of: what runs, and what ended within a day."""
    return jobs_of(user).filter(Q(ended_at=None) | Q(ended_at__gt=at - timedelta(days=1)))


def take_overs_to(protocol: Protocol) -> QuerySet[Job]:
    """Return the jobs that take patients over to this version, whoever asked for them."""
    return Job.objects.filter(
        kind=JobKind.TAKE_OVER,
        parameters__contains={"code": protocol.code, "version": protocol.version},
    ).select_related("by")


def _to_be_done(days: Iterable[ClinicDay], condition: Callable[[ClinicDay], Q]) -> QuerySet[Slot]:
    """Return the slots that still lack an exam and meet `condition` on their clinic's day."""
    return (
        Slot.objects.filter(
            on_its_day(days, condition),
            outcome__in=Slot.TO_BE_DONE,
            schedule__state=ScheduleState.ACTIVE,
        )
        .select_related(CLINIC, "schedule__protocol")
        .order_by("latest_on", "id")
    )


def _waits(day: ClinicDay) -> Q:
    """The window is open, and neither an appointment ahead nor a deferral holds the slot."""
    return (
        Q(earliest_on__lte=day.on, lapses_on__gte=day.on)
        & ~Q(_booked_ahead(day))
        & ~Q(_deferred(day))
    )


def _snoozed(day: ClinicDay) -> Exists:
    """The last contact asks to be reminded on a day to come, and nobody has booked since."""
    later = Contact.objects.filter(slot=OuterRef("slot"), pk__gt=OuterRef("pk"))
    booked_since = Booking.objects.filter(slot=OuterRef("slot"), booked_at__gt=OuterRef("at"))
    return Exists(
        Contact.objects.filter(
            ~Exists(later), ~Exists(booked_since), slot=OuterRef("pk"), snoozed_until__gt=day.on
        )
    )


def _booked_ahead(day: ClinicDay) -> Exists:
    return Exists(
        Booking.objects.filter(
            slot=OuterRef("pk"), state__in=Booking.ACTIVE, starts_at__gte=day.begins_at
        )
    )


def _deferred(day: ClinicDay) -> Exists:
    """The clinicians' last decision is a deferral that has not run out."""
    later = Review.objects.filter(slot=OuterRef("slot"), pk__gt=OuterRef("pk"))
    return Exists(
        Review.objects.filter(
            ~Exists(later), slot=OuterRef("pk"), decision=Decision.DEFER, until__gt=day.on
        )
    )
