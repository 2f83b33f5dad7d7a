"""What was said of one patient, to whom, and what became of it: for the patient's page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.models import Clinic, Patient
from reminders.models import Line, MessageState, Notice
from reminders.queries import notices_of
from reminders.wording import subject_in_words
from schedules.rules.wording import long_date


@dataclass(frozen=True, slots=True)
class Said:
    """One notice in words."""

    notice: Notice
    of: str
    went: Sequence[str]  # what became of its messages, each once
    ended: str
    is_to_be_answered: bool  # the latest alert of its exam or result that nobody has in hand


def said_of(patient: Patient) -> list[Said]:
    """Return what was said of a patient, the latest first, in a constant number of queries."""
    notices = (
        notices_of([patient.clinic])
        .filter(patient=patient)
        .select_related("acknowledged_by")
        .prefetch_related(
            Prefetch(
                "lines", Line.objects.select_related("message__hold__decided_by").order_by("pk")
            )
        )
    )
    told, answered = [], set()
    for notice in notices:
        thing = (notice.slot_id, notice.result_id)
        is_to_be_answered = notice.is_alert and not notice.ended_at and thing not in answered
        if is_to_be_answered:
            answered.add(thing)
        told.append(
            Said(
                notice=notice,
                of=subject_in_words(notice),
                went=_went(notice, patient.clinic),
                ended=_ended(notice, patient.clinic),
                is_to_be_answered=is_to_be_answered,
            )
        )
    return told


def _went(notice: Notice, clinic: Clinic) -> list[str]:
    lines = Counter(_line(line, clinic) for line in notice.lines.all())
    if not lines:
        return [_("In the inbox alone")]
    return [
        ngettext("%(words)s (to %(count)s address)", "%(words)s (to %(count)s addresses)", count)
        % {"words": words, "count": count}
        if count > 1
        else words
        for words, count in lines.items()
    ]


def _line(line: Line, clinic: Clinic) -> str:
    message = line.message
    if line.withdrawn_at:
        hold = message and message.hold
        kept_back = hold and hold.decided_by and not hold.released
        if hold and kept_back:
            return _("Kept back by %(name)s") % {"name": hold.decided_by}
        return _("Not sent")
    if message is None:
        return _("Waits until %(at)s") % {"at": _moment(line.deliver_at, clinic)}
    if message.state == MessageState.SENT and message.sent_at:
        return _("Sent %(at)s") % {"at": _moment(message.sent_at, clinic)}
    if message.state == MessageState.FAILED:
        return _("Failed: %(error)s") % {"error": message.trouble}
    if message.state == MessageState.HELD:
        return _("Held until an administrator decides")
    return _("Waits to be sent")


def _moment(at: datetime, clinic: Clinic) -> str:
    return date_format(timezone.localtime(at, clinic.zone), "DATETIME_FORMAT")


def _ended(notice: Notice, clinic: Clinic) -> str:
    if not notice.ended_at:
        return ""
    on = long_date(timezone.localdate(notice.ended_at, clinic.zone))
    if notice.acknowledged_by:
        told = {"name": notice.acknowledged_by, "day": on}
        return _("Taken in hand by %(name)s, %(day)s") % told
    return _("Over since %(day)s: %(why)s") % {"day": on, "why": notice.why_ended}
