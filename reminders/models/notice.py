"""That something is to be told, decided once."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Patient
from reminders.models.rule import Kind, Rule
from schedules.models import Booking, Result, Slot
from schedules.stored_words import STORED


class Notice(models.Model):
    """A reminder or an alert: what a rule says of one slot, appointment or result.

    It is open for as long as it is true. Of one thing a rule has one open notice at most; that is
    the key by which everything is decided once.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="notices")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="notices")
    slot = models.ForeignKey(
        Slot, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    booking = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    result = models.ForeignKey(
        Result, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    round = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often it was said before.")
    )
    since = models.DateTimeField(
        help_text=_("When the first rule of this kind spoke: escalation counts from then.")
    )
    raised_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=100, blank=True, default="")
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            *(
                models.UniqueConstraint(
                    fields=[subject, "rule", "round"],
                    condition=Q(ended_at__isnull=True),
                    name=f"one_open_notice_per_{subject}",
                )
                for subject in ("slot", "booking", "result")
            ),
            models.CheckConstraint(
                condition=Q(slot__isnull=False, booking__isnull=True, result__isnull=True)
                | Q(slot__isnull=True, booking__isnull=False, result__isnull=True)
                | Q(slot__isnull=True, booking__isnull=True, result__isnull=False),
                name="notice_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="notice_ends_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_by__isnull=True) | Q(ended_at__isnull=False),
                name="acknowledged_notices_have_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["patient"], condition=Q(ended_at__isnull=True), name="open_notices"
            ),
            # None, but after a clock was put back: see `clocks.TAKE_UP_AGAIN`.
            models.Index(
                fields=["patient"],
                condition=Q(ended_at__lt=F("raised_at")),
                name="notices_ended_too_early",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s: %(what)s") % {
            "kind": self.rule.get_kind_display(),
            "what": self.slot or self.booking or self.result,
        }

    @property
    def why_ended(self) -> str:
        """The reason, in the language of whoever asks."""
        return STORED.read_again(self.end_reason)

    @property
    def is_alert(self) -> bool:
        return Kind(self.rule.kind) in Rule.ALERTS
