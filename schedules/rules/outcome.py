"""What a slot's studies make of it: both regions, or it is not done."""

from collections.abc import Collection, Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """A slot's outcome. The first three follow from its studies, the rest from a decision."""

    OPEN = "open"
    PARTIALLY_SATISFIED = "partially_satisfied"
    SATISFIED = "satisfied"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


def missing_regions(
    required: Collection[str], studies: Iterable[Collection[str]]
) -> tuple[str, ...]:
    """Return the required regions, in their order, that no study covers.

    Each study is given as the regions that it covered; what counts is their union.
    """
    covered = {region for study in studies for region in study}
    return tuple(region for region in required if region not in covered)


def outcome_of(required: Collection[str], studies: Iterable[Collection[str]]) -> Outcome:
    """Return the outcome that the studies inside a slot's window give it."""
    missing = missing_regions(required, studies)
    if not missing:
        return Outcome.SATISFIED
    return Outcome.PARTIALLY_SATISFIED if len(missing) < len(required) else Outcome.OPEN
