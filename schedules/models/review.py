"""Clinicians' decisions on overdue slots."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schedules.models.schedule import Slot
from surveillance.audit.history import tracked


class Decision(models.TextChoices):
    CHASE = "chase", _("Chase the patient")
    REBOOK = "rebook", _("Rebook")
    DEFER = "defer", _("Defer")
    SKIP = "skip", _("Skip this exam")
    TERMINATE = "terminate", _("End the follow-up")


@tracked()
class Review(models.Model):
    """A clinician's decision on an overdue slot."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=10, choices=Decision)
    until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision=Decision.DEFER, until__isnull=False)
                | (~Q(decision=Decision.DEFER) & Q(until__isnull=True)),
                name="only_a_deferral_has_an_until",
            ),
            models.CheckConstraint(
                condition=~Q(decision__in=[Decision.SKIP, Decision.TERMINATE]) | ~Q(reason=""),
                name="skipped_or_ended_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} ({self.by})"
