"""Scanners and the appointments on them."""

import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic, Patient
from schedules.models.schedule import Slot
from schedules.models.study import STUDY_UID, made_up_study_uid
from surveillance.audit.history import tracked

MINUTES = Q(minutes__range=(1, 720))
AE_TITLE = RegexValidator(
    r"^[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?$",
    _("An AE title has 1 to 16 letters, digits and signs of ASCII, but no backslash."),
)
READ_ALOUD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U


def made_up_accession() -> str:
    """Return a number for an order that nobody else gives out: 60 random bits, at most 16 signs
    (DICOM PS3.5, 6.2: SH)."""
    return "SV" + "".join(secrets.choice(READ_ALOUD) for _ in range(12))


@tracked()
class Scanner(models.Model):
    """A machine that a clinic books."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="scanners")
    name = models.CharField(max_length=80)
    minutes = models.PositiveSmallIntegerField(
        default=30, help_text=_("How long an appointment takes, unless its booking says otherwise.")
    )
    ae_title = models.CharField(
        _("AE title"),
        max_length=16,
        blank=True,
        default="",
        validators=[AE_TITLE],
        help_text=_("By which it asks for its worklist; without one it gets none."),
    )
    in_use = models.BooleanField(
        default=True, help_text=_("Out of use nothing new is booked on it; what is booked stands.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="one_scanner_per_name"),
            models.UniqueConstraint(
                fields=["ae_title"], condition=~Q(ae_title=""), name="one_scanner_per_ae_title"
            ),
            models.CheckConstraint(condition=MINUTES, name="scanner_takes_up_to_12_hours"),
        ]

    def __str__(self) -> str:
        return self.name


class BookingState(models.TextChoices):
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    FULFILLED = "fulfilled", _("Fulfilled")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("Did not attend")


def time_taken() -> Func:
    """Return the range of time that a booking takes, its end left out, by the clock of UTC.

    An index holds no calculation with time zones, since their rules may change; by UTC there is
    none.
    """
    starts = Func(Value("UTC"), F("starts_at"), function="timezone", output_field=DateTimeField())
    lasts = Func(
        *(Value(0) for _ in range(5)),
        F("minutes"),
        function="make_interval",
        output_field=DurationField(),
    )
    ends = ExpressionWrapper(starts + lasts, output_field=DateTimeField())
    return Func(starts, ends, function="tsrange", output_field=DateTimeRangeField())


@tracked()
class Booking(models.Model):
    """An appointment for a slot. A new time is a new row that points to the old one.

    It is an order, too: the scanner is given its accession number and the UID of the study to be,
    and what comes back with them answers it.

    Triggers write `patient`: it is the slot's, whoever inserts or moves the row; and what calendars
    know it by: all rows that replaced each other are one event of theirs, whose sequence grows with
    each new time, place or length, and with each cancellation and its undoing.
    """

    ACTIVE = (BookingState.BOOKED, BookingState.ARRIVED)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="bookings")
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="bookings", editable=False
    )
    scanner = models.ForeignKey(Scanner, on_delete=models.PROTECT, related_name="bookings")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=30)
    state = models.CharField(max_length=10, choices=BookingState, default=BookingState.BOOKED)
    outside_window_reason = models.CharField(max_length=300, blank=True)
    broken_off_because = models.CharField(
        max_length=200, blank=True, default="", help_text=_("Why the scanner gave it back undone.")
    )
    accession = models.CharField(max_length=16, unique=True, default=made_up_accession)
    study_uid = models.CharField(
        "StudyInstanceUID",
        max_length=64,
        unique=True,
        default=made_up_study_uid,
        validators=[STUDY_UID],
    )
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    booked_at = models.DateTimeField(default=timezone.now)
    calendar_uid = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    calendar_sequence = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["booked", "arrived"]),
                name="one_active_booking_per_slot",
            ),
            models.CheckConstraint(condition=MINUTES, name="booking_takes_up_to_12_hours"),
            ExclusionConstraint(
                name="scanner_has_one_booking_at_a_time",
                expressions=[
                    ("scanner", RangeOperators.EQUAL),
                    (time_taken(), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["booked", "arrived"]),
            ),
            ExclusionConstraint(
                name="patient_has_one_booking_at_a_time",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    (time_taken(), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["booked", "arrived"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def ends_at(self) -> datetime:
        """When the scanner and the patient are free again."""
        return self.starts_at + timedelta(minutes=self.minutes)
