"""A patient's story in one line of time: history, studies, slots, appointments, reviews."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from imaging.judging import evidence_of
from imaging.wording import evidence_in_words
from patients.models import Clinic, Finding, Patient, Treatment
from schedules.explanations import explain
from schedules.history import in_words
from schedules.models import BookingState, Correction, Schedule, Slot, Study
from schedules.rules.outcome import Outcome
from schedules.rules.protocol import region_name
from schedules.rules.windows import WindowStatus, days_late, window_status
from schedules.rules.wording import listed, long_date
from schedules.worklists import close_exam

_NOT_TO_COME = (Outcome.SUPERSEDED, Outcome.WITHDRAWN)


class Tone(StrEnum):
    """What a status asks of whoever reads it; pages colour it by this."""

    LATE = "late"
    DUE = "due"
    DONE = "done"
    NONE = ""


_OF_OUTCOME = {Outcome.SATISFIED: Tone.DONE}
_OF_BOOKING = {BookingState.FULFILLED: Tone.DONE, BookingState.NO_SHOW: Tone.LATE}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened or is due."""

    on: date | None
    sort: str  # the same in every language: pages colour the entry by it
    kind: str
    title: str
    detail: str = ""
    status: str = ""
    tone: Tone = Tone.NONE
    why: str = ""
    slot: Slot | None = None  # where there is still something to do
    study: Study | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What lies ahead, the next first, and what lies behind, the latest first."""

    ahead: list[Entry]
    behind: list[Entry]


def timeline(patient: Patient, schedules: Iterable[Schedule], on: date) -> Timeline:
    """Tell the patient's story as it stands on the day `on`; what has no date stands last."""
    entries = [*_history(patient), *_studies(patient)]
    for schedule in schedules:
        entries += [*_slots(schedule, on), *_appointments(schedule), *_end(schedule)]
    entries.sort(key=lambda entry: entry.on or date.min)
    return Timeline(
        ahead=[entry for entry in entries if entry.on and entry.on > on],
        behind=[entry for entry in reversed(entries) if not entry.on or entry.on <= on],
    )


def _history(patient: Patient) -> Iterator[Entry]:
    for tumour in patient.tumours.all():
        if tumour.diagnosed_on:
            yield Entry(tumour.diagnosed_on, "diagnosis", _("Diagnosis"), str(tumour))
        for treatment in tumour.treatments.all():
            yield Entry(
                treatment.on,
                treatment.kind,
                treatment.get_kind_display(),
                str(treatment),
                _treatment_detail(treatment),
            )
        for finding in tumour.findings.all():
            yield Entry(
                finding.found_on,
                "finding",
                _("Finding"),
                str(finding),
                _("Found by %(found_by)s") % {"found_by": finding.found_by},
            )
    withdrawn = Finding.all_ever.filter(tumour__patient=patient, withdrawn_at__isnull=False)
    for finding in withdrawn.select_related("withdrawn_by"):
        yield Entry(
            finding.found_on,
            "withdrawn",
            _("Finding"),
            str(finding),
            _("withdrawn by %(name)s: %(reason)s")
            % {"name": finding.withdrawn_by, "reason": finding.withdrawn_because},
            status=_("Withdrawn"),
        )


def _treatment_detail(treatment: Treatment) -> str:
    return _joined(
        treatment.get_intent_display() if treatment.intent else "",
        _("margin %(margin)s") % {"margin": treatment.margin} if treatment.margin else "",
        listed(treatment.drugs),
        ngettext("%(count)s cycle", "%(count)s cycles", treatment.cycles)
        % {"count": treatment.cycles}
        if treatment.cycles
        else "",
        treatment.note,
    )


def _studies(patient: Patient) -> Iterator[Entry]:
    withdrawn = Study.all_ever.filter(patient=patient, withdrawn_at__isnull=False)
    for study in withdrawn.select_related("withdrawn_by"):
        yield Entry(
            study.performed_on,
            "withdrawn",
            _("Study"),
            in_words(study),
            _("withdrawn by %(name)s: %(reason)s")
            % {"name": study.withdrawn_by, "reason": study.withdrawn_because},
            status=_("Withdrawn"),
        )
    for study in patient.studies.all():
        counts_for = listed(
            _("no. %(n)s, month %(month)s") % {"n": slot.n, "month": slot.month}
            for slot in study.slots.all()
        )
        result = getattr(study, "result", None)
        yield Entry(
            study.performed_on,
            "study",
            _("Study"),
            in_words(study),
            _joined(
                str(result) if result else _("Not reported yet"),
                result.comment if result else "",
                *(map(_corrected, result.corrections.all()) if result else ()),
                study.description,
                _filed(study, patient.clinic),
                _("counts for slot %(slots)s") % {"slots": counts_for}
                if counts_for
                else _off_schedule(study),
            ),
            study=study,
        )


def _filed(study: Study, clinic: Clinic) -> str:
    """Say how it was known whose a received study is, and what its regions rest on."""
    received = getattr(study, "received", None)
    if received is None:
        return ""
    return _("filed from images by %(name)s, known by %(way)s; %(evidence)s") % {
        "name": received.filed_by or _("the program"),
        "way": received.get_way_display(),
        "evidence": listed(evidence_in_words(evidence_of(received, clinic))),
    }


def _corrected(correction: Correction) -> str:
    return _("corrected from “%(said)s” by %(name)s: %(reason)s") % {
        "said": correction,
        "name": correction.by,
        "reason": correction.reason,
    }


def _off_schedule(study: Study) -> str:
    if not study.kept_by:
        return _("off schedule")
    return _("off schedule: %(reason)s, %(by)s") % {
        "reason": study.kept_because,
        "by": study.kept_by,
    }


def _slots(schedule: Schedule, on: date) -> Iterator[Entry]:
    for slot in schedule.slots.all():
        if slot.outcome in _NOT_TO_COME:
            continue
        to_be_done = slot.outcome in Slot.TO_BE_DONE
        status, tone = (
            _window(slot, on)
            if to_be_done
            else (slot.get_outcome_display(), _OF_OUTCOME.get(Outcome(slot.outcome), Tone.NONE))
        )
        yield Entry(
            slot.due_on,
            "slot",
            _("Slot"),
            _("%(exam)s no. %(n)s, month %(month)s")
            % {"exam": slot.exam_name, "n": slot.n, "month": slot.month},
            _joined(
                _("still missing: %(regions)s")
                % {"regions": listed(map(region_name, slot.missing))}
                if _is_partial(slot)
                else "",
                _("close to an exam on %(day)s") % {"day": long_date(near.performed_on)}
                if to_be_done and (near := close_exam(slot))
                else "",
                slot.why,
            ),
            status=status,
            tone=tone,
            why=explain(slot, schedule).sentence,
            slot=slot if to_be_done and on >= slot.earliest_on else None,
        )


def _is_partial(slot: Slot) -> bool:
    return slot.outcome == Outcome.PARTIALLY_SATISFIED


def _window(slot: Slot, on: date) -> tuple[str, Tone]:
    """Return where the day stands in a slot's window, and what that asks."""
    status = window_status(slot, on)
    if status == WindowStatus.OVERDUE:
        late = days_late(slot, on)
        words = ngettext("Overdue by %(days)s day", "Overdue by %(days)s days", late)
        return words % {"days": late}, Tone.LATE
    return {
        WindowStatus.UPCOMING: (_("Upcoming"), Tone.NONE),
        WindowStatus.DUE: (_("Due"), Tone.DUE),
        WindowStatus.LAPSED: (_("Lapsed"), Tone.LATE),
    }[status]


def _appointments(schedule: Schedule) -> Iterator[Entry]:
    """The appointments of a schedule, the calls about them, and what clinicians decided."""
    zone = schedule.tumour.patient.clinic.zone
    for slot in schedule.slots.all():
        for booking in slot.bookings.all():
            starts_at = booking.starts_at.astimezone(zone)
            yield Entry(
                starts_at.date(),
                "appointment",
                _("Appointment"),
                _("%(time)s at %(scanner)s for slot no. %(n)s")
                % {
                    "time": date_format(starts_at, "TIME_FORMAT"),
                    "scanner": booking.scanner,
                    "n": slot.n,
                },
                booking.outside_window_reason
                and _("Outside the window: %(reason)s") % {"reason": booking.outside_window_reason},
                status=booking.get_state_display(),
                tone=_OF_BOOKING.get(BookingState(booking.state), Tone.NONE),
            )
        for contact in slot.contacts.all():
            yield Entry(
                contact.at.astimezone(zone).date(),
                "call",
                _("Call"),
                _("%(what)s (slot no. %(n)s)") % {"what": contact, "n": slot.n},
                _joined(
                    contact.note,
                    _("put off until %(day)s") % {"day": long_date(contact.snoozed_until)}
                    if contact.snoozed_until
                    else "",
                    _("by %(name)s") % {"name": contact.by},
                ),
            )
        for review in slot.reviews.all():
            yield Entry(
                review.at.astimezone(zone).date(),
                "review",
                _("Review"),
                _("%(what)s (slot no. %(n)s)")
                % {"what": review.get_decision_display(), "n": slot.n},
                _joined(
                    _("until %(day)s") % {"day": long_date(review.until)} if review.until else "",
                    review.reason,
                    _("by %(name)s") % {"name": review.by},
                ),
            )


def _end(schedule: Schedule) -> Iterator[Entry]:
    """One entry for all the slots that a re-baseline or a termination made needless."""
    ended = [slot for slot in schedule.slots.all() if slot.outcome in _NOT_TO_COME]
    if schedule.ended_at and ended:
        yield Entry(
            schedule.ended_at.astimezone(schedule.tumour.patient.clinic.zone).date(),
            "schedule",
            _("Schedule"),
            ngettext("%(count)s slot %(outcome)s", "%(count)s slots %(outcome)s", len(ended))
            % {"count": len(ended), "outcome": ended[0].get_outcome_display().lower()},
            schedule.why,
            status=schedule.get_state_display(),
        )


def _joined(*parts: str) -> str:
    return _("; ").join(part for part in parts if part)
