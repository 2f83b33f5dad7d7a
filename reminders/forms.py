"""What people type of the rules, and of who is told of appointments. What makes sense of a rule
stands in `rules.why_not`."""

from enum import StrEnum
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from reminders.models import Audience, Charset, Kind, Receiver, RelativeTo
from reminders.models.receiver import HOST


class Side(StrEnum):
    BEFORE = "before"
    AFTER = "after"


class How(StrEnum):
    """By which way a rule speaks, and when."""

    MORNING = "morning"
    AT_ONCE = "at_once"
    ANY_HOUR = "any_hour"
    INBOX = "inbox"


class RuleForm(forms.Form):
    clinic = forms.ModelChoiceField(Clinic.objects.none(), label=_("Clinic"), empty_label=None)
    kind = forms.TypedChoiceField(label=_("What"), choices=Kind.choices, coerce=Kind)
    days = forms.IntegerField(
        label=_("Days"), min_value=0, max_value=365, initial=0, help_text=_("0 for the day itself.")
    )
    side = forms.TypedChoiceField(
        label=_("Before or after"),
        choices=[(Side.AFTER.value, _("after")), (Side.BEFORE.value, _("before"))],
        coerce=Side,
    )
    relative_to = forms.TypedChoiceField(
        label=_("Which date"), choices=RelativeTo.choices, coerce=RelativeTo
    )
    repeat_days = forms.IntegerField(
        label=_("Again every so many days"),
        required=False,
        min_value=1,
        max_value=365,
        help_text=_("While it stays true. Empty: once."),
    )
    audience = forms.TypedChoiceField(
        label=_("Who is told"), choices=Audience.choices, coerce=Audience
    )
    how = forms.TypedChoiceField(
        label=_("How"),
        choices=[
            (How.MORNING.value, _("Gathered in one message on the next working morning")),
            (How.AT_ONCE.value, _("At once, while the clinic is open")),
            (How.ANY_HOUR.value, _("At once, at any hour: at night and on holidays too")),
            (How.INBOX.value, _("In the inbox alone, with no message")),
        ],
        coerce=How,
        help_text=_("The clinic’s own people see it in the inbox in any case."),
    )

    def __init__(self, *args: Any, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinic = self.fields["clinic"]
        assert isinstance(clinic, forms.ModelChoiceField)
        clinic.queryset = Clinic.objects.filter(pk__in=[one.pk for one in clinics])

    @property
    def told(self) -> dict[str, Any]:
        """What `actions.add_rule` is told."""
        told = dict(self.cleaned_data)
        side, how = told.pop("side"), told.pop("how")
        return told | {
            "days": -told["days"] if side == Side.BEFORE else told["days"],
            "by_mail": how != How.INBOX,
            "digest": how == How.MORNING,
            "any_hour": how == How.ANY_HOUR,
        }


class ReceiverForm(forms.Form):
    on = forms.BooleanField(
        label=_("Tell it of appointments"),
        required=False,
        help_text=_("From then on, of all that are still ahead."),
    )
    host = forms.CharField(
        label=_("Host"),
        required=False,
        max_length=253,
        validators=[HOST],
        help_text=_("Its name or IP address."),
    )
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    tls = forms.BooleanField(
        label=_("By TLS"),
        required=False,
        help_text=_("Without it, what is told can be read on the way: only on a closed network."),
    )
    charset = forms.ChoiceField(label=_("Character set"), choices=Charset)
    our_application = forms.CharField(
        label=_("We are: application"), max_length=100, help_text="MSH-3"
    )
    our_facility = forms.CharField(
        label=_("We are: facility"), required=False, max_length=100, help_text="MSH-4"
    )
    application = forms.CharField(
        label=_("It is: application"), required=False, max_length=100, help_text="MSH-5"
    )
    facility = forms.CharField(
        label=_("It is: facility"), required=False, max_length=100, help_text="MSH-6"
    )

    @classmethod
    def of(cls, receiver: Receiver) -> "ReceiverForm":
        return cls(initial={name: getattr(receiver, name) for name in cls.base_fields})
