"""The facts of one patient's follow-up, as the picture and the table beneath it tell them."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from patients.models import Patient, Treatment
from schedules.models import (
    Booking,
    BookingState,
    Result,
    ResultOutcome,
    Schedule,
    ScheduleState,
    Slot,
    Study,
    Suspension,
)
from schedules.pictures.facts import (
    DAY,
    Appointed,
    Appointment,
    Event,
    Fate,
    FollowUp,
    Happened,
    Rest,
    Scan,
    Series,
    Shown,
    Window,
)
from schedules.rules.outcome import Outcome
from schedules.rules.protocol import exam_name, region_name
from schedules.rules.windows import WindowStatus, window_status
from schedules.rules.wording import listed, long_date

_OF_OUTCOME = {
    Outcome.SATISFIED: Fate.DONE,
    Outcome.SKIPPED: Fate.SKIPPED,
    Outcome.SUPERSEDED: Fate.SUPERSEDED,
    Outcome.WITHDRAWN: Fate.WITHDRAWN,
}
_OF_STATUS = {
    WindowStatus.UPCOMING: Fate.TO_COME,
    WindowStatus.DUE: Fate.DUE,
    WindowStatus.OVERDUE: Fate.OVERDUE,
    WindowStatus.LAPSED: Fate.LAPSED,
}
_OF_BOOKING = {
    BookingState.BOOKED: Appointed.BOOKED,
    BookingState.ARRIVED: Appointed.ARRIVED,
    BookingState.FULFILLED: Appointed.FULFILLED,
    BookingState.CANCELLED: Appointed.CANCELLED,
    BookingState.NO_SHOW: Appointed.NO_SHOW,
}
_OF_RESULT = {
    ResultOutcome.NO_DISEASE: Shown.NO_DISEASE,
    ResultOutcome.NEW_LESION: Shown.NEW_LESION,
    ResultOutcome.INDETERMINATE: Shown.INDETERMINATE,
    ResultOutcome.INADEQUATE: Shown.INADEQUATE,
}


def follow_up(patient: Patient, schedules: Iterable[Schedule], on: date) -> FollowUp:
    """Return what there is to draw on the day `on`; reads what the patient's page has fetched."""
    schedules = list(schedules)
    return FollowUp(
        today=on,
        events=list(_events(patient)),
        series=[one for schedule in schedules for one in _series(schedule, on)],
        appointments=[one for schedule in schedules for one in _appointments(schedule)],
        scans=[_scan(study) for study in patient.studies.all()],
    )


def _events(patient: Patient) -> Iterator[Event]:
    for tumour in patient.tumours.all():
        if tumour.diagnosed_on:
            yield Event(Happened.DIAGNOSIS, tumour.diagnosed_on, str(tumour))
        for treatment in tumour.treatments.all():
            is_operation = treatment.kind in Treatment.OPERATIONS
            kind = Happened.OPERATION if is_operation else Happened.OTHER_TREATMENT
            words, detail = _treatment(treatment)
            yield Event(kind, treatment.on, words, detail)
        for finding in tumour.findings.all():
            by = finding.found_by and _("found by %(found_by)s") % {"found_by": finding.found_by}
            yield Event(Happened.FINDING, finding.found_on, str(finding), by)


def _treatment(treatment: Treatment) -> tuple[str, str]:
    """Return what a treatment is called in the picture, and what only its sentence adds."""
    drugs = listed(treatment.drugs)
    name = treatment.description or drugs or treatment.get_kind_display()
    detail = [
        treatment.get_kind_display() if name != treatment.get_kind_display() else "",
        treatment.get_intent_display().lower() if treatment.intent else "",
        _("margin %(margin)s") % {"margin": treatment.margin} if treatment.margin else "",
        drugs if name != drugs else "",
        ngettext("%(count)s cycle", "%(count)s cycles", treatment.cycles)
        % {"count": treatment.cycles}
        if treatment.cycles
        else "",
        treatment.note,
    ]
    return name, _("; ").join(part for part in detail if part)


def _series(schedule: Schedule, on: date) -> Iterator[Series]:
    ended = ""
    ended_on = None
    if schedule.ended_at:
        ended_on = schedule.ended_at.astimezone(schedule.tumour.patient.clinic.zone).date()
        ended = schedule.get_state_display()
        if schedule.why:
            told = {"state": ended, "reason": schedule.why}
            ended = _("%(state)s: %(reason)s") % told
    slots = sorted(schedule.slots.all(), key=lambda slot: (slot.exam, slot.n))
    for exam, of_exam in groupby(slots, key=lambda slot: slot.exam):
        yield Series(
            title=_("%(exam)s, month 0 on %(day)s")
            % {"exam": exam_name(exam), "day": long_date(schedule.anchor_on)},
            windows=[_window(slot, on) for slot in of_exam],
            rests=[_rest(one, on) for one in schedule.suspensions.all()],
            ended_on=ended_on,
            ended=ended,
            is_superseded=schedule.state == ScheduleState.SUPERSEDED,
        )


def _window(slot: Slot, on: date) -> Window:
    fate = _OF_OUTCOME.get(Outcome(slot.outcome)) or _OF_STATUS[window_status(slot, on)]
    is_partly = slot.outcome == Outcome.PARTIALLY_SATISFIED
    words = [
        _place(slot),
        _("still missing: %(regions)s") % {"regions": listed(map(region_name, slot.missing))}
        if is_partly
        else "",
        slot.why,
    ]
    return Window(
        slot.n,
        slot.earliest_on,
        slot.due_on,
        slot.latest_on,
        slot.lapses_on,
        fate,
        is_partly,
        _("; ").join(part for part in words if part),
    )


def _place(slot: Slot) -> str:
    """Return how far after the anchor a slot is due."""
    if not slot.weeks:
        return _("month %(month)s") % {"month": slot.month}
    return ngettext(
        "month %(month)s + %(weeks)s week", "month %(month)s + %(weeks)s weeks", slot.weeks
    ) % {"month": slot.month, "weeks": slot.weeks}


def _rest(suspension: Suspension, on: date) -> Rest:
    """Return the time of a suspension; one that nobody looked at in time lasts until today."""
    words = _("Suspended: %(reason)s") % {"reason": suspension.reason}
    if suspension.ended_on:
        # Ended on the day that it began: it is drawn as that day.
        until = max(suspension.ended_on, suspension.from_on + DAY)
        return Rest(suspension.from_on, until, words)
    return Rest(suspension.from_on, max(suspension.review_on, on), words, is_over=False)


def _appointments(schedule: Schedule) -> Iterator[Appointment]:
    zone = schedule.tumour.patient.clinic.zone
    for slot in schedule.slots.all():
        for booking in slot.bookings.all():
            yield _appointment(booking, slot, zone)


def _appointment(booking: Booking, slot: Slot, zone: ZoneInfo) -> Appointment:
    starts_at = booking.starts_at.astimezone(zone)
    words = _("%(time)s at %(scanner)s for no. %(n)s of %(exam)s") % {
        "time": date_format(starts_at, "TIME_FORMAT"),
        "scanner": booking.scanner,
        "n": slot.n,
        "exam": slot.exam_name,
    }
    if booking.outside_window_reason:
        told = {"appointment": words, "reason": booking.outside_window_reason}
        words = _("%(appointment)s; outside the window: %(reason)s") % told
    return Appointment(_OF_BOOKING[BookingState(booking.state)], starts_at.date(), words)


def _scan(study: Study) -> Scan:
    result: Result | None = getattr(study, "result", None)
    shown = _OF_RESULT[ResultOutcome(result.outcome)] if result else Shown.NOT_REPORTED
    sites = result.sites_in_words if result else ""
    return Scan(shown, study.performed_on, tuple(study.regions), study.modality, sites)
