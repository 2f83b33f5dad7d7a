"""Filters of a list that somebody uses again and again."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ListName(models.TextChoices):
    TO_BOOK = "to_book", _("To book")


class SavedView(models.Model):
    """The filters of a list under the name that a person gave them: theirs alone."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    list = models.CharField(max_length=20, choices=ListName)
    name = models.CharField(max_length=60)
    query = models.TextField(
        help_text="The filters as an address says them; whom one searches for is never among them."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "list", "name"], name="one_saved_view_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
