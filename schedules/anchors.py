"""Which schedules an operation proposes to start again: derived from the history, never stored."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef

from patients.models import (
    Clinic,
    FindingKind,
    Intent,
    Margin,
    Treatment,
    TreatmentKind,
    Tumour,
)
from schedules.models import Schedule, ScheduleState
from schedules.queries import schedules_of
from schedules.rules.anchors import AnchorProposal, Operation, propose_anchor


def proposed_anchor(schedule: Schedule) -> AnchorProposal[Treatment] | None:
    """Return the later operation that an active schedule should count from, with the reason."""
    if schedule.state != ScheduleState.ACTIVE:
        return None
    return anchor_for(schedule.tumour, schedule.anchor_on)


def anchor_for(tumour: Tumour, current: date | None = None) -> AnchorProposal[Treatment] | None:
    """Return the operation that a tumour's follow-up should count from, if after `current`."""
    operations = [
        Operation(
            on=treatment.on,
            name=str(treatment),
            of_metastasis=treatment.kind == TreatmentKind.METASTASECTOMY,
            leaves_disease=treatment.margin == Margin.R2 or treatment.intent == Intent.PALLIATIVE,
            margin_not_clear=treatment.margin in (Margin.R1, Margin.R2),
            event=treatment,
            declined=bool(treatment.declined.all()),
        )
        for treatment in tumour.treatments.all()
        if treatment.kind in Treatment.OPERATIONS and treatment.on is not None
    ]
    recurrences = [
        finding.found_on
        for finding in tumour.findings.all()
        if finding.kind == FindingKind.LOCAL_RECURRENCE
    ]
    return propose_anchor(operations, recurrences, current)


def proposals(clinics: Iterable[Clinic]) -> list[tuple[Schedule, AnchorProposal[Treatment]]]:
    """Return the clinics' schedules that wait for a decision, the longest waiting first."""
    later = Treatment.objects.filter(
        tumour=OuterRef("tumour"), kind__in=Treatment.OPERATIONS, on__gt=OuterRef("anchor_on")
    )
    # Nobody else can have one to propose: of thousands, few have been operated on again.
    active = schedules_of(clinics).filter(Exists(later), state=ScheduleState.ACTIVE)
    waiting = [
        (schedule, proposal)
        for schedule in active.prefetch_related("tumour__treatments__declined", "tumour__findings")
        if (proposal := proposed_anchor(schedule))
    ]
    return sorted(waiting, key=lambda pair: pair[1].anchor)
