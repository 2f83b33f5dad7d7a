"""What people type of the rules. What makes sense stands in `rules.why_not`."""

from enum import StrEnum
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from reminders.models import Audience, Kind, RelativeTo


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
