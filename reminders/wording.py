"""Notices, and what became of them, in words for pages."""

from django.utils.text import capfirst

from reminders.models import Audience, Line, Notice, Rule
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


def why_withdrawn(line: Line) -> str:
    """Return why a line that was withdrawn is not told."""
    hold = line.message and line.message.hold
    if hold and hold.decided_by and not hold.released:
        return f"{hold.decided_by} kept it back"
    return line.notice.end_reason or "no longer true"


def when_in_words(rule: Rule) -> str:
    """Return on which day a rule speaks, such as “6 days before the window opens”."""
    days = abs(rule.days)
    side = "before" if rule.days < 0 else "after"
    on = {
        "opens": "on the day the window opens",
        "appointment": "on the day of the appointment",
        "result": "on the day the result was recorded",
    }
    if not days:
        return capfirst(on.get(rule.relative_to, f"on {rule.get_relative_to_display()}"))
    return f"{days} day{'s' if days != 1 else ''} {side} {rule.get_relative_to_display()}"


def how_in_words(rule: Rule) -> str:
    """Return by which way and at which hours a rule speaks."""
    to_patient = rule.audience == Audience.PATIENT
    if not rule.by_mail and not to_patient:
        return "In the inbox alone"
    way = "As the patient chose" if to_patient else "By mail"
    if rule.digest:
        return f"{way}, on the next working morning{'' if to_patient else ', gathered'}"
    return f"{way}, at once, {'at any hour' if rule.any_hour else 'while the clinic is open'}"
