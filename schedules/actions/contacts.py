"""Attempts to reach a patient about a slot."""

from datetime import date, datetime
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.locks import lock_alive
from schedules.actions.slots import check_to_be_done
from schedules.models import Contact, ContactOutcome, Slot
from schedules.rules.contacts import latest_snooze
from schedules.rules.months import long_date
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def record_contact(
    *,
    slot: Slot,
    outcome: ContactOutcome,
    by: User,
    note: str = "",
    snooze_until: date | None = None,
    public_id: UUID | None = None,
    at: datetime | None = None,
) -> Contact:
    """Record that somebody tried to reach the patient, and what came of it.

    With `snooze_until` the slot leaves the list of what is to be booked until that day. Told again
    with the same `public_id`, it is the same call.

    Raises:
        ValidationError: nothing is left to book, a refusal lacks the patient's words, or the day
            is not to come or later than `latest_snooze`.
    """
    patient = lock_alive(slot.patient)
    slot.refresh_from_db()
    check_to_be_done(slot)
    if public_id and (known := slot.contacts.filter(public_id=public_id).first()):
        return known
    if outcome == ContactOutcome.REFUSED and not note.strip():
        raise ValidationError(
            {"note": _("Say why, in the patient’s words: a clinician must decide.")}
        )
    at = at or timezone.now()
    if snooze_until:
        _check_snooze(slot, snooze_until, patient.clinic.today(at))
    contact = Contact.objects.create(
        public_id=public_id or uuid4(),
        slot=slot,
        outcome=outcome,
        note=note.strip(),
        snoozed_until=snooze_until,
        by=by,
        at=at,
    )
    record(
        act="contact.recorded",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        slot=slot.public_id,
        outcome=outcome,
        snoozed_until=snooze_until,
        note=contact.note,
    )
    return contact


def _check_snooze(slot: Slot, until: date, today: date) -> None:
    if until <= today:
        raise ValidationError({"snooze_until": _("Choose a day that is still to come.")})
    last = latest_snooze(slot, today)
    if until > last:
        if today > slot.latest_on:
            why = _(
                "No later than that: this exam is late already: %(day)s is the last day to be "
                "reminded on."
            )
        else:
            why = _("No later than that: after %(day)s this exam is late.")
        raise ValidationError({"snooze_until": why % {"day": long_date(last)}})
