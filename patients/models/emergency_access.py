"""That a patient of another clinic was read in an emergency."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from patients.models.patient import Patient
from surveillance.audit.history import tracked


@tracked(without=["told_at"])
class EmergencyAccess(models.Model):
    """That somebody asked to read another clinic's patient for a while, and why.

    Every attempt has a row, so that they can be counted: without a patient it found nobody.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="emergency_accesses"
    )
    patient = models.ForeignKey(
        Patient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="emergency_accesses",
    )
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    until = models.DateTimeField(help_text=_("From this moment on it lets nobody in."))
    told_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the clinic's administrators were mailed.")
    )
    noted_at = models.DateTimeField(null=True, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=F("at")), name="an_access_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(noted_at__isnull=True) ^ Q(noted_by__isnull=False),
                name="an_access_is_noted_by_somebody_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(noted_by__isnull=True) | ~Q(noted_by=F("by")),
                name="an_access_is_noted_by_another_person",
            ),
        ]
        indexes = [
            models.Index(fields=["by", "-at"], name="accesses_by_person"),
            models.Index(
                fields=["at"],
                condition=Q(told_at__isnull=True, patient__isnull=False),
                name="accesses_to_be_told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}, {self.at:%Y-%m-%d %H:%M}"
