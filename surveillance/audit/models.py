"""What people did and what they looked at, and the seals on it.

Rows hold no foreign keys: they outlive what they tell of. Triggers of PostgreSQL refuse whatever
would change or remove one (ADR 0017).
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Func

from surveillance.audit.history import TransactionId
from surveillance.audit.wording import act_in_words, page_in_words


class TodayInPostgres(Func):
    """The day in UTC by the database's clock, the one clock that all machines share."""

    template = "(statement_timestamp() AT TIME ZONE 'UTC')::date"
    output_field = models.DateField()


class Entry(models.Model):
    """What an event and a look have in common."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    by_id = models.UUIDField(null=True, help_text="The user's public id; a program has none.")
    by_name = models.CharField(max_length=200)
    clinic_code = models.CharField(max_length=20, blank=True)
    origin = models.CharField(
        max_length=200,
        db_default="",
        help_text="An address, or what ran on the server.",
    )
    day = models.DateField(
        db_default=TodayInPostgres(), editable=False, help_text="Whose seal covers this row."
    )

    class Meta:
        abstract = True


class Event(Entry):
    """One act that changed something, or that took data out."""

    act = models.CharField(max_length=60)
    patient_id = models.UUIDField(null=True, help_text="The patient's public id.")
    detail = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # By these two the rows that it changed are found in the history. A number comes again in a
    # database that was restored, the moment does not. Empty in what is older than the history.
    transaction = models.BigIntegerField(null=True, db_default=TransactionId(), editable=False)
    began = models.DateTimeField(null=True, db_default=TransactionNow(), editable=False)
    sealed_as = models.BinaryField(
        null=True, editable=False, help_text="What was sealed of it, if its detail was erased."
    )

    class Meta:
        indexes = [
            models.Index(fields=["clinic_code", "-at"], name="event_by_clinic"),
            models.Index(fields=["patient_id", "-at"], name="event_by_patient"),
            models.Index(fields=["-at", "-id"], name="event_by_time"),
            models.Index(fields=["by_id", "-at"], name="event_by_person"),
            BrinIndex(fields=["day"], name="event_by_day"),
            models.Index(fields=["transaction"], name="event_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by_name}: {self.act}"

    @property
    def in_words(self) -> str:
        return act_in_words(self.act)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The detail as people read it: each name with its value, without empty ones."""
        return [
            (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
            for name, value in self.detail.items()
            if value
        ]


class Look(Entry):
    """One page, list or export that showed patients to a person."""

    page = models.CharField(max_length=200)
    patient_ids = ArrayField(models.UUIDField())

    class Meta:
        indexes = [
            models.Index(fields=["clinic_code", "-at"], name="look_by_clinic"),
            GinIndex(fields=["patient_ids"], name="look_by_patient"),
            models.Index(fields=["-at", "-id"], name="look_by_time"),
            models.Index(fields=["by_id", "-at"], name="look_by_person"),
            BrinIndex(fields=["day"], name="look_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by_name} saw {len(self.patient_ids)} at {self.page}"

    @property
    def in_words(self) -> str:
        return page_in_words(self.page)


class Seal(models.Model):
    """What the audit of one day was when the day had ended; `chain.py` makes and reads them."""

    day = models.DateField(unique=True)
    events = models.PositiveBigIntegerField()
    looks = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256, of the seal before it too.")
    sealed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.day} {self.digest}"
