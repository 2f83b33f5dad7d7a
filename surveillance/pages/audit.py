from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from surveillance.accounts.roles import Act
from surveillance.audit.models import Event, Look


@require_safe
@allowed(Act.SEE_AUDIT)
def audit(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who did and who saw what in the user's clinics, the latest first.

    What belongs to no clinic, as a protocol does, every administrator sees.
    """
    codes = [*(clinic.code for clinic in clinics), ""]
    context = {
        "events": Event.objects.filter(clinic_code__in=codes).order_by("-at")[:50],
        "looks": Look.objects.filter(clinic_code__in=codes).order_by("-at")[:50],
    }
    return render(request, "surveillance/audit.html", context)
