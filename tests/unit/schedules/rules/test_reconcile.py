from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition, Exam, Phase, Unit
from schedules.rules.reconcile import Act, Change, Standing, reconcile
from tests.unit.schedules.rules.strategies import REPLANS, Slots, applied, core

CT = Exam("CT", ("chest", "abdomen"))
PLANNED = plan(Definition((Phase(0, 3, 3, 1, Unit.MONTHS, 14, (CT,)),)), date(2026, 1, 15))[0]
OPEN = Standing("its row", CT.key, 1, PLANNED[-4:], settled=False, withdrawn=False, booked=False)
ELSEWHERE = replace(OPEN, dates=(date(2026, 2, 1),) * 4)


def test_the_words_that_the_audit_counts_by_never_change() -> None:
    assert list(Act) == ["create", "keep", "move", "withdraw", "restore", "ask"]


@pytest.mark.parametrize(
    ("standing", "planned", "act", "reason"),
    [
        (None, PLANNED, Act.CREATE, "the protocol asks for it"),
        (OPEN, PLANNED, Act.KEEP, "it is where it should be"),
        (replace(OPEN, booked=True), PLANNED, Act.KEEP, "it is where it should be"),
        (ELSEWHERE, PLANNED, Act.MOVE, "its dates change"),
        (
            replace(ELSEWHERE, booked=True),
            PLANNED,
            Act.ASK,
            "its dates change, but an appointment is booked",
        ),
        (replace(ELSEWHERE, settled=True), PLANNED, Act.KEEP, "what happened stays"),
        (replace(OPEN, withdrawn=True), PLANNED, Act.RESTORE, "the protocol asks for it again"),
        (OPEN, None, Act.WITHDRAW, "the plan asks for it no more"),
        (
            replace(OPEN, booked=True),
            None,
            Act.ASK,
            "the plan asks for it no more, but an appointment is booked",
        ),
        (replace(OPEN, settled=True), None, Act.KEEP, "what happened stays"),
        (replace(OPEN, withdrawn=True), None, Act.KEEP, "it is withdrawn already"),
    ],
)
def test_what_stands_beside_what_is_planned_decides(
    standing: Standing[str] | None, planned: PlannedSlot | None, act: Act, reason: str
) -> None:
    changes = reconcile([standing] if standing else [], [planned] if planned else [])

    assert changes == [Change(act, CT.key, 1, reason, standing, planned)]


def test_slots_are_the_same_by_exam_and_number_and_come_in_that_order() -> None:
    second = PLANNED._replace(n=2)
    mr = PLANNED._replace(exam=Exam("MR", ("lower_limb",)))

    changes = reconcile([replace(OPEN, n=3), OPEN], [mr, second, PLANNED])

    assert [(change.exam, change.n, change.act) for change in changes] == [
        (CT.key, 1, Act.KEEP),
        (CT.key, 2, Act.CREATE),
        (CT.key, 3, Act.WITHDRAW),
        ("MR lower_limb", 1, Act.CREATE),
    ]


@core
@given(REPLANS)
def test_once_it_is_applied_the_next_answer_changes_nothing(
    replan: tuple[Slots, list[PlannedSlot]],
) -> None:
    slots, planned = replan
    after = applied(reconcile(slots, planned))

    again = reconcile(after, planned)

    assert {change.act for change in again} <= {Act.KEEP, Act.ASK}
    assert applied(again) == after


@core
@given(REPLANS)
def test_what_is_settled_and_what_is_asked_about_stays_as_it_is(
    replan: tuple[Slots, list[PlannedSlot]],
) -> None:
    slots, planned = replan
    changes = reconcile(slots, planned)

    after = {(slot.exam, slot.n): slot for slot in applied(changes)}

    asked = [change.standing for change in changes if change.act == Act.ASK]
    for slot in [*(slot for slot in slots if slot.settled), *asked]:
        assert slot is not None
        assert after[slot.exam, slot.n] == slot
    assert all(slot.booked for slot in asked if slot)


@core
@given(REPLANS)
def test_from_any_state_what_is_free_ends_where_planning_from_scratch_puts_it(
    replan: tuple[Slots, list[PlannedSlot]],
) -> None:
    slots, planned = replan
    held = {(slot.exam, slot.n) for slot in slots if slot.settled or slot.booked}

    after = applied(reconcile(slots, planned))

    from_scratch = applied(reconcile([], planned))
    assert [slot for slot in after if not slot.withdrawn and (slot.exam, slot.n) not in held] == [
        slot for slot in from_scratch if (slot.exam, slot.n) not in held
    ]


@given(REPLANS)
def test_what_was_withdrawn_comes_back_exactly_when_it_is_planned_again(
    replan: tuple[Slots, list[PlannedSlot]],
) -> None:
    slots, planned = replan
    wanted = {(slot.exam.key, slot.n) for slot in planned}

    restored = {
        (change.exam, change.n) for change in reconcile(slots, planned) if change.act == Act.RESTORE
    }

    assert restored == {(slot.exam, slot.n) for slot in slots if slot.withdrawn} & wanted
