from dataclasses import replace
from datetime import date

import pytest

from schedules.rules.anchors import AnchorProposal, Operation, propose_anchor

RESECTION = Operation(
    on=date(2026, 1, 15),
    name="Wide resection",
    of_metastasis=False,
    leaves_disease=False,
    margin_not_clear=False,
    event="the first",
)
SECOND = replace(RESECTION, on=date(2026, 3, 3), name="Resection", event="the second")
METASTASECTOMY = replace(
    RESECTION,
    on=date(2026, 7, 3),
    name="Partial hepatectomy",
    of_metastasis=True,
    event="of a metastasis",
)


def reason(*operations: Operation[str], recurrences: tuple[date, ...] = ()) -> str:
    proposal = propose_anchor(operations, recurrences)
    assert proposal is not None
    return proposal.reason


def test_the_first_anchor_is_the_resection_of_the_primary() -> None:
    assert propose_anchor([RESECTION]) == AnchorProposal(
        anchor=date(2026, 1, 15),
        reason="Resection of the primary: Wide resection on 15 January 2026",
        event="the first",
    )


def test_a_later_operation_is_proposed_and_the_reason_names_both_dates() -> None:
    assert propose_anchor([RESECTION, METASTASECTOMY], current=RESECTION.on) == AnchorProposal(
        anchor=date(2026, 7, 3),
        reason=(
            "Metastasectomy: Partial hepatectomy on 3 July 2026, "
            "after the anchor of 15 January 2026"
        ),
        event="of a metastasis",
    )


def test_the_last_of_several_is_proposed_in_whatever_order_they_come() -> None:
    proposal = propose_anchor([METASTASECTOMY, RESECTION, SECOND], current=RESECTION.on)

    assert proposal is not None
    assert (proposal.anchor, proposal.event) == (date(2026, 7, 3), "of a metastasis")


def test_after_margins_that_were_not_clear_a_resection_is_a_re_excision() -> None:
    first = replace(RESECTION, margin_not_clear=True)

    assert reason(first, SECOND).startswith("Re-excision for margins: ")


@pytest.mark.parametrize("found_on", [date(2026, 1, 16), date(2026, 3, 3)])
def test_after_a_recurrence_was_found_a_resection_is_of_the_recurrence(found_on: date) -> None:
    first = replace(RESECTION, margin_not_clear=True)

    assert reason(first, SECOND, recurrences=(found_on,)).startswith(
        "Resection of a local recurrence: "
    )


@pytest.mark.parametrize("found_on", [date(2026, 1, 15), date(2026, 3, 4)])
def test_a_recurrence_that_was_not_found_between_two_resections_explains_neither(
    found_on: date,
) -> None:
    assert reason(RESECTION, SECOND, recurrences=(found_on,)).startswith("Another resection: ")


def test_only_the_resection_just_before_tells_what_the_next_one_was_for() -> None:
    first = replace(RESECTION, margin_not_clear=True)
    third = replace(SECOND, on=date(2026, 9, 1))

    assert reason(first, SECOND, third).startswith("Another resection: ")


def test_a_metastasectomy_before_it_does_not_tell_what_a_resection_was_for() -> None:
    before = replace(METASTASECTOMY, on=date(2026, 2, 1), margin_not_clear=True)

    assert reason(RESECTION, before, SECOND).startswith("Another resection: ")
    assert reason(before, SECOND).startswith("Resection of the primary: ")


@pytest.mark.parametrize("operation", [SECOND, METASTASECTOMY])
def test_an_operation_that_leaves_disease_is_not_proposed(operation: Operation[str]) -> None:
    palliative = replace(operation, leaves_disease=True)

    assert propose_anchor([palliative]) is None
    assert propose_anchor([RESECTION, palliative], current=RESECTION.on) is None
    assert reason(RESECTION, palliative).endswith("on 15 January 2026")


@pytest.mark.parametrize("current", [RESECTION.on, date(2026, 2, 1)])
def test_nothing_is_proposed_without_a_later_operation(current: date) -> None:
    assert propose_anchor([RESECTION], current=current) is None


def test_nothing_is_proposed_without_an_operation() -> None:
    assert propose_anchor([]) is None
