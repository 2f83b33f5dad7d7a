"""Who outside is told of a clinic's appointments by HL7 v2, and what was told."""

import secrets

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.marks import mark
from patients.models import Clinic
from reminders.models.message import Message, MessageState
from reminders.troubles import TROUBLES
from schedules.models import Booking, BookingState
from schedules.models.booking import READ_ALOUD
from surveillance.audit.history import tracked

HOST = RegexValidator(
    r"^[A-Za-z0-9_.:-]+\Z", _("A host is a name or an IP address, and nothing before or after it.")
)


def made_up_control_id() -> str:
    """Return a message control id that nobody else gives out: 80 random bits, in the 20 signs that
    version 2.5.1 has room for (MSH-10)."""
    return "SV" + "".join(secrets.choice(READ_ALOUD) for _ in range(16))


class Charset(models.TextChoices):
    """In which a message is written, by the name that MSH-18 gives it."""

    UTF_8 = "UNICODE UTF-8", "UTF-8"
    ISO_2022_JP = "~ISO IR87", "ISO-2022-JP"
    LATIN_1 = "8859/1", "Latin-1"


@tracked(without=["forgot_up_to", "tried_at", "answered_at", "error"])
class Receiver(models.Model):
    """The system that a clinic tells of its appointments. A clinic without one tells nobody."""

    NAMES = ("our_application", "our_facility", "application", "facility")

    clinic = models.OneToOneField(Clinic, on_delete=models.CASCADE, related_name="receiver")
    on = models.BooleanField(default=False)
    host = models.CharField(max_length=253, blank=True, default="", validators=[HOST])
    port = models.PositiveIntegerField(
        default=2575, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    tls = models.BooleanField(default=False)
    our_application = models.CharField(max_length=100, default="SURVEILLANCE")  # MSH-3
    our_facility = models.CharField(max_length=100, blank=True, default="")  # MSH-4
    application = models.CharField(max_length=100, blank=True, default="")  # MSH-5
    facility = models.CharField(max_length=100, blank=True, default="")  # MSH-6
    charset = models.CharField(max_length=20, choices=Charset, default=Charset.UTF_8)
    since = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When it was last set on: appointments before that are not told."),
    )
    forgot_up_to = models.BigIntegerField(
        default=0, help_text=_("The last announcement of which it knows nothing any more.")
    )
    tried_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(
        max_length=300, blank=True, default="", help_text=_("Why it could not be reached.")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(on=False) | ~Q(host="") & Q(since__isnull=False),
                name="a_receiver_that_is_on_has_an_address",
            ),
            models.CheckConstraint(
                condition=Q(port__range=(1, 65535)), name="a_receiver_has_a_port"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application or 'HL7'} ({self.host}:{self.port})"

    @property
    def trouble(self) -> str:
        """Why it could not be told, in the language of whoever asks."""
        return TROUBLES.read_again(self.error)

    @property
    def mark(self) -> str:
        """What changes whenever people arrange something else."""
        names = (getattr(self, name) for name in self.NAMES)
        return mark(self.on, self.host, self.port, self.tls, self.charset, *names)


class Event(models.TextChoices):
    """What happened to an appointment: the trigger events of HL7 v2, chapter 10."""

    BOOKED = "S12", _("New appointment")
    RESCHEDULED = "S13", _("Appointment at another time")
    MODIFIED = "S14", _("Appointment changed")
    CANCELLED = "S15", _("Appointment cancelled")
    NO_SHOW = "S26", _("Patient did not attend")


class Announcement(models.Model):
    """What one message tells a receiver of one appointment: that its booking is in this state.

    An appointment that is given other times is several bookings, and stays one appointment: that of
    the first. What is told of it is numbered; the number is what decides each thing once.
    """

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="announcement")
    appointment = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="announcements")
    number = models.PositiveIntegerField()
    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="told")
    booking_state = models.CharField(max_length=10, choices=BookingState)
    event = models.CharField(max_length=3, choices=Event)
    control_id = models.CharField(
        max_length=20,
        unique=True,
        default=made_up_control_id,
        help_text=_("The same at every attempt: a repeat is known by it."),
    )
    may_have_arrived = models.BooleanField(
        default=False,
        help_text=_("It went out at some attempt, and no answer came that could be believed."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "number"], name="told_once_of_an_appointment"
            ),
        ]
        indexes = [models.Index(fields=["booking", "-number"], name="last_told_of_a_booking")]

    def __str__(self) -> str:
        return f"{self.event} {self.control_id}"

    @property
    def is_known(self) -> bool:
        """Whether the receiver knows what it tells, or may know it."""
        return self.message.state == MessageState.SENT or self.may_have_arrived
