"""Overdue exams, and what a clinician decides about them."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import retarget

from patients.access import UserRequest, allowed, days_asked_for
from patients.forms import refuse
from patients.models import Clinic
from patients.queries import clinic_days
from schedules import actions, queries
from schedules.forms import ReviewForm, TogetherForm
from schedules.models import Decision, Review
from schedules.overdue import Asked, Order, Show, counts, landing, listed
from schedules.rules import risk
from schedules.rules.months import long_date
from schedules.worklists import rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

_WHAT_FOLLOWS = {
    Decision.CHASE: gettext_lazy("It stays on the list until the exam is done."),
    Decision.REBOOK: gettext_lazy("It stays on the list until the exam is done."),
    Decision.DEFER: gettext_lazy("It stands under Deferred, and comes back on that day."),
    Decision.SKIP: gettext_lazy("Nobody is reminded of this exam any more."),
    Decision.TERMINATE: gettext_lazy("Nobody is reminded of this follow-up any more."),
}


@require_safe
@allowed(Act.REVIEW)
def overdue(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who is late, ranked, with the reasons; what a clinician has deferred stands on its own."""
    return _overdue(request, clinics)


@allowed(Act.REVIEW)
def review(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Decide on one exam; the address says what the list is to show afterwards."""
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    form = ReviewForm(request.POST or None, today=slot.patient.clinic.today())
    if request.method == "POST" and form.is_valid():
        try:
            decided = actions.review(slot=slot, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            undo = ""
            if decided.decision in actions.UNDOABLE:
                told = Asked.by(request.GET).parameters()
                undo = reverse("undo-review", args=[decided.public_id], query=told)
            messages.success(request, _what_happened(decided), extra_tags=undo)
            return redirect(landing(request.GET))
    record_look(page="review", by=request.user, patients=[slot.patient])
    [row] = rows(queries.slots_of(clinics).filter(pk=slot.pk), clinic_days([slot.patient.clinic]))
    context = {"form": form, "row": row, "list": Asked.by(request.GET).address()}
    return render(request, "schedules/review.html", context)


@require_POST
@allowed(Act.REVIEW)
def review_together(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Record one decision on all the exams that were ticked; one that is refused stops no other."""
    form = TogetherForm(request.POST)
    if not form.is_valid():
        return _overdue(request, clinics, form)
    ticked = form.cleaned_data["ticked"]
    slots = list(queries.slots_of(clinics).filter(public_id__in=ticked))
    if len(slots) != len(ticked):
        raise Http404("An exam of another clinic was ticked.")
    decision = form.cleaned_data["decision"]
    refused = actions.review_together(
        shown={slot: ticked[slot.public_id] for slot in slots},
        decision=decision,
        reason=form.cleaned_data["reason"],
        by=request.user,
    )
    done = [str(slot.patient) for slot in slots if slot not in refused]
    if done:
        said = _("Recorded “%(decision)s” for %(count)s: %(patients)s. %(follows)s") % {
            "decision": decision.label,
            "count": len(done),
            "patients": _("; ").join(done),
            "follows": _WHAT_FOLLOWS[decision],
        }
        messages.success(request, said)
    for slot, why in refused.items():
        said = _("%(patient)s: not recorded. %(why)s") % {"patient": slot.patient, "why": why}
        messages.error(request, said)
    return redirect(landing(request.GET))


def _overdue(
    request: UserRequest, clinics: list[Clinic], together: TogetherForm | None = None
) -> HttpResponse:
    """Show the list, and what was refused above it."""
    days, asked = days_asked_for(request, clinics), Asked.by(request.GET)
    page = listed(asked, days)
    record_look(page="overdue", by=request.user, patients=[case.row.patient for case in page.cases])
    context = {
        "asked": asked,
        "days": days,
        "cases": page.cases,
        "address": asked.address(),
        "pages": page.pages,
        "tabs": {show: asked.address(show=show, after="") for show in Show},
        "orders": {order: asked.address(order=order, after="") for order in Order},
        "counts": counts(days),
        "weights": risk.weights(),
        "together": together or TogetherForm(),
        "together_address": reverse("review-together", query=asked.parameters()),
        "ticked": set(request.POST.getlist("ticked")) if together else set(),
        "form": together,
    }
    # After a decision in place it is the answer to a form in a row.
    return retarget(render(request, "schedules/overdue.html", context), "#list")


def _what_happened(decided: Review) -> str:
    decision = Decision(decided.decision)
    told = {
        "patient": decided.slot.patient,
        "decision": decision.label,
        "follows": _WHAT_FOLLOWS[decision],
    }
    if not decided.until:
        return _("%(patient)s: recorded “%(decision)s”. %(follows)s") % told
    said = _("%(patient)s: recorded “%(decision)s” until %(day)s. %(follows)s")
    return said % (told | {"day": long_date(decided.until)})
