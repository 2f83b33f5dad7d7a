"""Why a study counts for no slot, in a sentence that a person can decide by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from schedules.models import Schedule, Slot, Study
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.rules.protocol import REGIONS
from schedules.rules.windows import takes


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One study that counts for no slot, and why."""

    study: Study
    why: str

    @property
    def covers(self) -> str:
        return _words(self.study.regions)


def unmatched_rows(studies: QuerySet[Study]) -> list[Unmatched]:
    """Return a row for each of the studies, in their order, in a constant number of queries."""
    schedules = "patient__tumours__schedules"
    return [
        Unmatched(study, why_unmatched(study, _slots_of(study)))
        for study in studies.prefetch_related(f"{schedules}__slots", f"{schedules}__suspensions")
    ]


def why_unmatched(study: Study, slots: Collection[Slot]) -> str:
    """Say which of the patient's slots is the nearest to the study, and why it does not count."""
    of_its_modality = [slot for slot in slots if slot.modality == study.modality]
    if not of_its_modality:
        return f"No exam of the plan asks for {study.modality}."
    of_its_kind = [slot for slot in of_its_modality if study.is_exam_of(slot)]
    if not of_its_kind:
        asked = {region for slot in of_its_modality for region in slot.regions}
        return f"It covers {_words(study.regions)}; the plan asks for {_words(asked)}."
    on = study.performed_on
    opening = min(
        (slot for slot in of_its_kind if slot.earliest_on > on and _is_live(slot.schedule)),
        key=lambda slot: slot.earliest_on,
        default=None,
    )
    opens = f"the nearest opens on {long_date(opening.earliest_on)}" if opening else ""
    taking = [slot for slot in of_its_kind if takes(slot, on)]
    if taking:
        # Of several series the one that is followed now, or else the last, is what people know.
        slot = max(taking, key=lambda slot: (_is_live(slot.schedule), slot.schedule_id))
        why = f"{slot.exam} no. {slot.n}, due on {long_date(slot.due_on)}, {_why_not(slot)}"
        return f"{why}; {opens}." if opens else f"{why}."
    closed = max((slot.lapses_on for slot in of_its_kind if slot.lapses_on < on), default=None)
    if closed and opens:
        return f"Between two windows: the last closed on {long_date(closed)}, {opens}."
    if closed:
        return f"After the last window, which closed on {long_date(closed)}."
    return "Before the first window of such an exam" + (f": {opens}." if opens else ".")


def _why_not(slot: Slot) -> str:
    """Say why a slot does not take an exam that falls in its window."""
    schedule = slot.schedule
    for suspension in schedule.suspensions.all():
        until = suspension.ended_on or date.max
        if slot.outcome == Outcome.WITHDRAWN and suspension.from_on <= slot.lapses_on < until:
            return f"lapsed while the follow-up was suspended: {suspension.reason}"
    if slot.outcome in (Outcome.SKIPPED, Outcome.SUPERSEDED):
        return f"was {slot.outcome}: {slot.outcome_reason}"
    if schedule.ended_at:
        ended_on = schedule.ended_at.astimezone(slot.patient.clinic.zone).date()
        return f"is closed: its series ended on {long_date(ended_on)} ({schedule.state_reason})"
    return f"is {slot.get_outcome_display().lower()}"


def _is_live(schedule: Schedule) -> bool:
    return schedule.state in Schedule.LIVE


def _slots_of(study: Study) -> list[Slot]:
    return [
        slot
        for tumour in study.patient.tumours.all()
        for schedule in tumour.schedules.all()
        for slot in schedule.slots.all()
    ]


def _words(regions: Collection[str]) -> str:
    *others, last = [region.replace("_", " ") for region in REGIONS if region in regions]
    return f"{', '.join(others)} and {last}" if others else last
