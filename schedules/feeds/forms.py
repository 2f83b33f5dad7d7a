"""What an administrator says of a calendar feed."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic
from schedules.models import Scanner


class FeedForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Who reads it, such as “Radiology desk”.")
    )
    scanner = forms.ModelChoiceField(
        Scanner.objects.none(),
        label=_("Scanner"),
        required=False,
        to_field_name="public_id",
        empty_label=_("All scanners"),
    )

    def __init__(self, data: QueryDict | None = None, *, clinic: Clinic) -> None:
        super().__init__(data)
        scanner = self.fields["scanner"]
        assert isinstance(scanner, forms.ModelChoiceField)
        scanner.queryset = clinic.scanners.order_by("-in_use", "name")
