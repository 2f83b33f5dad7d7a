"""The outbox."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from reminders.models.notice import Notice
from reminders.troubles import TROUBLES


class MessageState(models.TextChoices):
    HELD = "held", _("Held until an administrator decides")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    WITHDRAWN = "withdrawn", _("Withdrawn: no longer true")
    FAILED = "failed", _("Failed")


class ChannelName(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    HL7 = "hl7", "HL7"


class Hold(models.Model):
    """Far more would have gone out at once than on any usual day: a person decides first."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="holds")
    at = models.DateTimeField()
    lines = models.PositiveIntegerField(help_text=_("What would have been told."))
    usual = models.PositiveIntegerField(help_text=_("The most that one day may tell unasked."))
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True) ^ Q(decided_by__isnull=False),
                name="hold_is_decided_by_somebody_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lines} lines for {self.clinic}"


class Message(models.Model):
    """One mail, text message or HL7 message to one address. Its public id is the same at every
    attempt."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="messages")
    channel = models.CharField(max_length=5, choices=ChannelName)
    recipient = models.CharField(max_length=254)
    any_hour = models.BooleanField(default=False)
    subject = models.CharField(max_length=200, blank=True, help_text=_("As it was last sent."))
    body = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    hold = models.ForeignKey(
        Hold, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    queued_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(
        max_length=60, blank=True, help_text=_("The database session of whoever is sending it.")
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="held") | Q(hold__isnull=False), name="held_by_a_hold"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"],
                condition=Q(state__in=["queued", "sending"]),
                name="messages_to_deliver",
            ),
            models.Index(
                fields=["clinic", "-next_try_at"],
                condition=Q(state__in=["held", "failed"]),
                name="messages_in_trouble",
            ),
            models.Index(fields=["clinic", "-queued_at", "-id"], name="messages_of_a_clinic"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} to {self.recipient}"

    @property
    def trouble(self) -> str:
        """Why it could not be sent, in the language of whoever asks."""
        return TROUBLES.read_again(self.last_error)


class Line(models.Model):
    """One notice to one recipient. Lines that are ready together go into one message."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="lines")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=5, choices=ChannelName)
    recipient = models.CharField(max_length=254)
    to_patient = models.BooleanField(default=False)
    any_hour = models.BooleanField(default=False)
    deliver_at = models.DateTimeField()
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="lines"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel", "recipient"], name="told_once_to_a_recipient"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deliver_at", "id"],
                condition=Q(message__isnull=True, withdrawn_at__isnull=True),
                name="lines_to_gather",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice} to {self.recipient}"
