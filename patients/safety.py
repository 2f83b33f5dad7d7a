"""What every app's `fallen_through` answers with: who has fallen through, why, and who must act."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.urls import reverse

from patients.models import Patient
from surveillance.accounts.roles import MAY, Act, Role


class Gap(models.TextChoices):
    """The ways to fall through, in the order of the page."""

    NO_SCHEDULE = "no_schedule", "Resected, with no schedule"
    NOTHING_AHEAD = "nothing_ahead", "Active schedule with nothing ahead"
    SUSPENSION_OVER = "suspension_over", "Suspension past its review date"
    NO_OUTCOME = "no_outcome", "Appointment passed, with no outcome"
    LAPSED = "lapsed", "Slot lapsed without a review"
    NO_MATCH = "no_match", "Study without a match"
    NOT_REVIEWED = "not_reviewed", "Result without a review"
    NEW_ANCHOR = "new_anchor", "Re-baseline proposed and not decided"
    NOT_ACKNOWLEDGED = "not_acknowledged", "Alert that nobody has answered"
    NOT_DELIVERED = "not_delivered", "Message that could not be delivered"


@dataclass(frozen=True, slots=True)
class FallenThrough:
    """One patient whom nobody has in hand, since when, and where to act."""

    gap: Gap
    patient: Patient
    since: date
    detail: str
    act: Act
    route: str  # where to act: a page of its own, or the patient's

    @property
    def who(self) -> Iterable[Role]:
        """The roles of those who must act, in the clinic of the patient."""
        return [role for role in Role if role in MAY[self.act]]

    @property
    def url(self) -> str:
        if self.route == "patient":
            return reverse("patient", args=[self.patient.public_id])
        return reverse(self.route)
