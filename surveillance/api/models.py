"""The tokens by which programs sign in, and what was answered to them."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from surveillance.accounts.roles import Act
from surveillance.audit.history import tracked

USE_IS_NOTED_EVERY = timedelta(minutes=1)


@tracked(without=["token_key", "last_used_at"])
class Token(AbstractAuthToken):  # type: ignore[misc]
    """A person's leave for a program to act as them, in part. Only its hash is stored."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, help_text=_("What it is for."))
    acts = ArrayField(
        models.CharField(max_length=60, choices=Act),
        help_text=_("Its scopes: what it may do, of what its owner may."),
    )
    read_only = models.BooleanField(default=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    kept = models.Manager["Token"]()  # as any model's; knox's own makes a token and its hash

    class Meta:
        default_manager_name = "kept"
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="one_token_per_name"),
            models.CheckConstraint(
                condition=Q(expiry__isnull=False) & ~Q(acts=[]), name="tokens_are_bounded"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scopes(self) -> str:
        """What it may do, in words."""
        return gettext(", ").join(str(Act(act).label) for act in self.acts)

    def reaches(self, act: Act, *, reads: bool) -> bool:
        """Say whether it may do `act`, or what of it only `reads`."""
        return act in self.acts and (reads or not self.read_only)

    def note_use(self) -> None:
        """Note that it was used now, to the minute."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - USE_IS_NOTED_EVERY:
            self.last_used_at = now
            self.save(update_fields=["last_used_at"])


class Answered(models.Model):
    """What was answered to a request with an Idempotency-Key: told again if it comes again.

    It is written in the transaction of what was done, so that both are there or neither.
    """

    KEPT_FOR = timedelta(days=1)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    asked = models.CharField(max_length=64, help_text="A hash of the request.")
    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    data = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    headers = models.JSONField(default=dict)
    patient_ids = ArrayField(models.UUIDField(), default=list, help_text="Whom it shows.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key"),
        ]
        indexes = [models.Index(fields=["at"], name="answers_by_age")]

    def __str__(self) -> str:
        return self.key
