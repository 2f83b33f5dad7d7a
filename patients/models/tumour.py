"""A primary tumour."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models.patient import Patient
from patients.naming import morphology_name, site_name
from surveillance.audit.history import tracked


class Laterality(models.TextChoices):
    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    MIDLINE = "midline", _("Midline")
    UNKNOWN = "unknown", _("Not stated")


class Depth(models.TextChoices):
    SUPERFICIAL = "superficial", _("Superficial")
    DEEP = "deep", _("Deep")
    UNKNOWN = "unknown", _("Not stated")


@tracked()
class Tumour(models.Model):
    """A primary tumour. Codes are ICD-O-3 and keep their edition: meanings changed between."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="tumours")
    site = models.CharField(max_length=120, help_text=_("In words, such as “left distal femur”."))
    topography = models.CharField(max_length=5, help_text=_("ICD-O-3, such as C49.2."))
    morphology = models.CharField(max_length=6, help_text=_("ICD-O-3, such as 8890/3."))
    morphology_name = models.CharField(max_length=120)
    icdo_edition = models.CharField(max_length=5, default="3.2")
    laterality = models.CharField(max_length=10, choices=Laterality, default=Laterality.UNKNOWN)
    grade = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("FNCLCC, 1 to 3."))
    size_mm = models.PositiveSmallIntegerField(null=True, blank=True)
    depth = models.CharField(max_length=12, choices=Depth, default=Depth.UNKNOWN)
    diagnosed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(grade__isnull=True) | Q(grade__range=(1, 3)),
                name="fnclcc_grade_is_1_to_3",
            ),
        ]

    def __str__(self) -> str:
        name = morphology_name(self.morphology, self.morphology_name)
        return gettext(", ").join([name, site_name(self.site)])
