"""When a peer was last heard, and for what: silence is seen."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Service(models.TextChoices):
    ECHO = "echo", _("Echo")
    FIND = "find", _("Worklist")
    STORE = "store", _("Images")
    STEP = "step", _("Progress")


class Heard(models.Model):
    """The last time that a caller asked for a service, and was served or refused."""

    ae_title = models.CharField(_("AE title"), max_length=16)
    service = models.CharField(max_length=6, choices=Service)
    refused = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ae_title", "service", "refused"], name="heard_last_once_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ae_title}: {self.get_service_display()}"
