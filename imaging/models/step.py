"""What scanners say they are doing (MPPS, DICOM PS3.4, annex F)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from schedules.models import Booking


class StepState(models.TextChoices):
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    DISCONTINUED = "discontinued", _("Broken off")


class Step(models.Model):
    """A performed procedure step. What it says is kept even if no appointment fits it."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="dicom_steps")
    sop_uid = models.CharField("SOPInstanceUID", max_length=64, unique=True)
    state = models.CharField(max_length=12, choices=StepState)
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="dicom_steps"
    )
    study_uid = models.CharField("StudyInstanceUID", max_length=64)
    accession = models.CharField(max_length=16, blank=True, default="")
    station = models.CharField(_("AE title"), max_length=16)
    said = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text=_("Why it was broken off, or why no appointment was taken to be meant."),
    )
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="in_progress") ^ Q(ended_at__isnull=False),
                name="a_step_ends_when_it_is_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.study_uid}"

    @property
    def why(self) -> str:
        """What was said, to be shown: what the software itself wrote is translated."""
        return gettext(self.said) if self.said else ""
