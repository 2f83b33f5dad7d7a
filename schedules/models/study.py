"""Studies that took place, and what they showed."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.marks import mark
from patients.models import Finding, Patient
from patients.naming import site_name, sites_in_words
from schedules.models.schedule import Slot
from schedules.rules.protocol import REGIONS, region_name
from schedules.rules.wording import both, long_date
from surveillance.audit.history import tracked

STUDY_UID = RegexValidator(r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$")


def made_up_study_uid() -> str:
    """Return a valid unique identifier for a study entered by hand (DICOM PS3.5, B.2)."""
    return f"2.25.{uuid.uuid4().int}"


class StandingStudies(models.Manager["Study"]):
    """The studies that nobody has withdrawn: those that count."""

    def get_queryset(self) -> models.QuerySet["Study"]:
        return super().get_queryset().filter(withdrawn_at=None)


@tracked(without=["awaits_result"])
class Study(models.Model):
    """An imaging study that really took place. One of somebody else is withdrawn, not deleted."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_uid = models.CharField(
        "StudyInstanceUID", max_length=64, default=made_up_study_uid, validators=[STUDY_UID]
    )
    modality = models.CharField(max_length=16)
    performed_on = models.DateField()
    regions = ArrayField(models.CharField(max_length=20, choices=[(r, r) for r in REGIONS]))
    description = models.CharField(max_length=300, blank=True)
    slots = models.ManyToManyField(Slot, related_name="studies")
    kept_because = models.TextField(
        blank=True,
        default="",
        help_text=_("Why it may count for no slot, where somebody decided so."),
    )
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kept_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=300, blank=True, default="")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    awaits_result = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Derived by PostgreSQL, whatever is written here (ADR 0022).",
    )

    objects = StandingStudies()  # the default: a patient or a slot asked for its studies has these
    all_ever = models.Manager["Study"]()

    class Meta:
        verbose_name_plural = "studies"
        indexes = [
            models.Index(
                fields=["performed_on", "id"],
                condition=Q(awaits_result=True),
                name="study_awaits_result",
            ),
        ]
        constraints = [
            # What was withdrawn may be filed anew, for whom it is.
            models.UniqueConstraint(
                fields=["study_uid"],
                condition=Q(withdrawn_at=None),
                name="one_standing_study_per_uid",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_because="", withdrawn_by=None, withdrawn_at=None)
                | ~Q(withdrawn_because="")
                & Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="study_withdrawn_by_somebody_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(kept_because="", kept_by=None, kept_at=None)
                | ~Q(kept_because="") & Q(kept_by__isnull=False, kept_at__isnull=False),
                name="kept_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(modality)s of %(regions)s, %(day)s") % {
            "modality": self.modality,
            "regions": both(map(region_name, self.regions)),
            "day": long_date(self.performed_on),
        }

    def is_exam_of(self, slot: Slot) -> bool:
        """Say whether the study is of the slot's kind, for at least one of its regions."""
        return self.modality == slot.modality and not set(self.regions).isdisjoint(slot.regions)

    @property
    def is_adequate(self) -> bool:
        result = getattr(self, "result", None)
        return result is None or result.outcome != ResultOutcome.INADEQUATE


class ResultOutcome(models.TextChoices):
    NO_DISEASE = "no_disease", _("No evidence of disease")
    NEW_LESION = "new_lesion", _("New lesion")
    INDETERMINATE = "indeterminate", _("Indeterminate")
    INADEQUATE = "inadequate", _("Inadequate, to be repeated")


class StandingResults(models.Manager["Result"]):
    """The results of studies that nobody has withdrawn."""

    def get_queryset(self) -> models.QuerySet["Result"]:
        return super().get_queryset().filter(study__withdrawn_at=None)


@tracked()
class Result(models.Model):
    """What a study showed."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="result")
    outcome = models.CharField(max_length=15, choices=ResultOutcome)
    sites = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    comment = models.CharField(max_length=300, blank=True)
    finding = models.ForeignKey(
        Finding,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="results",
        help_text=_("What a new lesion is in the history."),
    )
    recorded_at = models.DateTimeField(
        default=timezone.now, help_text=_("When what it says now was recorded.")
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)

    objects = StandingResults()
    all_ever = models.Manager["Result"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) ^ Q(reviewed_at__isnull=False),
                name="reviewed_by_somebody_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return gettext(", ").join([str(self.get_outcome_display()), *map(site_name, self.sites)])

    @property
    def sites_in_words(self) -> str:
        return sites_in_words(self.sites)

    @property
    def mark(self) -> str:
        """What changes whenever the result says something else."""
        return mark(self.outcome, self.sites, self.comment, self.recorded_at)

    @property
    def told_of(self) -> Finding | None:
        """The finding that the result tells of, unless somebody has withdrawn it."""
        return None if self.finding and self.finding.withdrawn_at else self.finding


@tracked()
class Correction(models.Model):
    """What a result said before somebody corrected it, and why they did."""

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="corrections")
    outcome = models.CharField(max_length=15, choices=ResultOutcome)
    sites = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    comment = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return gettext(", ").join([str(self.get_outcome_display()), *map(site_name, self.sites)])

    @property
    def says_the_same(self) -> bool:
        """Say whether the result says what it said before."""
        return (self.outcome, self.sites, self.comment) == (
            self.result.outcome,
            self.result.sites,
            self.result.comment,
        )
