"""What nurses type when they book, call, and look through the list."""

from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from patients.fields import DatedForm, DateField, DateTimeField
from patients.forms import ClinicChoiceForm
from patients.models import Clinic
from schedules.models import ContactOutcome, Protocol, ProtocolState, Scanner
from schedules.rules.protocol import Contrast


class BookingForm(DatedForm):
    starts_at = DateTimeField(label=_("Date and time"))
    scanner = forms.ModelChoiceField(Scanner.objects.none(), label=_("Scanner"), empty_label=None)
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, help_text=_("Only if not as usual.")
    )
    outside_window_reason = forms.CharField(
        label=_("Reason, if outside the window"),
        required=False,
        max_length=300,
        help_text=_("Only for a day outside the window; the appointment stays marked."),
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, today=clinic.today(), **kwargs)
        scanner = self.fields["scanner"]
        assert isinstance(scanner, forms.ModelChoiceField)
        scanner.queryset = clinic.scanners.filter(in_use=True).order_by("name")

    @classmethod
    def sent(cls, data: QueryDict, *, clinic: Clinic) -> "BookingForm":
        """Read what was sent: the fields, or the button of a proposed time that stands for them."""
        if "choice" in data:
            starts_at, _, scanner = str(data["choice"]).partition("_")
            return cls({"starts_at": starts_at, "scanner": scanner}, clinic=clinic)
        return cls(data, clinic=clinic)


class ContactForm(DatedForm):
    outcome = forms.TypedChoiceField(
        label=_("What came of it?"),
        choices=ContactOutcome.choices,
        coerce=ContactOutcome,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=300,
        help_text=_("Needed if the patient does not want to come."),
    )
    snooze_until = DateField(
        label=_("Remind me on"),
        required=False,
        help_text=_("Only for “Remind me later”: until then the exam leaves the list."),
    )
    # Whoever sends the form again, for they saw no answer, tells of the same call.
    public_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)


class ViewForm(forms.Form):
    """What a person calls the filters that they keep."""

    name = forms.CharField(label=_("Name of this view"), max_length=60)


class FilterForm(ClinicChoiceForm):
    """Which slots a list is to show. It holds no name: what it asks for stands in the address."""

    within = forms.IntegerField(
        label=_("Due within days"), required=False, min_value=0, max_value=3660
    )
    protocol = forms.ChoiceField(label=_("Protocol"), required=False)
    site = forms.CharField(label=_("Tumour site"), required=False, max_length=120)
    contrast = forms.ChoiceField(
        label=_("Contrast"),
        required=False,
        choices=[
            ("", _("Any")),
            (Contrast.WITH.value, _("With")),
            (Contrast.WITHOUT.value, _("Without")),
            (Contrast.UNSPECIFIED.value, _("Not stated")),
        ],
    )
    order = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[("", _("Most urgent")), ("due", _("Due date"))],
    )

    def __init__(self, data: QueryDict | None, *, clinics: list[Clinic]) -> None:
        super().__init__(data, clinics=clinics)
        protocol = self.fields["protocol"]
        assert isinstance(protocol, forms.ChoiceField)
        used = Protocol.objects.exclude(state=ProtocolState.DRAFT)
        codes = used.order_by("code").values_list("code", flat=True).distinct()
        protocol.choices = [("", _("Any")), *((code, code) for code in codes)]
