"""Taking back what the same person has done just now, as long as nothing has come of it.

Only what is whole again without it is taken back so: an appointment, what became of one, a call,
a decision that ends nothing, a review of a result, a study kept off schedule. The audit keeps both,
the act and that it was taken back.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.locks import lock, lock_alive
from schedules.actions.bookings import (
    check_free,
    check_unbooked,
    in_window,
    lock_scanner,
    move_booking,
    record_booking,
    who_changed,
)
from schedules.actions.slots import check_to_be_done
from schedules.models import Booking, BookingState, Contact, Decision, Result, Review, Study
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import last_event

UNDO_WITHIN = timedelta(minutes=10)
# What has changed nothing but where the exam stands on the lists.
UNDOABLE = (Decision.CHASE, Decision.REBOOK, Decision.DEFER)


@transaction.atomic
def undo_booking(*, booking: Booking, by: User, at: datetime | None = None) -> None:
    """Cancel an appointment that the same person has booked just now.

    An appointment that it replaced stays cancelled: its time may be somebody else's by now.

    Raises:
        ValidationError: somebody else booked it, it was longer ago than `UNDO_WITHIN`, or the
            patient has come, or it was cancelled meanwhile.
    """
    lock(booking.slot.patient)
    booking.refresh_from_db()
    if booking.booked_by_id != by.pk:
        raise _of_another(str(booking.booked_by))
    at = at or timezone.now()
    if booking.booked_at < at - UNDO_WITHIN:
        raise ValidationError(
            _("This was booked too long ago to be undone: cancel it on the page Booked.")
        )
    if booking.state != BookingState.BOOKED:
        raise ValidationError(
            _("This appointment is %(state)s by now (%(person)s): it cannot be taken back.")
            % {"state": booking.get_state_display().lower(), "person": who_changed(booking)}
        )
    move_booking(booking=booking, to=BookingState.CANCELLED, by=by, at=at)


@transaction.atomic
def undo_outcome(*, booking: Booking, by: User, at: datetime | None = None) -> None:
    """Let an appointment stand as it did before the same person said what became of it.

    Raises:
        ValidationError: somebody else said so, it was longer ago than `UNDO_WITHIN`, more has
            become of it since, the exam is booked anew, done, or moved by its plan, the time is
            somebody else's by now, or the patient has died.
    """
    patient = lock_alive(booking.slot.patient)
    booking.refresh_from_db()
    said = last_event(
        f"booking.{booking.state}",
        clinic_code=patient.clinic_code,
        patient=patient,
        booking=booking.public_id,
    )
    is_replaced = Booking.objects.filter(replaces=booking).exists()  # cancelled by that, then
    if said is None or "before" not in said.detail or is_replaced:
        raise ValidationError(_("Nobody has just said what became of this appointment."))
    if said.by_id != by.public_id:
        raise _of_another(said.by_name)
    _check_recent(said.at, at)
    check_to_be_done(booking.slot)
    check_unbooked(booking)
    lock_scanner(booking)
    check_free(booking)
    if not in_window(booking) and not booking.outside_window_reason:
        raise ValidationError(_("The plan has moved this exam meanwhile: book it anew."))
    before, booking.state = booking.state, BookingState(said.detail["before"])
    booking.save(update_fields=["state"])
    record_booking(
        "booking.outcome_undone", booking, by, before=before, after=booking.state, undone=said.act
    )


@transaction.atomic
def undo_contact(*, contact: Contact, by: User, at: datetime | None = None) -> None:
    """Take back a call that the same person has recorded just now, and the snooze with it.

    Raises:
        ValidationError: somebody else recorded it, or it was longer ago than `UNDO_WITHIN`.
    """
    patient = lock(contact.slot.patient)
    _check_there(contact)
    _check_own(contact.by, contact.at, by, at)
    record(
        act="contact.undone",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        slot=contact.slot.public_id,
        outcome=contact.outcome,
        snoozed_until=contact.snoozed_until,
        note=contact.note,
    )
    contact.delete()


@transaction.atomic
def undo_review(*, review: Review, by: User, at: datetime | None = None) -> None:
    """Take back a decision that the same person has made just now; the one before it holds again.

    Raises:
        ValidationError: somebody else made it, it was longer ago than `UNDO_WITHIN`, another was
            made since, or it skipped the exam or ended the follow-up.
    """
    patient = lock(review.slot.patient)
    _check_there(review)
    _check_own(review.by, review.at, by, at)
    if review.decision not in UNDOABLE:
        raise ValidationError(_("What has ended an exam or a follow-up cannot be undone here."))
    last = review.slot.reviews.select_related("by").latest("id")
    if last != review:
        raise ValidationError(_("%(person)s has decided meanwhile.") % {"person": last.by})
    record(
        act="review.undone",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        slot=review.slot.public_id,
        decision=review.decision,
        until=review.until,
        reason=review.reason,
    )
    review.delete()


@transaction.atomic
def undo_result_review(*, result: Result, by: User, at: datetime | None = None) -> None:
    """Let a result that the same person has reviewed just now wait for a review again.

    Raises:
        ValidationError: somebody else reviewed it, it was longer ago than `UNDO_WITHIN`, or it
            waits for a review already.
    """
    patient = lock(result.study.patient)
    result.refresh_from_db()
    if result.reviewed_by is None or result.reviewed_at is None:
        raise ValidationError(_("This result waits for a review already."))
    _check_own(result.reviewed_by, result.reviewed_at, by, at)
    result.reviewed_by = result.reviewed_at = None
    result.save(update_fields=["reviewed_by", "reviewed_at"])
    record(
        act="result.review_undone",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=result.study.public_id,
    )


@transaction.atomic
def undo_keep_off_schedule(*, study: Study, by: User, at: datetime | None = None) -> None:
    """Let a study that the same person has kept off schedule just now wait for a decision again.

    Raises:
        ValidationError: somebody else kept it off, or it was longer ago than `UNDO_WITHIN`.
    """
    patient = lock(study.patient)
    study.refresh_from_db()
    if study.kept_by is None or study.kept_at is None:
        raise ValidationError(_("This study is not kept off schedule."))
    _check_own(study.kept_by, study.kept_at, by, at)
    reason = study.kept_because
    study.kept_because, study.kept_by, study.kept_at = "", None, None
    study.save(update_fields=["kept_because", "kept_by", "kept_at"])
    record(
        act="study.keeping_undone",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        reason=reason,
    )


def _check_there(row: Contact | Review) -> None:
    if not type(row).objects.filter(pk=row.pk).exists():
        raise ValidationError(_("This has been taken back already."))


def _check_own(whose: User, when: datetime, by: User, at: datetime | None) -> None:
    if whose != by:
        raise _of_another(str(whose))
    _check_recent(when, at)


def _check_recent(when: datetime, at: datetime | None) -> None:
    if when < (at or timezone.now()) - UNDO_WITHIN:
        raise ValidationError(
            _("This is more than %(minutes)s minutes ago and cannot be undone any more.")
            % {"minutes": UNDO_WITHIN // timedelta(minutes=1)}
        )


def _of_another(person: str) -> ValidationError:
    return ValidationError(_("Only %(person)s can undo this.") % {"person": person})
