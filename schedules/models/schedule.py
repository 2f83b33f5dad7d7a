"""Schedules and their slots."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Patient, Treatment, Tumour
from schedules.models.protocol import Protocol
from schedules.rules.outcome import Outcome, missing_regions
from schedules.rules.protocol import REGIONS, exam_name, region_name
from schedules.rules.wording import listed, long_date
from schedules.stored_words import STORED
from surveillance.audit.history import tracked

if TYPE_CHECKING:
    from schedules.models.study import Study


class ScheduleState(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    COMPLETED = "completed", _("Completed")
    TERMINATED = "terminated", _("Terminated")
    SUPERSEDED = "superseded", _("Superseded")


class EndReason(models.TextChoices):
    """Why a follow-up came to its end."""

    COMPLETED = "completed", _("Completed: the protocol asks for nothing more")
    DIED = "died", _("The patient has died")
    PALLIATIVE = "palliative", _("Treatment is palliative now")
    TRANSFERRED = "transferred", _("Transferred to another clinic")
    DECLINED = "declined", _("The patient declines")
    OTHER = "other", _("Another reason, given in words")


@tracked()
class Schedule(models.Model):
    """One patient on one protocol version from one anchor."""

    LIVE = (ScheduleState.ACTIVE, ScheduleState.SUSPENDED)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="schedules")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="schedules")
    anchor_on = models.DateField(help_text=_("Month 0."))
    anchor = models.ForeignKey(
        Treatment, on_delete=models.PROTECT, help_text=_("The event that month 0 counts from.")
    )
    state = models.CharField(max_length=12, choices=ScheduleState, default=ScheduleState.ACTIVE)
    state_reason = models.TextField(blank=True)
    end_reason = models.CharField(max_length=12, choices=EndReason, blank=True, default="")
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    planned_since = models.DateField(
        null=True,
        blank=True,
        help_text=_("What lapsed before this day is left to the schedule that this one replaces."),
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["active", "suspended"]) ^ Q(ended_at__isnull=False),
                name="ended_schedules_say_when",
            ),
            # A tumour has one patient, so this is one schedule per patient and tumour.
            models.UniqueConstraint(
                fields=["tumour"],
                condition=Q(state__in=[ScheduleState.ACTIVE, ScheduleState.SUSPENDED]),
                name="one_active_schedule_per_tumour",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["completed", "terminated"]) ^ Q(end_reason=""),
                name="ended_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(protocol)s from %(day)s") % {
            "protocol": self.protocol,
            "day": long_date(self.anchor_on),
        }

    @property
    def why(self) -> str:
        """The reason of its state, in the language of whoever asks."""
        return STORED.read_again(self.state_reason)


@tracked()
class Suspension(models.Model):
    """A time in which a schedule rests, until somebody looks at it again."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="suspensions")
    from_on = models.DateField()
    review_on = models.DateField(help_text=_("The day on which it comes back on the list."))
    ended_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule"],
                condition=Q(ended_on__isnull=True),
                name="one_suspension_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(review_on__gt=F("from_on")), name="suspension_has_a_review_to_come"
            ),
        ]

    def __str__(self) -> str:
        return gettext("Suspended from %(first)s, to be reviewed on %(last)s") % {
            "first": long_date(self.from_on),
            "last": long_date(self.review_on),
        }


@tracked()
class DeclinedAnchor(models.Model):
    """A clinician's decision that an operation does not restart a schedule's clock."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="+")
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="declined")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "treatment"], name="one_decision_per_declined_anchor"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(treatment)s is no new anchor: %(reason)s") % {
            "treatment": self.treatment,
            "reason": self.reason,
        }


class Slot(models.Model):
    """One follow-up exam that is due. All dates are the clinic's, and inclusive."""

    TO_BE_DONE = (Outcome.OPEN.value, Outcome.PARTIALLY_SATISFIED.value)

    OUTCOMES = [
        (Outcome.OPEN.value, _("Open")),
        (Outcome.PARTIALLY_SATISFIED.value, _("Partially satisfied")),
        (Outcome.SATISFIED.value, _("Satisfied")),
        (Outcome.SKIPPED.value, _("Skipped")),
        (Outcome.SUPERSEDED.value, _("Superseded")),
        (Outcome.WITHDRAWN.value, _("Withdrawn")),
    ]

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="slots")
    exam = models.CharField(max_length=160, help_text=_("The series, such as “CT chest+abdomen”."))
    modality = models.CharField(max_length=16, help_text=_("A DICOM modality code."))
    regions = ArrayField(models.CharField(max_length=20, choices=[(r, r) for r in REGIONS]))
    n = models.PositiveSmallIntegerField(help_text=_("Its place in the series, from 1."))
    month = models.PositiveSmallIntegerField(help_text=_("Months after the anchor."))
    weeks = models.PositiveSmallIntegerField(default=0, help_text=_("Weeks after those months."))
    earliest_on = models.DateField()
    due_on = models.DateField()
    latest_on = models.DateField()
    lapses_on = models.DateField()
    outcome = models.CharField(max_length=20, choices=OUTCOMES, default=Outcome.OPEN.value)
    outcome_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "exam", "n"], name="one_slot_per_place"),
            models.CheckConstraint(
                condition=Q(earliest_on__lte=F("due_on"))
                & Q(due_on__lte=F("latest_on"))
                & Q(latest_on__lt=F("lapses_on")),
                name="slot_dates_in_order",
            ),
        ]
        indexes = [
            # What is still to be done is a small part of all slots, and every list starts here.
            models.Index(
                fields=["latest_on", "id"],
                condition=Q(outcome__in=["open", "partially_satisfied"]),
                name="slots_to_be_done",
            ),
            models.Index(
                fields=["schedule", "earliest_on"],
                condition=Q(outcome__in=["open", "partially_satisfied"]),
                name="slots_to_be_done_by_schedule",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(exam)s no. %(n)s, due %(day)s") % {
            "exam": self.exam_name,
            "n": self.n,
            "day": long_date(self.due_on),
        }

    @property
    def exam_name(self) -> str:
        """The exam as people read it; `exam` is the same in every language."""
        return exam_name(self.exam)

    @property
    def patient(self) -> Patient:
        return self.schedule.tumour.patient

    @property
    def missing(self) -> tuple[str, ...]:
        """The regions that this slot's studies have not covered yet."""
        return missing_regions(self.regions, [study.regions for study in self.counting_studies])

    @property
    def missing_names(self) -> str:
        """The same in words."""
        return listed(map(region_name, self.missing))

    @property
    def why(self) -> str:
        """The reason of its outcome, in the language of whoever asks."""
        return STORED.read_again(self.outcome_reason)

    @property
    def counting_studies(self) -> list["Study"]:
        """The slot's studies, without those whose images were reported as inadequate."""
        return [study for study in self.studies.all() if study.is_adequate]
