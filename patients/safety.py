"""What every app's `fallen_through` answers with: who has fallen through, why, and who must act."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic, Patient
from surveillance.accounts.roles import MAY, Act, Role


class Gap(models.TextChoices):
    """The ways to fall through, in the order of the page."""

    NO_SCHEDULE = "no_schedule", _("Resected, with no schedule")
    NOTHING_AHEAD = "nothing_ahead", _("Active schedule with nothing ahead")
    SUSPENSION_OVER = "suspension_over", _("Suspension past its review date")
    NO_OUTCOME = "no_outcome", _("Appointment passed, with no outcome")
    LAPSED = "lapsed", _("Slot lapsed without a review")
    NO_MATCH = "no_match", _("Study without a match")
    NOT_FILED = "not_filed", _("Images received, and nobody’s yet")
    NO_IMAGES = "no_images", _("Done at the scanner, with no study filed")
    NOT_REPORTED = "not_reported", _("Scan without a recorded result")
    NOT_REVIEWED = "not_reviewed", _("Result without a review")
    NEW_ANCHOR = "new_anchor", _("Re-baseline proposed and not decided")
    NOT_ACKNOWLEDGED = "not_acknowledged", _("Alert that nobody has answered")
    NOT_DELIVERED = "not_delivered", _("Message that could not be delivered")


@dataclass(frozen=True, slots=True)
class FallenThrough:
    """One patient whom nobody has in hand, since when, and where to act.

    Of what is nobody's yet, the clinic that has it stands for the patient.
    """

    gap: Gap
    patient: Patient | None
    since: date
    detail: str
    act: Act
    route: str  # where to act: a page of its own, or the patient's
    of: Clinic | None = None

    @property
    def clinic(self) -> Clinic:
        clinic = self.patient.clinic if self.patient else self.of
        assert clinic is not None
        return clinic

    @property
    def who(self) -> Iterable[Role]:
        """The roles of those who must act, in the clinic of the patient."""
        return [role for role in Role if role in MAY[self.act]]

    @property
    def who_in_words(self) -> str:
        return gettext(" or ").join(str(role.label) for role in self.who)

    @property
    def url(self) -> str:
        if self.patient and self.route == "patient":
            return reverse("patient", args=[self.patient.public_id])
        return reverse(self.route)
