"""What scanners say that they are doing, and what that means for the appointment.

A step is kept whatever it says. It moves an appointment only if the order and the patient that it
names are those of one: the time at which somebody was scanned is not to be somebody else's.
"""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from imaging.models import Received, Step, StepState
from patients.models import Clinic
from schedules.actions import break_off, move_booking
from schedules.models import Booking, BookingState
from surveillance.audit.actions import record


class Repeated(Exception):
    """A step of that UID is known already."""


class Over(Exception):
    """The step has ended, and nothing that is said of it can change that."""


@dataclass(frozen=True, slots=True)
class Performed:
    """What a scanner says when it begins."""

    sop_uid: str
    study_uid: str
    accession: str
    patient_id: str
    issuer: str
    station: str


@transaction.atomic
def begin_step(
    *, clinic: Clinic, performed: Performed, by: str, at: datetime | None = None
) -> Step:
    """Keep that a step began; the patient of its appointment has arrived.

    Raises:
        Repeated: it is known already.
    """
    at = at or timezone.now()
    booking, said = _meant(clinic, performed)
    if booking and booking.state == BookingState.BOOKED:
        said = _moved(booking, by, at)
    step = Step(
        clinic=clinic,
        sop_uid=performed.sop_uid,
        state=StepState.IN_PROGRESS,
        booking=booking,
        study_uid=performed.study_uid,
        accession=performed.accession,
        station=performed.station,
        said=said[:300],
        began_at=at,
    )
    try:
        with transaction.atomic():
            step.save(force_insert=True)
    except IntegrityError as error:
        raise Repeated from error
    _record("step.began", step, by)
    return step


@transaction.atomic
def end_step(
    *, step: Step, completed: bool, by: str, because: str = "", at: datetime | None = None
) -> None:
    """Keep how a step ended.

    Completed, its images are there: the study is judged at once, and what it covered is left to
    them. Broken off, the appointment is given back, unless another step of it went on.

    Raises:
        Over: it has ended before.
    """
    at = at or timezone.now()
    step = (
        Step.objects.select_for_update(of=("self",))
        .select_related("booking", "clinic")
        .get(pk=step.pk)
    )
    if step.state != StepState.IN_PROGRESS:
        raise Over
    step.state = StepState.COMPLETED if completed else StepState.DISCONTINUED
    step.ended_at = at
    step.said = because[:300] or step.said
    step.save(update_fields=["state", "ended_at", "said"])
    _record("step.completed" if completed else "step.broken_off", step, by, because=because)
    if completed:
        # One that is filed already and has grown is settled when it is quiet, as it is judged.
        Received.objects.filter(
            clinic=step.clinic, study_uid=step.study_uid, settled_at=None, study=None
        ).update(settled_at=at)
    elif step.booking and step.booking.is_active and not _went_on(step.booking):
        break_off(booking=step.booking, because=because or _("No reason was given."), by=by)


def _meant(clinic: Clinic, performed: Performed) -> tuple[Booking | None, str]:
    """Return the appointment that a step is of; or none, and why, if one was named."""
    named = Q(study_uid=performed.study_uid)
    if performed.accession:
        named |= Q(accession=performed.accession)
    bookings = list(
        Booking.objects.filter(named, patient__clinic=clinic).select_related("patient")[:2]
    )
    if not bookings:
        return None, ""
    if len(bookings) > 1:
        return None, _("Its study and its accession number are of two appointments.")
    [booking] = bookings
    whose = booking.patient
    if performed.accession not in ("", booking.accession):
        return None, _("Its accession number is not the one of the appointment.")
    if performed.patient_id != whose.mrn or performed.issuer not in ("", whose.mrn_issuer):
        return None, _("It names another patient than the appointment.")
    return booking, ""


def _moved(booking: Booking, by: str, at: datetime) -> str:
    """Let the patient have arrived; return why not, if so."""
    try:
        move_booking(booking=booking, to=BookingState.ARRIVED, by=by, at=at)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _went_on(booking: Booking) -> bool:
    return booking.dicom_steps.exclude(state=StepState.DISCONTINUED).exists()


def _record(act: str, step: Step, by: str, **detail: str) -> None:
    record(
        act=act,
        by=by,
        clinic_code=step.clinic.code,
        patient=step.booking.patient if step.booking else None,
        step=step.sop_uid,
        study_uid=step.study_uid,
        said=step.said,
        **detail,
    )
