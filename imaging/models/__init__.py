"""What was received, from whom, and what a clinic has arranged for it."""

from imaging.models.arrangement import Arrangement, Peer, TextMeaning
from imaging.models.received import FiledBy, Instance, Received, SeriesHeader
from imaging.models.step import Step, StepState
from imaging.models.traffic import Heard, Service

__all__ = [
    "Arrangement",
    "FiledBy",
    "Heard",
    "Instance",
    "Peer",
    "Received",
    "SeriesHeader",
    "Service",
    "Step",
    "StepState",
    "TextMeaning",
]
