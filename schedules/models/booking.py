"""Scanners and the appointments on them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Clinic
from schedules.models.schedule import Slot


class Scanner(models.Model):
    """A machine that a clinic books."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="scanners")
    name = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="one_scanner_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BookingState(models.TextChoices):
    BOOKED = "booked", "Booked"
    ARRIVED = "arrived", "Arrived"
    FULFILLED = "fulfilled", "Fulfilled"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "Did not attend"


class Booking(models.Model):
    """An appointment for a slot. A new time is a new row that points to the old one."""

    ACTIVE = (BookingState.BOOKED, BookingState.ARRIVED)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="bookings")
    scanner = models.ForeignKey(Scanner, on_delete=models.PROTECT, related_name="bookings")
    starts_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=BookingState, default=BookingState.BOOKED)
    outside_window_reason = models.CharField(max_length=300, blank=True)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    booked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["booked", "arrived"]),
                name="one_active_booking_per_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE
