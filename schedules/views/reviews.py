"""A clinician's decision on an overdue slot."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from patients.queries import clinic_days
from schedules import actions, queries
from schedules.forms import ReviewForm
from schedules.worklists import rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.REVIEW)
def review(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    record_look(page="review", by=request.user, patients=[slot.patient])
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.review(slot=slot, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            decision = form.cleaned_data["decision"].label
            messages.success(request, f"{slot.patient}: recorded “{decision}”.")
            return redirect("overdue")
    [row] = rows(queries.slots_of(clinics).filter(pk=slot.pk), clinic_days([slot.patient.clinic]))
    return render(request, "schedules/review.html", {"form": form, "row": row})
