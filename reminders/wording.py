"""Notices in words for pages."""

from reminders.models import Notice
from schedules.rules.months import long_date


def subject_in_words(notice: Notice) -> str:
    """Return the exam, appointment or result that a notice is of, with its date."""
    if notice.result:
        study = notice.result.study
        what = f"{study.modality} of {' and '.join(study.regions)}"
        return f"{what}, {long_date(study.performed_on)}: {notice.result}"
    if notice.booking:
        starts_on = notice.booking.starts_at.astimezone(notice.patient.clinic.zone).date()
        slot = notice.booking.slot
        return f"{slot.exam} no. {slot.n}, appointment of {long_date(starts_on)}"
    assert notice.slot is not None  # held by a constraint
    return f"{notice.slot.exam} no. {notice.slot.n}, due {long_date(notice.slot.due_on)}"
