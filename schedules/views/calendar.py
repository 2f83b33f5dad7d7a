"""What is booked, week by week and month by month."""

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.forms import ClinicChoiceForm
from patients.models import Clinic
from schedules.calendar import Asked, View, calendars
from schedules.models import Scanner
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


class OfWhat(ClinicChoiceForm):
    """Of which clinic and scanner. What it asks for stands in the address."""

    scanner = forms.ModelChoiceField(
        Scanner.objects.none(),
        label=_("Scanner"),
        required=False,
        to_field_name="public_id",
        empty_label=_("All"),
    )

    def __init__(self, data: QueryDict, *, clinics: list[Clinic]) -> None:
        super().__init__(data, clinics=clinics)
        scanner = self.fields["scanner"]
        assert isinstance(scanner, forms.ModelChoiceField)
        scanner.queryset = Scanner.objects.filter(clinic__in=clinics).order_by("name", "id")


@require_safe
@allowed(Act.SEE_PATIENTS)
def calendar(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The appointments of a week, or how full the days of a month are, by scanner and day."""
    form = OfWhat(request.GET, clinics=clinics)
    shown: list[Clinic] = []
    scanner = None
    if form.is_valid():
        chosen, scanner = form.cleaned_data.get("clinic"), form.cleaned_data["scanner"]
        shown = [
            one
            for one in clinics
            if chosen in (None, one) and (scanner is None or scanner.clinic_id == one.pk)
        ]
    asked = Asked.by(request.GET, (shown or clinics)[0].today())
    of_clinics = calendars(asked, shown, scanner=scanner.public_id if scanner else None)
    if asked.view == View.WEEK:  # a month shows numbers and nobody
        record_look(
            page="calendar",
            by=request.user,
            patients=[one.patient for clinic in of_clinics for one in clinic.appointments],
        )
    context = {
        "form": form,
        "asked": asked,
        "calendars": of_clinics,
        "tabs": {view.value: asked.address(view=view) for view in View},
    }
    return render(request, f"schedules/calendar_{asked.view}.html", context)
