"""Why a study counts for no slot, in a sentence that a person can decide by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from schedules.models import Schedule, Slot, Study
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.rules.protocol import REGIONS, region_name
from schedules.rules.windows import takes
from schedules.rules.wording import both, listed


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
        Unmatched(study, why_unmatched(study, slots_of(study)))
        for study in studies.prefetch_related(f"{schedules}__slots", f"{schedules}__suspensions")
    ]


def why_unmatched(study: Study, slots: Collection[Slot]) -> str:
    """Say which of the patient's slots is the nearest to the study, and why it does not count."""
    of_its_modality = [slot for slot in slots if slot.modality == study.modality]
    if not of_its_modality:
        return _("No exam of the plan asks for %(modality)s.") % {"modality": study.modality}
    of_its_kind = [slot for slot in of_its_modality if study.is_exam_of(slot)]
    if not of_its_kind:
        asked = {region for slot in of_its_modality for region in slot.regions}
        return _("It covers %(covered)s; the plan asks for %(asked)s.") % {
            "covered": _words(study.regions),
            "asked": _words(asked),
        }
    on = study.performed_on
    opening = min(
        (slot for slot in of_its_kind if slot.earliest_on > on and _is_live(slot.schedule)),
        key=lambda slot: slot.earliest_on,
        default=None,
    )
    told = {"opens": long_date(opening.earliest_on)} if opening else {}
    taking = [slot for slot in of_its_kind if takes(slot, on)]
    if taking:
        # Of several series the one that is followed now, or else the last, is what people know.
        slot = max(taking, key=lambda slot: (_is_live(slot.schedule), slot.schedule_id))
        told["slot"] = _("%(exam)s no. %(n)s, due on %(day)s") % {
            "exam": slot.exam_name,
            "n": slot.n,
            "day": long_date(slot.due_on),
        }
        told["why"] = _why_not(slot)
        if opening:
            return _("%(slot)s, %(why)s; the nearest opens on %(opens)s.") % told
        return _("%(slot)s, %(why)s.") % told
    closed = max((slot.lapses_on for slot in of_its_kind if slot.lapses_on < on), default=None)
    if closed:
        told["closed"] = long_date(closed)
        if opening:
            return (
                _(
                    "Between two windows: the last closed on %(closed)s, the nearest opens on "
                    "%(opens)s."
                )
                % told
            )
        return _("After the last window, which closed on %(closed)s.") % told
    if opening:
        return _("Before the first window of such an exam: the nearest opens on %(opens)s.") % told
    return _("Before the first window of such an exam.")


def _why_not(slot: Slot) -> str:
    """Say why a slot does not take an exam that falls in its window."""
    schedule = slot.schedule
    for suspension in schedule.suspensions.all():
        until = suspension.ended_on or date.max
        if slot.outcome == Outcome.WITHDRAWN and suspension.from_on <= slot.lapses_on < until:
            return _("lapsed while the follow-up was suspended: %(reason)s") % {
                "reason": suspension.reason
            }
    if slot.outcome == Outcome.SKIPPED:
        return _("was skipped: %(reason)s") % {"reason": slot.why}
    if slot.outcome == Outcome.SUPERSEDED:
        return _("was superseded: %(reason)s") % {"reason": slot.why}
    if schedule.ended_at:
        ended_on = schedule.ended_at.astimezone(slot.patient.clinic.zone).date()
        return _("is closed: its series ended on %(day)s (%(reason)s)") % {
            "day": long_date(ended_on),
            "reason": schedule.why,
        }
    return _("is %(outcome)s") % {"outcome": slot.get_outcome_display().lower()}


def _is_live(schedule: Schedule) -> bool:
    return schedule.state in Schedule.LIVE


def slots_of(study: Study) -> list[Slot]:
    return [
        slot
        for tumour in study.patient.tumours.all()
        for schedule in tumour.schedules.all()
        for slot in schedule.slots.all()
    ]


def _words(regions: Collection[str]) -> str:
    *others, last = [region_name(region) for region in REGIONS if region in regions]
    return both([listed(others), last]) if others else last
