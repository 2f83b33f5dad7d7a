"""Why a slot of a schedule is on its day, and what became of it."""

from django.utils.translation import gettext as _

from schedules.models import Schedule, Slot
from schedules.rules.explain import Explanation, phase_at
from schedules.rules.months import long_date
from schedules.rules.outcome import Outcome
from schedules.rules.protocol import region_name
from schedules.rules.wording import both


def explain(slot: Slot, schedule: Schedule) -> Explanation:
    """Explain a slot of `schedule`, which is handed in so that many slots can share one."""
    return Explanation(
        protocol=str(schedule.protocol),
        exam=slot.exam,
        phase=phase_at(schedule.protocol.definition, slot.exam, slot.month, slot.weeks),
        anchor_event=str(schedule.anchor),
        anchor_on=schedule.anchor_on,
        n=slot.n,
        month=slot.month,
        weeks=slot.weeks,
        earliest_on=slot.earliest_on,
        due_on=slot.due_on,
        latest_on=slot.latest_on,
        lapses_on=slot.lapses_on,
        became=_became(slot),
        citation=schedule.protocol.citation,
    )


def _became(slot: Slot) -> str:
    if slot.outcome == Outcome.OPEN:
        return ""
    became = str(slot.get_outcome_display())
    if slot.outcome in (Outcome.SATISFIED, Outcome.PARTIALLY_SATISFIED):
        told = {
            "outcome": became,
            "studies": both(
                _("%(modality)s of %(day)s")
                % {"modality": study.modality, "day": long_date(study.performed_on)}
                for study in slot.counting_studies
            ),
            "regions": both(map(region_name, slot.missing)) if slot.missing else "",
        }
        if slot.missing:
            return _("%(outcome)s by %(studies)s, %(regions)s still missing") % told
        return _("%(outcome)s by %(studies)s") % told
    if slot.why:
        return _("%(outcome)s: %(reason)s") % {"outcome": became, "reason": slot.why}
    return became
