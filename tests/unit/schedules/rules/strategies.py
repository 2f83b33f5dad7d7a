"""What hypothesis makes up for the rules: every protocol is valid, every anchor may be awkward."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import permutations, product

from hypothesis import settings
from hypothesis import strategies as st

from schedules.rules.plan import Pause, PlannedSlot, plan
from schedules.rules.protocol import Contrast, Definition, Exam, Phase, Unit
from schedules.rules.reconcile import Act, Change, Standing, reconcile

core = settings(max_examples=10_000 if os.environ.get("CI") else 50, deadline=None)
"""For the properties that everything rests on: tried on few examples at a desk, on many in CI.

No profile: one that is loaded here would also count for the folders that are collected later.
"""

EXAMS = (
    Exam("CT", ("chest", "abdomen")),
    Exam("CT", ("chest", "abdomen"), Contrast.WITHOUT),
    Exam("MR", ("lower_limb",)),
)
SOME_EXAMS = [some for many in (1, 2, 3) for some in permutations(EXAMS, many)]

DAYS = [date(1990, 1, 1) + timedelta(days=day) for day in range(40_542)]  # to the end of 2100
MONTH_ENDS = [day for day in DAYS if (day + timedelta(days=1)).day == 1]
LEAP_DAYS = [day for day in MONTH_ENDS if day.day == 29]
# As often a month's end as any day, and now and then 29 February.
ANCHORS = st.sampled_from(DAYS + 30 * MONTH_ENDS + 400 * LEAP_DAYS)


@dataclass(frozen=True)
class Shape:
    """A phase before it is told where it begins and how late its exams may be."""

    pace: tuple[Unit, int, int]  # unit, every, opens_before
    twelfths_more: int  # of the shortest time that holds one exam
    late_after_days: int
    exams: tuple[Exam, ...]

    @property
    def months(self) -> int:
        unit, every, _ = self.pace
        shortest = every if unit == Unit.MONTHS else -(-every // 4)
        return shortest + shortest * self.twelfths_more // 12


PACES = [
    (unit, every, opens_before)
    for unit in Unit
    for every in range(1, 13)
    for opens_before in range(every)
]
# One choice makes a phase: hypothesis takes its time for each choice.
SHAPES = st.sampled_from(
    [Shape(*told) for told in product(PACES, (0, 12, 5, 41), (0, 14, 5, 60), SOME_EXAMS)]
)


def _definition(first_month: int, many: int, *drawn: Shape) -> Definition:
    """Put the phases one after another, each as late as was drawn or as there is room for."""
    shapes = drawn[:many]
    begins = [first_month + sum(shape.months for shape in shapes[:at]) for at in range(len(shapes))]
    phases: list[Phase] = []
    room: dict[Exam, int] = {}  # before the next window of an exam opens
    for after_month, shape in reversed(list(zip(begins, shapes, strict=True))):
        unit, every, opens_before = shape.pace
        up_to_month = after_month + shape.months
        phase = Phase(after_month, up_to_month, every, opens_before, unit, 0, shape.exams)
        own = phase.fewest_days_to_next
        latest = min(min(own, room.get(exam, own)) for exam in shape.exams) - 2
        phases.insert(0, replace(phase, late_after_days=min(shape.late_after_days, latest)))
        room |= dict.fromkeys(shape.exams, own)
    return Definition(tuple(phases))


DEFINITIONS = st.builds(_definition, st.integers(0, 12), st.integers(1, 3), SHAPES, SHAPES, SHAPES)


Rest = tuple[int, int]
"""How many days after the anchor a pause begins, and how many days it lasts."""

RESTS = list(product(range(0, 2000, 40), (0, 1, 100, 700)))


def pauses(anchor: date, rests: Sequence[Rest]) -> list[Pause]:
    begins = [(anchor + timedelta(days=after), timedelta(days=days)) for after, days in rests]
    return [Pause(from_on, from_on + days) for from_on, days in begins]


Slots = list[Standing[None]]


def applied(changes: Sequence[Change[None]]) -> Slots:
    """Return the slots of a schedule once what `reconcile` says is done to them."""
    return list(_applied(changes))


def _applied(changes: Sequence[Change[None]]) -> Iterator[Standing[None]]:
    for change in changes:
        slot, planned = change.standing, change.planned
        if change.act == Act.CREATE:
            assert slot is None
            assert planned is not None
            yield Standing(None, planned.exam.key, planned.n, planned[-4:], False, False, False)
            continue
        assert slot is not None
        if change.act in (Act.MOVE, Act.RESTORE):
            assert planned is not None
            yield replace(slot, dates=planned[-4:], withdrawn=False)
        elif change.act == Act.WITHDRAW:
            yield replace(slot, withdrawn=True)
        else:
            yield slot


@dataclass(frozen=True)
class Step:
    """A plan that is made, and then what happens at the slots: two bits for each."""

    days_later: int
    rest: Rest
    happens: int

    def planned(self, definition: Definition, anchor: date) -> list[PlannedSlot]:
        anchor += timedelta(days=self.days_later)
        return plan(definition, anchor, pauses(anchor, [self.rest]))

    def happens_at(self, slots: Slots) -> Slots:
        """Settle and book as a schedule allows it: never what a plan has withdrawn."""
        return [
            slot
            if slot.settled or slot.withdrawn
            else replace(slot, settled=bits == 1, booked=bits == 2)
            for at, slot in enumerate(slots)
            for bits in [self.happens >> 2 * at & 3]
        ]


STEPS = st.builds(
    Step, st.sampled_from((0, 1, 40)), st.sampled_from(RESTS), st.integers(0, 2**48 - 1)
)


def _history(
    definition: Definition, anchor: date, first: Step, second: Step, third: Step
) -> tuple[Slots, list[PlannedSlot]]:
    slots: Slots = []
    for step in (first, second):
        slots = step.happens_at(applied(reconcile(slots, step.planned(definition, anchor))))
    return slots, third.planned(definition, anchor)


REPLANS = st.builds(_history, DEFINITIONS, ANCHORS, STEPS, STEPS, STEPS)
"""A state that a schedule can come to, by plans and by what happened, and the plan that is next."""
