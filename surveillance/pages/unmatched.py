"""What was scanned and waits for somebody: images that are nobody's yet, and studies that count for
no exam of a plan."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from imaging.judging import Judgement, judge
from imaging.queries import received_of, undecided
from imaging.wording import regions_in_words, who, why
from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic, Patient
from patients.paging import By, page_after
from schedules import actions, queries
from schedules.forms import KeepOffScheduleForm
from schedules.models import Study
from schedules.unmatched import unmatched_rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

ORDER = (By("first_at"),)


@dataclass(frozen=True, slots=True)
class Row:
    """One received study on the list."""

    judgement: Judgement
    who: list[str]
    why: list[str]
    regions: str

    @property
    def confirms(self) -> Patient | None:
        """For whom it can be filed as it stands, by one press."""
        judgement = self.judgement
        as_it_is = judgement.coverage.sure and judgement.performed_on
        if judgement.received.study or judgement.received.taken_back_because or not as_it_is:
            return None
        return judgement.patient


@require_safe
@allowed(Act.RECORD_STUDY)
def unmatched(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The images that nobody has decided about, and the studies that count for no exam."""
    return _unmatched(request, clinics)


@require_POST
@allowed(Act.RECORD_STUDY)
def keep_off_schedule(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Decide, with a reason, that a study need not count for any exam."""
    study = get_object_or_404(queries.studies_of(clinics), public_id=public_id)
    form = KeepOffScheduleForm(request.POST, study=study)
    if form.is_valid():
        try:
            actions.keep_off_schedule(study=study, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("%(patient)s: %(study)s is kept off schedule.")
            said %= {"patient": study.patient, "study": study}
            undo = reverse("undo-keep-off-schedule", args=[public_id])
            messages.success(request, said, extra_tags=undo)
            return redirect("unmatched")
    return _unmatched(request, clinics, refused=(study, form))


def _unmatched(
    request: UserRequest,
    clinics: list[Clinic],
    refused: tuple[Study, KeepOffScheduleForm] | None = None,
) -> HttpResponse:
    """Show the lists, and what was refused above them and beside its field."""
    waiting = undecided(clinics)
    page = page_after(waiting, ORDER, request.GET.get("after", ""), among=received_of(clinics))
    received = [
        Row(one, who(one.headers), why(one), regions_in_words(one.coverage.regions))
        for one in judge(page.rows)
    ]
    rows = unmatched_rows(queries.unmatched_studies(clinics))
    shown = [row.study.patient for row in rows] + [
        one for row in received for one in row.judgement.shown
    ]
    record_look(page="unmatched", by=request.user, patients=shown)
    asked = [
        (
            row,
            refused[1]
            if refused and refused[0] == row.study
            else KeepOffScheduleForm(study=row.study),
        )
        for row in rows
    ]
    context = {
        "received": received,
        "waiting": waiting.count(),
        "pages": page.turns(
            lambda after: reverse("unmatched", query={"after": after} if after else None)
        ),
        "asked": asked,
        "form": refused[1] if refused else None,
    }
    return render(request, "surveillance/unmatched.html", context)
