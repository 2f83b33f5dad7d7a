"""Who signs in. What they may do, and where, stands in `patients.models.Membership`."""

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from surveillance.audit.history import tracked


@tracked(without=["password", "last_login", "signed_out_at", "invited_at"])
class User(AbstractUser):
    """A person who signs in."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    language = models.CharField(
        max_length=10,
        choices=settings.LANGUAGES,
        blank=True,
        default="",
        help_text=_("Of pages and of mails to this person; empty: as their browser asks."),
    )
    signed_out_at = models.DateTimeField(  # everywhere: no session that began before it counts
        null=True, blank=True, editable=False
    )
    invited_at = models.DateTimeField(  # to set a password: no link of another moment counts
        null=True, blank=True, editable=False
    )

    def __str__(self) -> str:
        if get_language() == "ja":
            return f"{self.last_name} {self.first_name}".strip() or self.username
        return self.get_full_name() or self.username
