"""Disease that was seen."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models.tumour import Tumour
from patients.naming import sites_in_words
from surveillance.audit.history import tracked


class FindingKind(models.TextChoices):
    LOCAL_RECURRENCE = "local_recurrence", _("Local recurrence")
    METASTASIS = "metastasis", _("Metastasis")


class StandingFindings(models.Manager["Finding"]):
    """The findings that nobody has withdrawn: those that count."""

    def get_queryset(self) -> models.QuerySet["Finding"]:
        return super().get_queryset().filter(withdrawn_at=None)


@tracked()
class Finding(models.Model):
    """Disease seen: where, when and by what. What was never there is withdrawn, and not deleted."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=20, choices=FindingKind)
    sites = ArrayField(models.CharField(max_length=80))
    found_on = models.DateField()
    found_by = models.CharField(max_length=120, help_text=_("Such as “CT” or “biopsy”."))
    withdrawn_because = models.CharField(max_length=300, blank=True, default="")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StandingFindings()  # the default: whoever asks a tumour for its findings gets these
    all_ever = models.Manager["Finding"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_because="", withdrawn_by=None, withdrawn_at=None)
                | ~Q(withdrawn_because="")
                & Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="finding_withdrawn_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s: %(sites)s") % {
            "kind": self.get_kind_display(),
            "sites": sites_in_words(self.sites),
        }
