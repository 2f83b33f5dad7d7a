"""Notices and messages, and what became of them, in words for pages."""

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from patients.models import Clinic
from reminders.models import Audience, Line, Notice, RelativeTo, Rule
from schedules.history import in_words
from schedules.models import Booking
from schedules.rules.wording import long_date


def subject_in_words(notice: Notice) -> str:
    """Return the exam, appointment or result that a notice is of, with its date."""
    if notice.result:
        study = notice.result.study
        return _("%(study)s, %(day)s: %(result)s") % {
            "study": in_words(study),
            "day": long_date(study.performed_on),
            "result": notice.result,
        }
    if notice.booking:
        return appointment_in_words(notice.booking, notice.patient.clinic)
    assert notice.slot is not None  # held by a constraint
    return _("%(exam)s no. %(n)s, due %(day)s") % {
        "exam": notice.slot.exam_name,
        "n": notice.slot.n,
        "day": long_date(notice.slot.due_on),
    }


def appointment_in_words(booking: Booking, clinic: Clinic) -> str:
    """Return the exam that is booked, with the day on the clinic's calendar."""
    return _("%(exam)s no. %(n)s, appointment of %(day)s") % {
        "exam": booking.slot.exam_name,
        "n": booking.slot.n,
        "day": long_date(booking.starts_at.astimezone(clinic.zone).date()),
    }


def why_withdrawn(line: Line) -> str:
    """Return why a line that was withdrawn is not told."""
    hold = line.message and line.message.hold
    if hold and hold.decided_by and not hold.released:
        return _("%(name)s kept it back") % {"name": hold.decided_by}
    return line.notice.why_ended or _("no longer true")


def when_in_words(rule: Rule) -> str:
    """Return on which day a rule speaks, such as “6 days before the window opens”."""
    on_the_day = {
        RelativeTo.OPENS: _("On the day the window opens"),
        RelativeTo.APPOINTMENT: _("On the day of the appointment"),
        RelativeTo.RESULT: _("On the day the result was recorded"),
    }
    if rule.days == 0 and rule.relative_to in on_the_day:
        return on_the_day[RelativeTo(rule.relative_to)]
    return capfirst(rule.when)


def how_in_words(rule: Rule) -> str:
    """Return by which way and at which hours a rule speaks."""
    to_patient = rule.audience == Audience.PATIENT
    if not rule.by_mail and not to_patient:
        return _("In the inbox alone")
    if rule.digest:
        return (
            _("As the patient chose, on the next working morning")
            if to_patient
            else _("By mail, on the next working morning, gathered")
        )
    if rule.any_hour:
        return (
            _("As the patient chose, at once, at any hour")
            if to_patient
            else _("By mail, at once, at any hour")
        )
    return (
        _("As the patient chose, at once, while the clinic is open")
        if to_patient
        else _("By mail, at once, while the clinic is open")
    )
