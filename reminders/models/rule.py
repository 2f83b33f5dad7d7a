"""What a clinic wants said: of what, when, to whom."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from surveillance.audit.history import tracked


class Kind(models.TextChoices):
    """What is told. The first three remind that a date comes near, the others alert."""

    TO_BOOK = "to_book", _("Exam to be booked")
    APPOINTMENT = "appointment", _("Appointment ahead")
    NO_SHOW = "no_show", _("Did not attend")
    OVERDUE = "overdue", _("Exam overdue")
    RESULT = "result", _("Result not reviewed")


class RelativeTo(models.TextChoices):
    """The date that a rule counts its days from."""

    OPENS = "opens", _("the window opens")
    DUE = "due", _("the due date")
    LATEST = "latest", _("the last day on time")
    APPOINTMENT = "appointment", _("the appointment")
    RESULT = "result", _("the result was recorded")


class Audience(models.TextChoices):
    NURSES = "nurses", _("The nurses")
    RESPONSIBLE = "responsible", _("The responsible clinician")
    LEAD = "lead", _("The clinic's lead")
    CLINIC = "clinic", _("The whole clinic")
    PATIENT = "patient", _("The patient, who agreed to it")


@tracked()
class Rule(models.Model):
    """One thing that a clinic wants said."""

    ALERTS = (Kind.OVERDUE, Kind.RESULT)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="rules")
    kind = models.CharField(max_length=12, choices=Kind)
    relative_to = models.CharField(max_length=12, choices=RelativeTo)
    days = models.SmallIntegerField(help_text=_("After that date; before it where negative."))
    repeat_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Say it again every so many days while it stays true.")
    )
    audience = models.CharField(max_length=12, choices=Audience)
    by_mail = models.BooleanField(
        default=True,
        help_text=_("Otherwise it stands in the inbox alone. Patients choose for themselves."),
    )
    digest = models.BooleanField(
        default=True, help_text=_("In one message each working morning; otherwise at once.")
    )
    any_hour = models.BooleanField(
        default=False, help_text=_("Even while the clinic is closed: at night and on holidays.")
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "kind", "relative_to", "days", "audience"],
                name="one_rule_for_each_thing_said",
            ),
            models.CheckConstraint(
                condition=Q(kind="to_book", relative_to__in=["opens", "due", "latest"])
                | Q(kind="overdue", relative_to="latest")
                | Q(kind__in=["appointment", "no_show"], relative_to="appointment")
                | Q(kind="result", relative_to="result"),
                name="rule_counts_from_a_date_of_its_kind",
            ),
            models.CheckConstraint(
                condition=~Q(audience="patient") | Q(kind__in=["to_book", "appointment"]),
                name="patients_hear_of_appointments_alone",
            ),
            models.CheckConstraint(
                condition=Q(repeat_days__isnull=True) | Q(repeat_days__gt=0),
                name="rule_repeats_after_a_day_at_least",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s, %(when)s: %(audience)s") % {
            "kind": self.get_kind_display(),
            "when": self.when,
            "audience": self.get_audience_display().lower(),
        }

    @property
    def when(self) -> str:
        """On which day it speaks, such as “6 days before the window opens”."""
        count = abs(self.days)
        if self.days < 0:
            words = ngettext("%(days)s day before %(date)s", "%(days)s days before %(date)s", count)
        elif self.days > 0:
            words = ngettext("%(days)s day after %(date)s", "%(days)s days after %(date)s", count)
        else:
            words = gettext("on %(date)s")
        return words % {"days": count, "date": self.get_relative_to_display()}
