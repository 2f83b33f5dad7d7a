"""What the actions share: writing the slots of a schedule, and what counts for them."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from patients.models import Patient
from schedules.models import Schedule, ScheduleState, Slot
from schedules.replanning import Replan, replanned
from schedules.rules.outcome import Outcome, outcome_of
from schedules.rules.plan import PlannedSlot
from schedules.rules.reconcile import Act
from schedules.rules.windows import takes


def check_to_be_done(slot: Slot) -> None:
    """Refuse what only makes sense while a slot still lacks its exam."""
    if slot.outcome not in Slot.TO_BE_DONE or slot.schedule.state != ScheduleState.ACTIVE:
        raise ValidationError(
            _("Nothing is left to do here: this exam is %(outcome)s and its schedule %(state)s.")
            % {
                "outcome": slot.get_outcome_display().lower(),
                "state": slot.schedule.get_state_display().lower(),
            }
        )


def create_slots(schedule: Schedule, planned: Iterable[PlannedSlot]) -> None:
    Slot.objects.bulk_create(
        Slot(
            schedule=schedule,
            exam=slot.exam.key,
            modality=slot.exam.modality,
            regions=list(slot.exam.regions),
            n=slot.n,
            month=slot.month,
            weeks=slot.weeks,
            earliest_on=slot.earliest_on,
            due_on=slot.due_on,
            latest_on=slot.latest_on,
            lapses_on=slot.lapses_on,
        )
        for slot in planned
    )


def plan_again(schedule: Schedule) -> Replan:
    """Bring a schedule's slots to its own plan, and return what that took.

    What an appointment holds in place stays, with the reason, until a nurse has settled it.
    """
    replan = replanned(schedule)
    create_slots(schedule, [change.planned for change in replan.of(Act.CREATE) if change.planned])
    for change in replan.changes:
        if change.standing is None:
            continue
        slot = change.standing.row
        if change.act in (Act.MOVE, Act.RESTORE) and change.planned:
            slot.earliest_on, slot.due_on, slot.latest_on, slot.lapses_on = change.planned[-4:]
            slot.month, slot.weeks = change.planned.month, change.planned.weeks
            slot.outcome, slot.outcome_reason = Outcome.OPEN.value, ""
            slot.save()
        elif change.act in (Act.WITHDRAW, Act.ASK):
            if change.act == Act.WITHDRAW:
                slot.outcome = Outcome.WITHDRAWN.value
            slot.outcome_reason = change.reason
            slot.save(update_fields=["outcome", "outcome_reason"])
    return replan


def end_slots(schedule: Schedule, outcome: Outcome, reason: str) -> None:
    """Give what is left of a schedule its outcome; what happened stays."""
    schedule.slots.filter(outcome__in=Slot.TO_BE_DONE).update(
        outcome=outcome.value, outcome_reason=reason
    )


def end_schedule(schedule: Schedule, state: ScheduleState, reason: str, at: datetime) -> None:
    """Write a schedule's last state, and close the suspension that it may be in."""
    schedule.state, schedule.state_reason, schedule.ended_at = state, reason, at
    schedule.save(update_fields=["state", "state_reason", "ended_at", "end_reason"])
    schedule.suspensions.filter(ended_on=None).update(
        ended_on=schedule.tumour.patient.clinic.today(at)
    )


def count_studies(patient: Patient) -> None:
    """Give each study of a live schedule's exams to its slot, and each slot its outcome.

    Only slots that people have not decided about take part: skipped, superseded and withdrawn ones
    stay as they are.
    """
    studies = list(patient.studies.select_related("result"))
    slots = Slot.objects.filter(
        schedule__tumour__patient=patient,
        schedule__state__in=Schedule.LIVE,
        outcome__in=[*Slot.TO_BE_DONE, Outcome.SATISFIED.value],
    )
    for slot in slots:
        own = [
            study for study in studies if takes(slot, study.performed_on) and study.is_exam_of(slot)
        ]
        if not own:
            continue
        slot.studies.add(*own)
        outcome = outcome_of(slot.regions, [study.regions for study in own if study.is_adequate])
        if outcome.value != slot.outcome:
            slot.outcome, slot.outcome_reason = outcome.value, ""
            slot.save(update_fields=["outcome", "outcome_reason"])
