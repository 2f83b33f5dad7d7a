"""Which schedules an operation proposes to start again: derived from the history, never stored."""

from collections.abc import Iterable

from patients.models import Clinic, Intent, Treatment
from schedules.models import Schedule, ScheduleState
from schedules.queries import schedules_of
from schedules.rules.anchors import AnchorProposal, Operation, propose_anchor


def proposed_anchor(schedule: Schedule) -> AnchorProposal[Treatment] | None:
    """Return the later operation that an active schedule should count from, with the reason."""
    if schedule.state != ScheduleState.ACTIVE:
        return None
    operations = [
        Operation(treatment.on, str(treatment), treatment)
        for treatment in schedule.tumour.treatments.all()
        if treatment.kind in Treatment.OPERATIONS
        and treatment.on is not None
        and treatment.intent != Intent.PALLIATIVE
    ]
    return propose_anchor(operations, schedule.anchor_on)


def proposals(clinics: Iterable[Clinic]) -> list[tuple[Schedule, AnchorProposal[Treatment]]]:
    """Return the clinics' schedules that wait for a decision, the longest waiting first."""
    active = schedules_of(clinics).filter(state=ScheduleState.ACTIVE)
    waiting = [
        (schedule, proposal)
        for schedule in active.prefetch_related("tumour__treatments")
        if (proposal := proposed_anchor(schedule))
    ]
    return sorted(waiting, key=lambda pair: pair[1].anchor)
