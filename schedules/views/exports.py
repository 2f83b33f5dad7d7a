"""Taking schedules out."""

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from schedules import actions
from schedules.exports import csv_lines
from surveillance.accounts.roles import Act
from surveillance.audit.models import Event


@require_safe
@allowed(Act.EXPORT)
def exports(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Take schedules out, and see who did before."""
    past = Event.objects.filter(
        act="schedules.exported", clinic_code__in=[clinic.code for clinic in clinics]
    ).order_by("-at")[:50]
    return render(request, "schedules/exports.html", {"past": past, "clinics": clinics})


@require_POST
@allowed(Act.EXPORT)
def export_csv(request: UserRequest, clinics: list[Clinic]) -> HttpResponseBase:
    """Answer with the schedules of the user's clinics as CSV; it is recorded before it leaves."""
    table = actions.export(clinics=clinics, by=request.user)
    response = StreamingHttpResponse(csv_lines(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="schedules.csv"'
    return response
