"""The slots that a protocol gives from any day, before anybody follows it."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from schedules.models import Protocol
from schedules.rules.explain import Explanation, phase_at
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.windows import WindowStatus, window_status


@dataclass(frozen=True, slots=True)
class Previewed:
    """One slot of a protocol, on one day."""

    slot: PlannedSlot
    status: WindowStatus
    why: str


def preview(protocol: Protocol, anchor: date, on: date) -> list[Previewed]:
    """Return the slots that `protocol` gives from `anchor`, as they stand on a day.

    Raises:
        ProtocolError: a draft is not complete, or makes no sense.
    """
    definition = protocol.definition
    return [
        Previewed(
            slot,
            window_status(slot, on),
            Explanation(
                protocol=str(protocol),
                phase=phase_at(definition, slot.exam.key, slot.month, slot.weeks),
                anchor_event=_("the anchor"),
                anchor_on=anchor,
                became="",
                citation=protocol.citation,
                **slot._asdict() | {"exam": slot.exam.key},
            ).sentence,
        )
        for slot in plan(definition, anchor)
    ]
