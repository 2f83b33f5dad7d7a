"""What studies showed: to be recorded, to be reviewed, and what may follow."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from patients.paging import page_after
from patients.queries import clinics_where_may
from schedules import actions, queries
from schedules.anchors import proposed_anchor
from schedules.forms import CorrectionForm, ResultForm
from schedules.history import history, in_words
from schedules.models import ResultOutcome, Schedule, Study
from schedules.worklists import OLDEST
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

LISTS = ("unreported", "unreviewed")


@require_safe
@allowed(Act.RECORD_STUDY)
def results(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What was done and not reported, and for who may review it what was reported; the oldest
    first."""
    found = {"unreported": queries.unreported_studies(clinics)}
    if reviewed := list(clinics_where_may(request.user, Act.REVIEW)):
        found["unreviewed"] = queries.unreviewed_studies(reviewed)
    after = places(request)
    among = queries.studies_of(clinics)
    pages = {
        name: page_after(studies, OLDEST, after[name], among=among)
        for name, studies in found.items()
    }
    record_look(
        page="results",
        by=request.user,
        patients=[study.patient for page in pages.values() for study in page.rows],
    )
    context = {
        name: {
            "count": found[name].count(),
            "rows": _with_landing(page.rows, after),
            "pages": page.turns(_address_after(name, after)),
        }
        for name, page in pages.items()
    }
    return render(request, "schedules/results.html", context)


@allowed(Act.RECORD_STUDY)
def record_result(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Record what a study showed, with the history beside it; then say what may follow."""
    study = get_object_or_404(
        queries.studies_of(clinics).select_related("result"), public_id=public_id
    )
    patient = study.patient
    record_look(page="record result", by=request.user, patients=[patient])
    form = ResultForm(request.POST or None, patient=patient)
    if request.method == "POST" and form.is_valid():
        try:
            result = actions.record_result(study=study, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            study.refresh_from_db()
        else:
            said = _("%(patient)s: recorded “%(result)s”. It waits for a clinician’s review.")
            messages.success(request, said % {"patient": patient, "result": result})
            if result.outcome == ResultOutcome.NEW_LESION:
                return redirect("record-result", public_id=public_id)
            from_list = "next" in request.GET
            may_review = clinics_where_may(request.user, Act.REVIEW).contains(patient.clinic)
            return redirect(_landing(request) if from_list or may_review else _page_of(study))
    context = {
        "form": form,
        "study": study,
        "words": in_words(study),
        "result": getattr(study, "result", None),
        "patient": patient,
        "tumours": patient.tumours.order_by("id"),
        "history": history(patient, without=study),
        "follow_ups": _follow_ups(study),
    }
    return render(request, "schedules/record_result.html", context)


@allowed(Act.RECORD_STUDY)
def correct_result(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Let a result say what it should have said, and say what becomes of what followed."""
    result = get_object_or_404(queries.results_of(clinics), study__public_id=public_id)
    study, reviewer = result.study, result.reviewed_by
    record_look(page="correct result", by=request.user, patients=[study.patient])
    form = CorrectionForm(request.POST or None, result=result)
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct_result(result=result, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            result.refresh_from_db()
        else:
            said = _("%(patient)s: corrected to “%(result)s”. It waits for a clinician’s review.")
            if reviewer:
                said += " " + _("That %(person)s had reviewed it no longer counts.")
            told = {"patient": study.patient, "result": result, "person": reviewer}
            messages.success(request, said % told)
            return redirect("record-result", public_id=public_id)
    context = {
        "form": form,
        "study": study,
        "words": in_words(study),
        "result": result,
        "patient": study.patient,
        "tumours": study.patient.tumours.order_by("id"),
        "history": history(study.patient, without=study),
    }
    return render(request, "schedules/correct_result.html", context)


@require_POST
@allowed(Act.REVIEW)
def review_result(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Record that a clinician has seen what a study showed."""
    result = get_object_or_404(queries.results_of(clinics), study__public_id=public_id)
    try:
        actions.review_result(result=result, by=request.user, seen=request.POST.get("seen", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("%(patient)s: the result is reviewed.") % {"patient": result.study.patient}
        undo = reverse("undo-result-review", args=[public_id], query=request.GET)
        messages.success(request, said, extra_tags=undo)
    return redirect(_landing(request))


def _follow_ups(study: Study) -> list[dict[str, Any]]:
    """The patient's follow-ups that go on, each with the new anchor that is proposed for it."""
    schedules = (
        queries.schedules_of([study.patient.clinic])
        .filter(tumour__patient=study.patient, state__in=Schedule.LIVE)
        .order_by("id")
        .prefetch_related("tumour__treatments__declined", "tumour__findings")
    )
    return [{"schedule": schedule, "proposal": proposed_anchor(schedule)} for schedule in schedules]


def _with_landing(rows: list[Study], after: dict[str, str]) -> list[tuple[Study, str, str]]:
    """Say of each study what it is, and by which parameters the list goes on after it."""
    following = [*(str(study.public_id) for study in rows[1:]), ""]
    kept = {name: value for name, value in after.items() if value}
    return [
        (study, in_words(study), urlencode(kept | {"next": one}))
        for study, one in zip(rows, following, strict=False)
    ]


def _landing(request: UserRequest) -> str:
    """The address of the lists at the study that follows the one just dealt with."""
    address = address_of_results(places(request))
    try:
        return f"{address}#study-{UUID(request.GET.get('next', ''))}"
    except ValueError:
        return address


def places(request: UserRequest) -> dict[str, str]:
    """Return after which place each of the lists is asked for."""
    return {name: request.GET.get(name, "") for name in LISTS}


def address_of_results(after: dict[str, str]) -> str:
    return reverse("results", query={name: value for name, value in after.items() if value})


def _address_after(name: str, after: dict[str, str]) -> Callable[[str], str]:
    """How the address of a page of one list is told, the other list staying where it is."""
    return lambda place: address_of_results(after | {name: place})


def _page_of(study: Study) -> str:
    return reverse("patient", args=[study.patient.public_id])
