from datetime import date

import pytest

from schedules.rules.anchors import AnchorProposal, Operation, propose_anchor

RESECTION = Operation(date(2026, 1, 15), "Wide resection", "first row")
METASTASECTOMY = Operation(date(2026, 7, 3), "Partial hepatectomy", "second row")
RE_RESECTION = Operation(date(2026, 11, 20), "Resection of the recurrence", "third row")


def test_a_later_operation_is_proposed_and_the_reason_names_both_dates() -> None:
    proposal = propose_anchor([RESECTION, METASTASECTOMY], current=RESECTION.on)

    assert proposal == AnchorProposal(
        anchor=date(2026, 7, 3),
        reason="Partial hepatectomy on 3 July 2026, after the anchor of 15 January 2026",
        event="second row",
    )


def test_the_last_of_several_operations_is_proposed_in_whatever_order_they_come() -> None:
    proposal = propose_anchor([RE_RESECTION, RESECTION, METASTASECTOMY], current=RESECTION.on)

    assert proposal is not None
    assert (proposal.anchor, proposal.event) == (date(2026, 11, 20), "third row")


def test_the_first_anchor_is_proposed_without_one_before_it() -> None:
    proposal = propose_anchor([RESECTION], current=None)

    assert proposal == AnchorProposal(
        anchor=date(2026, 1, 15),
        reason="Wide resection on 15 January 2026",
        event="first row",
    )


@pytest.mark.parametrize("current", [RESECTION.on, date(2026, 2, 1)])
def test_nothing_is_proposed_without_a_later_operation(current: date) -> None:
    assert propose_anchor([RESECTION], current=current) is None


def test_nothing_is_proposed_without_an_operation() -> None:
    assert propose_anchor([], current=None) is None
