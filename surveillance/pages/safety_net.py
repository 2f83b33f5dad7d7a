from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed, days_asked_for
from patients.models import Clinic
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look
from surveillance.safety_net import fallen_through, followed


@require_safe
@allowed(Act.SEE_PATIENTS)
def safety_net(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who has fallen through, why, and who must act. Zero is the goal."""
    days = days_asked_for(request, clinics)
    gaps = fallen_through(days)
    rows = [row for found in gaps.values() for row in found]
    record_look(
        page="safety net", by=request.user, patients=[row.patient for row in rows if row.patient]
    )
    context = {
        "gaps": gaps,
        "total": len(rows),
        "followed": followed(clinics).count(),
        "days": days,
    }
    return render(request, "surveillance/safety_net.html", context)
