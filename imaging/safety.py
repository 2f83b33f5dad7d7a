"""Who may have fallen through in the room of images: scans that nobody has filed."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Count, Exists, Min, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imaging.models import Received, Step, StepState
from imaging.queries import undecided
from patients.queries import ClinicDay
from patients.safety import FallenThrough, Gap
from schedules.models import BookingState, Study
from schedules.rules.months import long_date
from surveillance.accounts.roles import Act

TIME_TO_DECIDE = timedelta(days=3)
TIME_TO_ARRIVE = timedelta(days=1)


def fallen_through(days: Iterable[ClinicDay]) -> Iterator[FallenThrough]:
    """Yield what waits for a decision too long, and exams that are done without their images."""
    for day in days:
        yield from _not_decided(day)
        yield from _no_images(day)


def _not_decided(day: ClinicDay) -> Iterator[FallenThrough]:
    """One row a clinic: whose they are is just what nobody knows."""
    late = undecided(day.clinics).filter(first_at__lt=day.begins_at - TIME_TO_DECIDE)
    counted = late.order_by().values("clinic").annotate(number=Count("pk"), since=Min("first_at"))
    clinics = {clinic.pk: clinic for clinic in day.clinics}
    for row in counted:
        clinic = clinics[row["clinic"]]
        yield FallenThrough(
            Gap.NOT_FILED,
            None,
            row["since"].astimezone(clinic.zone).date(),
            ngettext(
                "%(count)s received study waits for somebody to say whose it is",
                "%(count)s received studies wait for somebody to say whose they are",
                row["number"],
            )
            % {"count": row["number"]},
            Act.RECORD_STUDY,
            "unmatched",
            clinic,
        )


def _no_images(day: ClinicDay) -> Iterator[FallenThrough]:
    """What a scanner said was done for an appointment, of which no study has been filed."""
    came = Received.objects.filter(
        clinic=OuterRef("clinic"), study_uid=OuterRef("study_uid"), study__isnull=False
    )
    by_hand = Study.objects.filter(
        patient=OuterRef("booking__patient"), study_uid=OuterRef("study_uid")
    )
    steps = Step.objects.filter(
        ~Exists(came),
        ~Exists(by_hand),
        clinic__in=day.clinics,
        state=StepState.COMPLETED,
        booking__isnull=False,
        ended_at__lt=day.begins_at - TIME_TO_ARRIVE,
    ).exclude(booking__state=BookingState.FULFILLED)
    for step in steps.select_related("booking__slot", "booking__patient__clinic").order_by("pk"):
        assert step.booking and step.ended_at  # noqa: PT018
        on = step.ended_at.astimezone(step.booking.patient.clinic.zone).date()
        yield FallenThrough(
            Gap.NO_IMAGES,
            step.booking.patient,
            on,
            _("%(exam)s on %(day)s") % {"exam": step.booking.slot.exam_name, "day": long_date(on)},
            Act.RECORD_STUDY,
            "patient",
        )
