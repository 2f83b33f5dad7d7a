"""Which active protocols suit a tumour, with the reason; a clinician chooses."""

from dataclasses import dataclass

from patients.models import Tumour
from schedules.models import Protocol, ProtocolState
from schedules.rules.suitability import TumourFacts, rank


@dataclass(frozen=True, slots=True)
class Suiting:
    protocol: Protocol
    reason: str


def suiting_protocols(tumour: Tumour) -> list[Suiting]:
    """Return the active protocols that were made for such a tumour, the narrowest first."""
    active = {
        protocol.code: protocol for protocol in Protocol.objects.filter(state=ProtocolState.ACTIVE)
    }
    facts = TumourFacts(tumour.topography, tumour.morphology, tumour.grade)
    candidates = [(code, protocol.made_for) for code, protocol in active.items()]
    return [Suiting(active[code], reason) for code, reason in rank(candidates, facts)]
