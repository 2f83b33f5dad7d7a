"""Another clinic's patient in an emergency: asked for, read, and told to that clinic."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.emergency import (
    accesses_open_to,
    accesses_to,
    end_access,
    note_access,
    open_in_emergency,
)
from patients.fields import DatedForm, DateField
from patients.forms import refuse
from patients.models import Clinic, EmergencyAccess, Patient
from patients.paging import By, page_after
from patients.queries import clinics_where_may
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look
from surveillance.pages.patient import story, with_story

ORDER = (By("at", descending=True),)


class EmergencyForm(DatedForm):
    mrn = forms.CharField(
        label=_("MRN"), max_length=64, help_text=_("All of it, as the other clinic writes it.")
    )
    birth_date = DateField(label=_("Birth date"), is_birth=True)
    clinic = forms.ModelChoiceField(
        Clinic.objects.none(),
        label=_("Clinic"),
        required=False,
        empty_label=_("Not known"),
        help_text=_("Needed only where the same number is in use at several."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Why you need this patient’s record now. That clinic’s administrators read it."
        ),
    )

    def __init__(self, *args: Any, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, today=clinics[0].today(), **kwargs)
        clinic = self.fields["clinic"]
        assert isinstance(clinic, forms.ModelChoiceField)
        own = [one.pk for one in clinics]
        clinic.queryset = Clinic.objects.exclude(pk__in=own).order_by("name")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.OPEN_IN_EMERGENCY)
def emergency(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Ask for a patient by number, birth date and reason, or go back to one who is open."""
    own = list(clinics_where_may(request.user, Act.SEE_PATIENTS))
    form = EmergencyForm(request.POST if request.method == "POST" else None, clinics=own)
    if form.is_valid():
        try:
            access = open_in_emergency(by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            return redirect("emergency-patient", public_id=access.public_id)
    accesses = list(accesses_open_to(request.user).order_by("until"))
    seen = [one.patient for one in accesses if one.patient]
    record_look(page="emergency", by=request.user, patients=seen)
    context = {
        "form": form,
        "accesses": [(one, _minutes_left(one)) for one in accesses],
        "zone": clinics[0].zone,
    }
    return render(request, "surveillance/emergency.html", context)


@require_safe
@allowed(Act.OPEN_IN_EMERGENCY)
def opened(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """The page of the one patient, to be read and nothing else, until the access ends."""
    access = accesses_open_to(request.user).filter(public_id=public_id).first()
    if access is None:
        get_object_or_404(EmergencyAccess, by=request.user, public_id=public_id)
        messages.info(request, gettext("Your access to this patient has ended."))
        return redirect("emergency")
    found = with_story(Patient.objects.all()).get(emergency_accesses=access)
    record_look(page="patient in an emergency", by=request.user, patients=[found])
    context = story(found) | {
        "access": access,
        "minutes_left": _minutes_left(access),
        "zone": clinics[0].zone,
        "acts": frozenset(),  # whatever they may do elsewhere
    }
    response = render(request, "surveillance/patient.html", context)
    # With its time the patient leaves the screen, too.
    response["Refresh"] = str(int((access.until - timezone.now()).total_seconds()) + 1)
    return response


@require_POST
@allowed(Act.OPEN_IN_EMERGENCY)
def end(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    access = get_object_or_404(EmergencyAccess, by=request.user, public_id=public_id)
    end_access(access=access, by=request.user)
    messages.success(request, gettext("Your access to this patient has ended."))
    return redirect("emergency")


@require_safe
@allowed(Act.SEE_AUDIT)
def emergencies(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who opened patients of these clinics from elsewhere, and why, the latest first."""
    accesses = accesses_to(clinics)
    page = page_after(accesses, ORDER, request.GET.get("after", ""), among=accesses)
    seen = [one.patient for one in page.rows if one.patient]
    record_look(page="emergencies", by=request.user, patients=seen)
    context = {
        "accesses": page.rows,
        "kept": list(clinics_where_may(request.user, Act.KEEP_CLINIC)),
        "now": timezone.now(),
        "pages": page.turns(lambda after: reverse("emergencies", query={"after": after})),
    }
    return render(request, "surveillance/emergencies.html", context)


@require_POST
@allowed(Act.KEEP_CLINIC)
def note(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    access = get_object_or_404(accesses_to(clinics), public_id=public_id)
    try:
        note_access(access=access, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, gettext("You have taken note of it."))
    return redirect("emergencies")


def _minutes_left(access: EmergencyAccess) -> int:
    """Return how long it lasts, a minute that has begun as a whole one."""
    return -int((timezone.now() - access.until).total_seconds() // 60)
