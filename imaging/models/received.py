"""Studies as they were received: what their headers say, and whose study each became."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from schedules.models import Study


class FiledBy(models.TextChoices):
    """How it was known whose a study is when it was filed: the ways of `matching`, or a person."""

    ORDER = "order", _("the order that the scanner was given")
    ACCESSION = "accession", _("the accession number")
    PATIENT = "patient", _("the patient’s number, with name or birth date")
    PERSON = "person", _("whoever filed it chose the patient")


class Received(models.Model):
    """A study of which at least one instance came to a clinic, by whatever way.

    It becomes a `Study` when it is filed: from then on it is known whose it is, and counts. What
    else is said of it (whose it may be, what it covered) is derived from its headers where it is
    read. A study that comes to two clinics is received twice: neither learns of the other.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="received")
    study_uid = models.CharField("StudyInstanceUID", max_length=64)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(
        default=timezone.now, help_text=_("When something new came last; a repeat is not new.")
    )
    settled_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When it was taken to be complete; empty again once something new comes."),
    )
    judged_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_(
            "When the program last looked whether it can be filed; once it is filed, when all that "
            "came was found to fit, and empty until then."
        ),
    )
    study = models.OneToOneField(
        Study, null=True, blank=True, on_delete=models.PROTECT, related_name="received"
    )
    way = models.CharField(max_length=9, choices=FiledBy, blank=True, default="")
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Nobody, if the program filed it."),
    )
    filed_at = models.DateTimeField(null=True, blank=True)
    known_before = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text=_("The regions that somebody had recorded for the study before it was filed."),
    )
    taken_back_because = models.CharField(
        max_length=300,
        blank=True,
        default="",
        help_text=_("Why it was taken back; since then only people file it."),
    )
    set_aside_because = models.CharField(max_length=300, blank=True, default="")
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    set_aside_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "received"
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "study_uid"], name="a_clinic_receives_a_study_once"
            ),
            models.CheckConstraint(
                condition=Q(set_aside_because="", set_aside_by=None, set_aside_at=None)
                | ~Q(set_aside_because="")
                & Q(set_aside_by__isnull=False, set_aside_at__isnull=False),
                name="received_set_aside_by_somebody_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(study=None, way="", filed_at=None, filed_by=None, known_before=[])
                | Q(study__isnull=False, filed_at__isnull=False) & ~Q(way=""),
                name="filed_in_some_way",
            ),
            models.CheckConstraint(
                condition=Q(study=None) | Q(set_aside_because=""),
                name="what_is_filed_is_not_set_aside",
            ),
        ]
        indexes = [
            models.Index(
                fields=["last_at"], condition=Q(settled_at=None), name="received_not_settled"
            ),
            models.Index(
                fields=["clinic", "first_at"],
                condition=Q(study=None, set_aside_because=""),
                name="received_not_filed",
            ),
            models.Index(
                fields=["clinic", "last_at"],
                condition=Q(study__isnull=False, judged_at=None),
                name="received_grown",
            ),
        ]

    def __str__(self) -> str:
        return self.study_uid

    @property
    def has_grown(self) -> bool:
        """Say whether it is filed, and what has come since waits for somebody to look."""
        return bool(self.study_id and self.settled_at and not self.judged_at)


class SeriesHeader(models.Model):
    """What some instances of a series say, all the same. Two that differ in a fact are two rows.

    Kept as a set, so that the order in which instances come changes nothing.
    """

    received = models.ForeignKey(Received, on_delete=models.CASCADE, related_name="headers")
    series_uid = models.CharField("SeriesInstanceUID", max_length=64)
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of what it says."))
    says = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["received", "series_uid", "digest"], name="a_header_is_kept_once"
            ),
        ]

    def __str__(self) -> str:
        return self.series_uid


class Instance(models.Model):
    """That an instance came. Its pixels are not kept, nor is anything but its header's row."""

    header = models.ForeignKey(SeriesHeader, on_delete=models.CASCADE, related_name="instances")
    sop_uid = models.CharField("SOPInstanceUID", max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["header", "sop_uid"], name="an_instance_counts_once"),
        ]

    def __str__(self) -> str:
        return self.sop_uid
