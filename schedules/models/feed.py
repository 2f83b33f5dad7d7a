"""Appointments as a calendar that other programs read by an address of its own."""

import uuid
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Clinic
from schedules.models.booking import Scanner
from surveillance.audit.history import tracked


def digest_of_secret(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


@tracked(without=["secret_digest", "read_at", "told_digest", "told_since"])
class Feed(models.Model):
    """The appointments of a clinic, or of one of its scanners, for who knows the secret address.

    Of the secret nothing is kept by which the address could be told again.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="feeds")
    scanner = models.ForeignKey(
        Scanner, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=80)
    secret_digest = models.CharField(max_length=64, unique=True, help_text="SHA-256, hexadecimal.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    told_digest = models.CharField(max_length=64, blank=True, default="")
    told_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when it says what it said last."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "name"],
                condition=Q(revoked_at=None),
                name="one_feed_of_a_name",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="feed_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.name
