"""What a page says of each schedule that would go on by a newer version of its protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from patients.models import Patient
from schedules.models import Booking, Slot
from schedules.replanning import HeldBooking, Replan
from schedules.rules.outcome import Outcome, outcome_of
from schedules.rules.plan import PlannedSlot
from schedules.rules.reconcile import Act
from schedules.rules.windows import takes


@dataclass(frozen=True, slots=True)
class Counts:
    """Slots and appointments, by what becomes of them."""

    stay: int = 0  # what happened is never rewritten
    same: int = 0
    moved: int = 0
    added: int = 0
    withdrawn: int = 0
    missed: int = 0  # of the withdrawn: they lapsed, and nobody has decided about them
    go_over: int = 0
    at_risk: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Takeover:
    """One patient's schedule, and what the newer version would do to it."""

    patient: Patient
    replan: Replan
    counts: Counts
    go_over: list[HeldBooking]
    at_risk: list[Booking]
    is_changed: bool  # since the person was shown it


def takeover_rows(replans: Iterable[Replan], changed: Iterable[str]) -> list[Takeover]:
    """Return a row for each re-plan, by patient; `changed` are public ids of schedules."""
    changed = set(changed)
    rows = [_row(replan, str(replan.schedule.public_id) in changed) for replan in replans]
    return sorted(rows, key=lambda row: (str(row.patient), row.replan.schedule.pk))


def _row(replan: Replan, is_changed: bool) -> Takeover:
    patient = replan.schedule.tumour.patient
    go_over = [held for held in replan.held if held.taken_by]
    return Takeover(
        patient=patient,
        replan=replan,
        counts=_count(replan, patient.clinic.today(), len(go_over)),
        go_over=go_over,
        at_risk=replan.at_risk,
        is_changed=is_changed,
    )


def _count(replan: Replan, today: date, go_over: int) -> Counts:
    """Count slots as the same if they are the same exam with the same number in its series."""
    new = {(one.exam, one.n): one.planned for one in replan.of(Act.CREATE) if one.planned}
    left = {(one.exam, one.n): one.standing for one in replan.of(Act.WITHDRAW) if one.standing}
    stay = {(one.exam, one.n): one.standing for one in replan.of(Act.KEEP) if one.standing}
    both = new.keys() & left.keys()
    same = [place for place in both if new[place][-4:] == left[place].dates]
    gone = left.keys() - new.keys()
    done = [
        place for place in new.keys() & stay.keys() if _counts_again(stay[place].row, new[place])
    ]
    return Counts(
        stay=len(stay),
        same=len(same),
        moved=len(both) - len(same),
        added=len(new.keys() - left.keys()) - len(done),
        withdrawn=len(gone),
        missed=sum(left[place].dates[-1] < today for place in gone),
        go_over=go_over,
        at_risk=len(replan.at_risk),
    )


def _counts_again(slot: Slot, planned: PlannedSlot) -> bool:
    """Say whether what was done for a slot does for the new one, too."""
    studies = [
        study.regions for study in slot.counting_studies if takes(planned, study.performed_on)
    ]
    return outcome_of(slot.regions, studies) == Outcome.SATISFIED
