"""The attempts to reach a patient about a slot."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schedules.models.schedule import Slot
from surveillance.audit.history import tracked


class ContactOutcome(models.TextChoices):
    NO_ANSWER = "no_answer", _("No answer")
    MESSAGE_LEFT = "message_left", _("Left a message")
    CALL_BACK = "call_back", _("Asked to be called again")
    AGREED = "agreed", _("Agreed to come")
    REFUSED = "refused", _("Does not want to come")
    WRONG_NUMBER = "wrong_number", _("The number is wrong")


@tracked()
class Contact(models.Model):
    """One attempt to reach the patient about a slot, and what came of it."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="contacts")
    outcome = models.CharField(max_length=14, choices=ContactOutcome)
    note = models.CharField(max_length=300, blank=True)
    snoozed_until = models.DateField(
        null=True, blank=True, help_text=_("The day on which the slot is back on the list.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.get_outcome_display()
