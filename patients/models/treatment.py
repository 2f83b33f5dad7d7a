"""What was done against a tumour."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.models.tumour import Tumour
from surveillance.audit.history import tracked


class TreatmentKind(models.TextChoices):
    RESECTION = "resection", _("Resection")
    CHEMOTHERAPY = "chemotherapy", _("Chemotherapy")
    RADIOTHERAPY = "radiotherapy", _("Radiotherapy")
    METASTASECTOMY = "metastasectomy", _("Metastasectomy")
    ABLATION = "ablation", _("Ablation")
    OTHER = "other", _("Other")


class Margin(models.TextChoices):
    R0 = "R0", _("R0 (clear)")
    R1 = "R1", _("R1 (microscopic rest)")
    R2 = "R2", _("R2 (visible rest)")
    UNKNOWN = "", _("Not stated")


class Intent(models.TextChoices):
    NEOADJUVANT = "neoadjuvant", _("Neoadjuvant")
    ADJUVANT = "adjuvant", _("Adjuvant")
    CURATIVE = "curative", _("Curative")
    PALLIATIVE = "palliative", _("Palliative")
    UNKNOWN = "", _("Not stated")


@tracked()
class Treatment(models.Model):
    """One event of the treatment history. A date that nobody stated stays empty."""

    OPERATIONS = (TreatmentKind.RESECTION, TreatmentKind.METASTASECTOMY)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="treatments")
    kind = models.CharField(max_length=20, choices=TreatmentKind)
    on = models.DateField(null=True, blank=True, help_text=_("The first day, where known."))
    intent = models.CharField(max_length=12, choices=Intent, blank=True, default=Intent.UNKNOWN)
    margin = models.CharField(max_length=2, choices=Margin, blank=True, default=Margin.UNKNOWN)
    drugs = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    cycles = models.PositiveSmallIntegerField(null=True, blank=True)
    description = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            # Month 0 counts from an operation, so an operation has a date.
            models.CheckConstraint(
                condition=~Q(kind__in=["resection", "metastasectomy"]) | Q(on__isnull=False),
                name="operation_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.get_kind_display()
