"""Who has fallen through in the room of schedules."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from patients.models import Clinic, Intent, Margin, Treatment, Tumour
from patients.queries import ClinicDay
from patients.safety import FallenThrough, Gap
from schedules import queries
from schedules.anchors import proposals
from schedules.models import Review, Schedule, ScheduleState, Slot, Suspension
from schedules.rules.months import long_date
from surveillance.accounts.roles import Act

TIME_TO_REPORT = timedelta(days=14)  # after the scan; radiology reports within days


def fallen_through(days: Iterable[ClinicDay]) -> Iterator[FallenThrough]:
    """Yield every patient of the clinics whom nobody has in hand on their clinic's day."""
    for day in days:
        yield from _no_schedule(day)
        yield from _nothing_ahead(day)
        yield from _suspension_over(day)
        yield from _no_outcome(day)
        yield from _lapsed(day)
        yield from _no_match(day)
        yield from _not_reported(day)
        yield from _not_reviewed(day.clinics)
        yield from _new_anchor(day.clinics)


def _no_schedule(day: ClinicDay) -> Iterator[FallenThrough]:
    """Tumours operated on with intent to cure that nobody follows, or not since the operation."""
    live = Schedule.objects.filter(tumour=OuterRef("pk"), state__in=Schedule.LIVE)
    curative = (
        Q(treatments__kind__in=Treatment.OPERATIONS)
        & ~Q(treatments__margin=Margin.R2)
        & ~Q(treatments__intent=Intent.PALLIATIVE)
    )
    ended_on = TruncDate(Max("schedules__ended_at"), tzinfo=day.begins_at.tzinfo)
    for tumour in (
        Tumour.objects.filter(~Exists(live), patient__clinic__in=day.clinics, patient__died_on=None)
        .annotate(since=Max("treatments__on", filter=curative), ended_on=ended_on)
        .filter(Q(ended_on=None) | Q(since__gt=F("ended_on")), since__isnull=False)
        .select_related("patient__clinic")
    ):
        yield FallenThrough(
            Gap.NO_SCHEDULE, tumour.patient, tumour.since, str(tumour), Act.PLAN, "patient"
        )


def _nothing_ahead(day: ClinicDay) -> Iterator[FallenThrough]:
    """Active schedules whose last slot is over: to be completed, or gone on with."""
    ahead = Slot.objects.filter(
        schedule=OuterRef("pk"), outcome__in=Slot.TO_BE_DONE, lapses_on__gte=day.on
    )
    for schedule in (
        queries.schedules_of(day.clinics)
        .filter(~Exists(ahead), state=ScheduleState.ACTIVE)
        .annotate(since=Max("slots__due_on"))
    ):
        yield FallenThrough(
            Gap.NOTHING_AHEAD,
            schedule.tumour.patient,
            schedule.since or schedule.anchor_on,
            str(schedule),
            Act.PLAN,
            "patient",
        )


def _suspension_over(day: ClinicDay) -> Iterator[FallenThrough]:
    for suspension in Suspension.objects.filter(
        schedule__tumour__patient__clinic__in=day.clinics,
        schedule__state=ScheduleState.SUSPENDED,
        ended_on=None,
        review_on__lte=day.on,
    ).select_related("schedule__tumour__patient__clinic"):
        yield FallenThrough(
            Gap.SUSPENSION_OVER,
            suspension.schedule.tumour.patient,
            suspension.review_on,
            suspension.reason,
            Act.PLAN,
            "patient",
        )


def _no_outcome(day: ClinicDay) -> Iterator[FallenThrough]:
    for booking in queries.without_outcome(day):
        patient = booking.slot.patient
        when = booking.starts_at.astimezone(patient.clinic.zone).date()
        yield FallenThrough(
            Gap.NO_OUTCOME,
            patient,
            when,
            _("%(exam)s on %(day)s") % {"exam": booking.slot.exam_name, "day": long_date(when)},
            Act.BOOK,
            "booked",
        )


def _lapsed(day: ClinicDay) -> Iterator[FallenThrough]:
    """Slots that nobody has decided about since they lapsed."""
    on = TruncDate("at", tzinfo=day.begins_at.tzinfo)
    reviewed = Review.objects.annotate(on=on).filter(
        slot=OuterRef("pk"), on__gt=OuterRef("lapses_on")
    )
    for slot in queries.overdue([day]).filter(~Exists(reviewed), lapses_on__lt=day.on):
        yield FallenThrough(
            Gap.LAPSED, slot.patient, slot.lapses_on, str(slot), Act.REVIEW, "overdue"
        )


def _no_match(day: ClinicDay) -> Iterator[FallenThrough]:
    """Studies that count for no slot, and of which nobody has said that this is as it should be."""
    for study in queries.unmatched_studies(day.clinics).filter(performed_on__lte=day.on):
        yield FallenThrough(
            Gap.NO_MATCH,
            study.patient,
            study.performed_on,
            str(study),
            Act.RECORD_STUDY,
            "unmatched",
        )


def _not_reported(day: ClinicDay) -> Iterator[FallenThrough]:
    """Scans of the plan of which nobody has recorded in time what they showed."""
    planned = Slot.objects.filter(studies=OuterRef("pk"))
    for study in queries.unreported_studies(day.clinics).filter(
        Exists(planned), performed_on__lt=day.on - TIME_TO_REPORT, patient__died_on=None
    ):
        yield FallenThrough(
            Gap.NOT_REPORTED,
            study.patient,
            study.performed_on,
            str(study),
            Act.RECORD_STUDY,
            "results",
        )


def _not_reviewed(clinics: Iterable[Clinic]) -> Iterator[FallenThrough]:
    for result in queries.unreviewed_results(clinics):
        yield FallenThrough(
            Gap.NOT_REVIEWED,
            result.study.patient,
            result.study.performed_on,
            str(result),
            Act.REVIEW,
            "results",
        )


def _new_anchor(clinics: Iterable[Clinic]) -> Iterator[FallenThrough]:
    for schedule, proposal in proposals(clinics):
        yield FallenThrough(
            Gap.NEW_ANCHOR,
            schedule.tumour.patient,
            proposal.anchor,
            proposal.reason,
            Act.PLAN,
            "rebaselines",
        )
