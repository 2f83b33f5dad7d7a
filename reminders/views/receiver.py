"""Which system is told of a clinic's appointments, and how that does."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from reminders.appointments.arranging import arrange_receiver, tell_anew
from reminders.forms import ReceiverForm
from reminders.models import Receiver
from reminders.traffic import told_by_hl7
from surveillance.accounts.roles import Act


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.KEEP_CLINIC)
def receiver(request: UserRequest, clinics: list[Clinic], code: str) -> HttpResponse:
    """The system that hears of a clinic's appointments by HL7, if one does."""
    clinic = next((clinic for clinic in clinics if clinic.code == code), None)
    if clinic is None:
        raise Http404
    arranged = Receiver.objects.filter(clinic=clinic).first() or Receiver(clinic=clinic)
    form = ReceiverForm.of(arranged)
    if "tell_anew" in request.POST and arranged.pk:
        try:
            tell_anew(receiver=arranged, by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("It is told of every appointment ahead within a minute."))
        return redirect("receiver", code=code)
    if "arrange" in request.POST:
        form = ReceiverForm(request.POST)
        if form.is_valid() and _arrange(form, clinic=clinic, by=request.user):
            messages.success(request, _("Saved."))
            return redirect("receiver", code=code)
    context = {
        "clinic": clinic,
        "arranged": arranged,
        "form": form,
        "told": next(told_by_hl7([clinic]), None),
    }
    return render(request, "reminders/receiver.html", context)


def _arrange(form: ReceiverForm, **told: Any) -> bool:
    """Do what was sent; say whether it was not refused."""
    try:
        arrange_receiver(seen=form.data.get("seen", ""), **told, **form.cleaned_data)
    except ValidationError as error:
        refuse(form, error)
        return False
    return True
