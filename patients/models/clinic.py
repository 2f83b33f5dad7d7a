"""A clinic, when it is closed, and who works in it."""

import uuid
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from holidays.utils import list_supported_countries

from patients.calendar import holiday_on
from surveillance.accounts.roles import Role
from surveillance.audit.history import tracked


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            gettext("“%(name)s” is not the name of a time zone, such as Asia/Tokyo.")
            % {"name": name}
        )


def regions_by_country() -> dict[str, list[str]]:
    """Return the countries whose public holidays are known, each with the regions that differ."""
    return list_supported_countries(include_aliases=False)


def validate_country(code: str) -> None:
    if code not in regions_by_country():
        raise ValidationError(
            gettext("The holidays of “%(code)s” are not known: write a code such as JP.")
            % {"code": code}
        )


class CalendarsTell(models.TextChoices):
    """What a clinic lets calendars outside of the product tell of its patients."""

    NOTHING = "nothing", _("Nothing but the exam and its accession number")
    NUMBER = "number", _("The record number")
    NAME = "name", _("The name and the record number")


@tracked()
class Clinic(models.Model):
    """A department that follows patients."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, validators=[validate_time_zone])
    mrn_issuer = models.CharField(
        max_length=64, help_text=_("Who issues this clinic's medical record numbers.")
    )
    booking_email = models.EmailField(help_text=_("Where reminders to book are sent: the nurses."))
    alert_email = models.EmailField(help_text=_("Where overdue alerts are sent: the clinicians."))
    country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        validators=[validate_country],
        help_text=_("ISO 3166 code, such as JP; its holidays are days on which nothing is sent."),
    )
    region = models.CharField(
        max_length=20,
        blank=True,
        default="",
        help_text=_("The part of the country, where holidays differ, such as BY for Bavaria."),
    )
    opens_at = models.TimeField(default=time(8), help_text=_("On its own clock."))
    closes_at = models.TimeField(default=time(19), help_text=_("Nothing is sent from then on."))
    name_for_patients = models.CharField(
        max_length=120,
        blank=True,
        default="",
        help_text=_(
            "How messages to patients are signed: nothing that tells a stranger why, such "
            "as the hospital's name. Without it they are signed with no name."
        ),
    )
    phone = models.CharField(
        max_length=40, blank=True, default="", help_text=_("Which patients are asked to call.")
    )
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who hears when an alert goes unanswered."),
    )
    calendars_tell = models.CharField(
        max_length=10,
        choices=CalendarsTell,
        default=CalendarsTell.NOTHING,
        help_text=_("What calendars that are read elsewhere say of a patient."),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")), name="clinic_opens_before_it_closes"
            ),
            models.CheckConstraint(
                condition=Q(region="") | ~Q(country=""), name="region_is_of_a_country"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.opens_at >= self.closes_at:
            raise ValidationError({"closes_at": gettext("A clinic closes after it has opened.")})
        if self.region and self.region not in regions_by_country().get(self.country, []):
            raise ValidationError(
                {
                    "region": gettext("“%(region)s” is no region of “%(country)s” with holidays.")
                    % {"region": self.region, "country": self.country}
                }
            )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self, at: datetime | None = None) -> date:
        """Return the clinic's own date at `at` (now, unless told)."""
        return timezone.localdate(at, self.zone)

    @cached_property
    def days_closed(self) -> dict[date, str]:
        """The days on which the clinic itself has closed, each with the reason."""
        return {day.on: day.reason for day in self.closed_days.all()}

    def holiday_on(self, day: date) -> str:
        """Return why the clinic is closed on that day: its own reason, or a public holiday's name.

        Empty if it is none of them; weekends are not asked about.
        """
        return self.days_closed.get(day) or holiday_on(self.country, self.region, day)


@tracked()
class ClosedDay(models.Model):
    """A day on which a clinic does not work, beside weekends and public holidays."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="closed_days")
    on = models.DateField()
    reason = models.CharField(max_length=80)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "on"], name="clinic_closes_once_a_day"),
        ]

    def __str__(self) -> str:
        return self.reason


@tracked()
class Membership(models.Model):
    """A user's role in one clinic."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic"], name="one_role_per_user_and_clinic"),
        ]

    def __str__(self) -> str:
        return gettext("%(user)s: %(role)s at %(clinic)s") % {
            "user": self.user,
            "role": self.get_role_display(),
            "clinic": self.clinic,
        }
