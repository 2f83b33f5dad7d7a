"""When to look at a patient again."""

from datetime import UTC, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.models import Patient

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # triggers write it as 'epoch'


class Watch(models.Model):
    """The next moment at which something may have to be said of a patient.

    Triggers in PostgreSQL set it to `AT_ONCE` in the transaction of each change to what the rules
    speak of, whoever makes it; the sweep sets it to the next day that matters. So a sweep finds
    its work in an index, and its cost is what changed.
    """

    patient = models.OneToOneField(
        Patient, primary_key=True, on_delete=models.CASCADE, related_name="watch"
    )
    look_at = models.DateTimeField(null=True, help_text=_("Never, where nothing can come."))

    class Meta:
        verbose_name_plural = _("watches")
        indexes = [
            models.Index(
                fields=["look_at"], condition=Q(look_at__isnull=False), name="patients_to_look_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} at {self.look_at}"
