"""A file of patients that is to be loaded."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from patients.models.clinic import Clinic


class Import(models.Model):
    """A file that somebody gave to be loaded, and what a look at it found.

    The file and what it says of people are kept until it is loaded, and for a day at most; how its
    columns were read stays, so that the same person need not say it again.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=200)
    data = models.BinaryField(help_text="Packed by zlib; empty once it is loaded or forgotten.")
    keys = models.JSONField(default=dict, help_text="Which column each heading means.")
    encoding = models.CharField(max_length=12, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    day_first = models.BooleanField(default=False)
    found = models.JSONField(null=True, help_text="What a look found; empty before.")
    corrections = models.BinaryField(default=bytes, help_text="Packed as the file is.")
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["by", "clinic", "-made_at"], name="imports_of_a_person")]

    def __str__(self) -> str:
        return self.name
