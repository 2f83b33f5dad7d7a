"""A patient's story in one line of time: history, studies, slots, appointments, reviews."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from patients.models import Patient, Treatment
from schedules.explanations import explain
from schedules.models import Schedule, Slot, Study
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.rules.windows import WindowStatus, days_late, window_status
from schedules.worklists import close_exam

_NOT_TO_COME = (Outcome.SUPERSEDED, Outcome.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened or is due."""

    on: date | None
    kind: str
    title: str
    detail: str = ""
    status: str = ""
    why: str = ""
    slot: Slot | None = None  # where there is still something to do
    unreported: Study | None = None


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
            yield Entry(tumour.diagnosed_on, "Diagnosis", str(tumour))
        for treatment in tumour.treatments.all():
            kind = treatment.get_kind_display()
            yield Entry(treatment.on, kind, str(treatment), _treatment_detail(treatment))
        for finding in tumour.findings.all():
            yield Entry(finding.found_on, "Finding", str(finding), f"Found by {finding.found_by}")


def _treatment_detail(treatment: Treatment) -> str:
    return _joined(
        treatment.get_intent_display() if treatment.intent else "",
        f"margin {treatment.margin}" if treatment.margin else "",
        ", ".join(treatment.drugs),
        f"{treatment.cycles} cycles" if treatment.cycles else "",
        treatment.note,
    )


def _studies(patient: Patient) -> Iterator[Entry]:
    for study in patient.studies.all():
        counts_for = ", ".join(f"no. {slot.n}, month {slot.month}" for slot in study.slots.all())
        result = getattr(study, "result", None)
        yield Entry(
            study.performed_on,
            "Study",
            f"{study.modality} of {' and '.join(study.regions)}",
            _joined(
                str(result) if result else "Not reported yet",
                result.comment if result else "",
                study.description,
                f"counts for slot {counts_for}" if counts_for else _off_schedule(study),
            ),
            unreported=None if result else study,
        )


def _off_schedule(study: Study) -> str:
    kept = f": {study.kept_because}, {study.kept_by}" if study.kept_by else ""
    return f"off schedule{kept}"


def _slots(schedule: Schedule, on: date) -> Iterator[Entry]:
    for slot in schedule.slots.all():
        if slot.outcome in _NOT_TO_COME:
            continue
        to_be_done = slot.outcome in Slot.TO_BE_DONE
        yield Entry(
            slot.due_on,
            "Slot",
            f"{slot.exam} no. {slot.n}, month {slot.month}",
            _joined(
                f"still missing: {', '.join(slot.missing)}" if _is_partial(slot) else "",
                f"close to an exam on {long_date(near.performed_on)}"
                if to_be_done and (near := close_exam(slot))
                else "",
                slot.outcome_reason,
            ),
            status=_window(slot, on) if to_be_done else slot.get_outcome_display(),
            why=explain(slot, schedule).sentence,
            slot=slot if to_be_done and on >= slot.earliest_on else None,
        )


def _is_partial(slot: Slot) -> bool:
    return slot.outcome == Outcome.PARTIALLY_SATISFIED


def _window(slot: Slot, on: date) -> str:
    status = window_status(slot, on)
    if status == WindowStatus.OVERDUE:
        return f"Overdue by {days_late(slot, on)} days"
    return status.capitalize()


def _appointments(schedule: Schedule) -> Iterator[Entry]:
    """The appointments of a schedule, the calls about them, and what clinicians decided."""
    zone = schedule.tumour.patient.clinic.zone
    for slot in schedule.slots.all():
        for booking in slot.bookings.all():
            starts_at = booking.starts_at.astimezone(zone)
            yield Entry(
                starts_at.date(),
                "Appointment",
                f"{starts_at:%H:%M} at {booking.scanner} for slot no. {slot.n}",
                booking.outside_window_reason
                and f"Outside the window: {booking.outside_window_reason}",
                status=booking.get_state_display(),
            )
        for contact in slot.contacts.all():
            yield Entry(
                contact.at.astimezone(zone).date(),
                "Call",
                f"{contact} (slot no. {slot.n})",
                _joined(
                    contact.note,
                    f"put off until {long_date(contact.snoozed_until)}"
                    if contact.snoozed_until
                    else "",
                    f"by {contact.by}",
                ),
            )
        for review in slot.reviews.all():
            yield Entry(
                review.at.astimezone(zone).date(),
                "Review",
                f"{review.get_decision_display()} (slot no. {slot.n})",
                _joined(
                    f"until {long_date(review.until)}" if review.until else "",
                    review.reason,
                    f"by {review.by}",
                ),
            )


def _end(schedule: Schedule) -> Iterator[Entry]:
    """One entry for all the slots that a re-baseline or a termination made needless."""
    ended = [slot for slot in schedule.slots.all() if slot.outcome in _NOT_TO_COME]
    if schedule.ended_at and ended:
        yield Entry(
            schedule.ended_at.astimezone(schedule.tumour.patient.clinic.zone).date(),
            "Schedule",
            f"{len(ended)} slots {ended[0].get_outcome_display().lower()}",
            schedule.state_reason,
            status=schedule.get_state_display(),
        )


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
