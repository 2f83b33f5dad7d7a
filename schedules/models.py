"""What is due: protocols, schedules, slots, bookings, studies, results, reviews."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from patients.models import Clinic, Patient, Treatment, Tumour
from schedules.rules.outcome import Outcome, missing_regions
from schedules.rules.protocol import REGIONS, Definition


class ProtocolState(models.TextChoices):
    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class Protocol(models.Model):
    """One version of a cited definition of what is due when. A change is a new version."""

    code = models.SlugField(max_length=60)
    version = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=ProtocolState)
    title = models.CharField(max_length=200)
    population = models.CharField(max_length=300)
    citation = models.TextField()
    quote = models.TextField(help_text="The source's own words.")
    note = models.TextField(blank=True, help_text="What the source does not say or prove.")
    phases = models.JSONField(help_text="As schedules.rules.protocol.Definition reads them.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_protocol_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.code} version {self.version}"

    @property
    def definition(self) -> Definition:
        return Definition.from_data({"phases": self.phases})


class ScheduleState(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    COMPLETED = "completed", "Completed"
    TERMINATED = "terminated", "Terminated"
    SUPERSEDED = "superseded", "Superseded"


class Schedule(models.Model):
    """One patient on one protocol version from one anchor."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="schedules")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="schedules")
    anchor_on = models.DateField(help_text="Month 0.")
    anchor = models.ForeignKey(
        Treatment, on_delete=models.PROTECT, help_text="The event that month 0 counts from."
    )
    state = models.CharField(max_length=12, choices=ScheduleState, default=ScheduleState.ACTIVE)
    state_reason = models.TextField(blank=True)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
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
                condition=~Q(state=ScheduleState.TERMINATED) | ~Q(state_reason=""),
                name="terminated_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.protocol} from {self.anchor_on}"


class Slot(models.Model):
    """One follow-up exam that is due. All dates are the clinic's, and inclusive."""

    TO_BE_DONE = (Outcome.OPEN.value, Outcome.PARTIALLY_SATISFIED.value)

    OUTCOMES = [(outcome.value, outcome.replace("_", " ").capitalize()) for outcome in Outcome]

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="slots")
    exam = models.CharField(max_length=80, help_text="The series, such as “CT chest+abdomen”.")
    modality = models.CharField(max_length=16, help_text="A DICOM modality code.")
    regions = ArrayField(models.CharField(max_length=20, choices=[(r, r) for r in REGIONS]))
    n = models.PositiveSmallIntegerField(help_text="Its place in the series, from 1.")
    month = models.PositiveSmallIntegerField(help_text="Months after the anchor.")
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
        ]

    def __str__(self) -> str:
        return f"{self.exam} no. {self.n}, due {self.due_on}"

    @property
    def patient(self) -> Patient:
        return self.schedule.tumour.patient

    @property
    def missing(self) -> tuple[str, ...]:
        """The regions that this slot's studies have not covered yet."""
        return missing_regions(self.regions, [study.regions for study in self.counting_studies])

    @property
    def counting_studies(self) -> list["Study"]:
        """The slot's studies, without those whose images were reported as inadequate."""
        return [study for study in self.studies.all() if study.is_adequate]


class Scanner(models.Model):
    """A machine that a clinic books."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="scanners")
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="one_scanner_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BookingState(models.TextChoices):
    BOOKED = "booked", "Booked"
    ARRIVED = "arrived", "Arrived"
    FULFILLED = "fulfilled", "Fulfilled"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "Did not attend"


class Booking(models.Model):
    """An appointment for a slot. A new time is a new row that points to the old one."""

    ACTIVE = (BookingState.BOOKED, BookingState.ARRIVED)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="bookings")
    scanner = models.ForeignKey(Scanner, on_delete=models.PROTECT, related_name="bookings")
    starts_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=BookingState, default=BookingState.BOOKED)
    outside_window_reason = models.CharField(max_length=300, blank=True)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    booked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["booked", "arrived"]),
                name="one_active_booking_per_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE


def made_up_study_uid() -> str:
    """Return a valid unique identifier for a study entered by hand (DICOM PS3.5, B.2)."""
    return f"2.25.{uuid.uuid4().int}"


class Study(models.Model):
    """An imaging study that really took place."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_uid = models.CharField(
        "StudyInstanceUID",
        max_length=64,
        unique=True,
        default=made_up_study_uid,
        validators=[RegexValidator(r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$")],
    )
    modality = models.CharField(max_length=16)
    performed_on = models.DateField()
    regions = ArrayField(models.CharField(max_length=20, choices=[(r, r) for r in REGIONS]))
    description = models.CharField(max_length=300, blank=True)
    slots = models.ManyToManyField(Slot, related_name="studies")

    class Meta:
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return f"{self.modality} {'+'.join(self.regions)} of {self.performed_on}"

    @property
    def is_adequate(self) -> bool:
        result = getattr(self, "result", None)
        return result is None or result.outcome != ResultOutcome.INADEQUATE


class ResultOutcome(models.TextChoices):
    NO_DISEASE = "no_disease", "No evidence of disease"
    NEW_LESION = "new_lesion", "New lesion"
    INDETERMINATE = "indeterminate", "Indeterminate"
    INADEQUATE = "inadequate", "Inadequate, to be repeated"


class Result(models.Model):
    """What a study showed."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="result")
    outcome = models.CharField(max_length=15, choices=ResultOutcome)
    sites = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    comment = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return ", ".join([self.get_outcome_display(), *self.sites])


class Decision(models.TextChoices):
    CHASE = "chase", "Chase the patient"
    REBOOK = "rebook", "Rebook"
    DEFER = "defer", "Defer"
    SKIP = "skip", "Skip this exam"
    TERMINATE = "terminate", "End the follow-up"


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
