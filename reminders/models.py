"""Who is told: reminders and alerts, the outbox, and the sweeps that ran."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from schedules.models import Slot


class Notice(models.Model):
    """That something is to be told about a slot: decided once, by its key."""

    key = models.CharField(max_length=100, unique=True)
    raised_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.key


class Reminder(Notice):
    """A date comes near: a slot can be booked and is not."""

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="reminders")


class Alert(Notice):
    """A date has passed: a slot is overdue and nobody has it in hand."""

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="alerts")


class MessageState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    WITHDRAWN = "withdrawn", "Withdrawn: no longer true"
    FAILED = "failed", "Failed"


class Message(models.Model):
    """The outbox: one mail to one address, written in the statement that raised its notice."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    reminder = models.OneToOneField(
        Reminder, null=True, blank=True, on_delete=models.PROTECT, related_name="message"
    )
    alert = models.OneToOneField(
        Alert, null=True, blank=True, on_delete=models.PROTECT, related_name="message"
    )
    recipient = models.EmailField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reminder__isnull=True) ^ Q(alert__isnull=True),
                name="message_tells_of_one_notice",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"],
                condition=Q(state__in=["queued", "sending"]),
                name="messages_to_deliver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} to {self.recipient}"

    @property
    def slot(self) -> Slot:
        notice = self.reminder or self.alert
        assert notice is not None  # held by the constraint above
        return notice.slot


class Sweep(models.Model):
    """That the sweep ran: “0 overdue” is believed only beside this."""

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField()
    looked_at = models.PositiveIntegerField(help_text="Slots still to be done.")
    reminders = models.PositiveIntegerField()
    alerts = models.PositiveIntegerField()
    sent = models.PositiveIntegerField()
    withdrawn = models.PositiveIntegerField()
    retrying = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()

    class Meta:
        get_latest_by = "started_at"

    def __str__(self) -> str:
        return (
            f"looked at {self.looked_at} slots, raised {self.reminders} reminders and "
            f"{self.alerts} alerts; sent {self.sent}, withdrew {self.withdrawn}, "
            f"will retry {self.retrying}, gave up {self.failed}"
        )
