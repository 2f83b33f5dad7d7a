"""What administrators type of a clinic. The rules stand in the actions; a form only reads."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from patients.clinic_actions import FACTS
from patients.fields import DatedForm, DateField, TimeField
from patients.forms import EditForm
from patients.models import CalendarsTell, Clinic, Membership
from schedules.models import Scanner
from schedules.models.booking import AE_TITLE
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role


@cache
def time_zones() -> list[tuple[str, str]]:
    """Return all names of time zones as choices, read from the disk once."""
    return [(name, name) for name in sorted(available_timezones())]


class FactsForm(EditForm):
    """The facts of a clinic."""

    name = forms.CharField(label=_("Name"), max_length=120)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("It decides what day it is at the clinic.")
    )
    country = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=2,
        help_text=_("ISO 3166 code, such as JP: its public holidays are kept."),
    )
    region = forms.CharField(
        label=_("Region"),
        required=False,
        max_length=20,
        help_text=_("The part of the country, where holidays differ, such as BY for Bavaria."),
    )
    opens_at = TimeField(
        label=_("Opens at"),
        help_text=_("Nothing is sent or proposed before, nor from the closing on."),
    )
    closes_at = TimeField(label=_("Closes at"))
    booking_email = forms.EmailField(
        label=_("Address of the nurses"), help_text=_("Where reminders to book are sent.")
    )
    alert_email = forms.EmailField(
        label=_("Address of the clinicians"), help_text=_("Where overdue alerts are sent.")
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        help_text=_("Which patients are asked to call."),
    )
    name_for_patients = forms.CharField(
        label=_("Name for patients"),
        required=False,
        max_length=120,
        help_text=_("How messages to patients are signed: nothing that tells a stranger why."),
    )
    lead = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Lead"),
        required=False,
        empty_label=_("Nobody: the clinicians’ address hears"),
        help_text=_("Who hears when an alert goes unanswered."),
    )
    calendars_tell = forms.ChoiceField(
        label=_("Calendars tell of a patient"),
        choices=CalendarsTell.choices,
        help_text=_("Of the calendar feeds, which programs outside of this one read."),
    )

    def __init__(self, data: QueryDict | None, *, clinic: Clinic) -> None:
        super().__init__(data, initial={name: getattr(clinic, name) for name in FACTS})
        zone, lead = self.fields["time_zone"], self.fields["lead"]
        assert isinstance(zone, forms.ChoiceField)
        assert isinstance(lead, forms.ModelChoiceField)
        zone.choices = time_zones()
        members = User.objects.filter(is_active=True, memberships__clinic=clinic)
        lead.queryset = members.order_by("last_name", "first_name", "username")


class MemberForm(forms.Form):
    username = forms.CharField(
        label=_("Username"), max_length=150, help_text=_("Of somebody who has an account.")
    )
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)


class RoleForm(EditForm):
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)

    @classmethod
    def of(cls, membership: Membership) -> "RoleForm":
        return cls(initial={"role": membership.role}, auto_id=f"id_member{membership.pk}_%s")


class ScannerForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    minutes = forms.IntegerField(
        label=_("Minutes"),
        initial=30,
        help_text=_("How long an appointment takes, unless its booking says otherwise."),
    )
    ae_title = forms.CharField(
        label=_("AE title"),
        max_length=16,
        required=False,
        validators=[AE_TITLE],
        help_text=_("By which it asks for its worklist; without one it gets none."),
    )


class ScannerChangeForm(EditForm, ScannerForm):
    @classmethod
    def of(cls, scanner: Scanner) -> "ScannerChangeForm":
        return cls(
            initial={
                "name": scanner.name,
                "minutes": scanner.minutes,
                "ae_title": scanner.ae_title,
            },
            auto_id=f"id_scanner{scanner.pk}_%s",
        )


class ClosedDayForm(DatedForm):
    on = DateField(label=_("Day"))
    reason = forms.CharField(
        label=_("Reason"), max_length=80, help_text=_("Such as “Maintenance of the scanners”.")
    )
