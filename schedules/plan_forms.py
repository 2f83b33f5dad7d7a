"""What people type to choose, suspend or end a follow-up. The rules stand in the actions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.fields import DatedForm, DateField
from patients.forms import EditForm
from patients.models import Treatment, Tumour
from schedules.models import EndReason, Protocol, ProtocolState
from schedules.rules.anchors import AnchorProposal
from schedules.rules.months import long_date
from schedules.suitability import Suiting


class ProtocolField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(title)s (%(version)s)") % {"title": obj.name, "version": obj}


class OperationField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return gettext("%(day)s: %(operation)s") % {
            "day": long_date(obj.on),
            "operation": obj,
        }


class EnrolForm(forms.Form):
    protocol = ProtocolField(Protocol.objects.none(), label=_("Protocol"), empty_label=None)
    anchor = OperationField(
        Treatment.objects.none(), label=_("Month 0 counts from"), empty_label=None
    )

    def __init__(
        self,
        *args: Any,
        tumour: Tumour,
        suiting: Sequence[Suiting],
        proposal: AnchorProposal[Treatment] | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        protocol, anchor = self.fields["protocol"], self.fields["anchor"]
        assert isinstance(protocol, ProtocolField)
        assert isinstance(anchor, OperationField)
        protocol.queryset = Protocol.objects.filter(state=ProtocolState.ACTIVE).order_by("code")
        anchor.queryset = tumour.treatments.filter(kind__in=Treatment.OPERATIONS).order_by("-on")
        if suiting:
            protocol.initial = suiting[0].protocol
        if proposal:
            anchor.initial = proposal.event


class SuspendForm(DatedForm):
    reason = forms.CharField(label=_("Reason"), max_length=300)
    review_on = DateField(
        label=_("To be reviewed on"),
        help_text=_("On this day it comes back on the list."),
    )


class EndForm(forms.Form):
    end_reason = forms.TypedChoiceField(
        label=_("Reason"),
        choices=[choice for choice in EndReason.choices if choice[0] != EndReason.DIED],
        coerce=EndReason,
        widget=forms.RadioSelect,
    )
    explanation = forms.CharField(
        label=_("In words"),
        required=False,
        max_length=300,
        help_text=_("Where the patient goes, or what the other reason is."),
    )


class DeathForm(DatedForm, EditForm):
    died_on = DateField(label=_("Died on"))


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the old series goes on"),
        max_length=300,
    )
