"""That it ran, and what went wrong: nothing is believed without it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from reminders.troubles import ALARMS


class Sweep(models.Model):
    """That the sweep ran: “0 overdue” is believed only beside this."""

    at = models.DateTimeField(help_text=_("The moment that it swept for."))
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(
        null=True, help_text=_("None of one that is under way, or was killed.")
    )
    looked_at = models.PositiveIntegerField(
        default=0,
        help_text=_("Patients of whom something changed, or for whom a day came that matters."),
    )
    raised = models.PositiveIntegerField(default=0, help_text=_("Notices."))
    ended = models.PositiveIntegerField(default=0, help_text=_("Notices that are no longer true."))
    sent = models.PositiveIntegerField(default=0, help_text=_("Messages, as are the next three."))
    withdrawn = models.PositiveIntegerField(default=0)
    retrying = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(
        default=0, help_text=_("Messages that wait for an administrator.")
    )

    class Meta:
        get_latest_by = "started_at"
        indexes = [models.Index(fields=["-started_at"], name="sweeps_by_time")]

    def __str__(self) -> str:
        return (
            f"looked at {self.looked_at} patients, raised {self.raised} notices, "
            f"ended {self.ended}; sent {self.sent}, withdrew {self.withdrawn}, "
            f"will retry {self.retrying}, gave up {self.failed}, holds {self.held}"
        )

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class Reconciliation(models.Model):
    """That what should have been said was compared with what was delivered."""

    at = models.DateTimeField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField()
    slots = models.PositiveIntegerField(help_text=_("Slots still to be done that were looked at."))
    expected = models.PositiveIntegerField(help_text=_("Things that should have been said by now."))
    differences = models.PositiveIntegerField()

    class Meta:
        get_latest_by = "started_at"

    def __str__(self) -> str:
        return (
            f"looked at {self.slots} slots: {self.expected} things should have been said, "
            f"{self.differences} were not"
        )


class AlarmKind(models.TextChoices):
    SILENCE = "silence", _("The sweep has not run")
    DIFFERENCE = "difference", _("Something that should have been said was not")
    HELD = "held", _("A burst of messages is held")
    DICOM = "dicom", _("The DICOM server is silent")
    HL7 = "hl7", _("Appointments cannot be told to another system")
    AUDIT = "audit", _("The audit does not fit its seals")


class Alarm(models.Model):
    """Something is wrong with the machine itself; administrators are told. One open per kind."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=AlarmKind)
    clinic = models.ForeignKey(
        Clinic, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    detail = models.TextField()
    raised_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "clinic"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="one_open_alarm_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} since {self.raised_at:%Y-%m-%d %H:%M}"

    @property
    def words(self) -> str:
        """What is wrong, in the language of whoever asks."""
        return "\n".join(map(ALARMS.read_again, self.detail.splitlines()))
