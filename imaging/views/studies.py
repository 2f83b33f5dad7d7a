"""One study that was received, and what somebody decides about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from imaging import filing
from imaging.forms import AsideForm, FileForm, GrownForm, TakeBackForm
from imaging.judging import Judgement, judge
from imaging.models import Received
from imaging.queries import received_of
from imaging.wording import evidence_in_words, regions_in_words, who, why
from patients.access import UserRequest, allowed
from patients.forms import SearchForm, refuse
from patients.models import Clinic, Patient
from patients.queries import patients_of
from patients.search import with_name_or_mrn
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

MOST_FOUND = 20  # patients of one search


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.RECORD_STUDY)
def images(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """One received study. Each of its forms says by the name of its button what it asks for."""
    desk = Desk(request, get_object_or_404(received_of(clinics), public_id=public_id))
    if request.method == "POST" and (to := desk.do()):
        return redirect(*to)
    context = desk.context()
    record_look(page="images", by=request.user, patients=desk.shown)
    return render(request, "imaging/images.html", context)


class Desk:
    """What somebody asks of one received study, and the page that answers."""

    def __init__(self, request: UserRequest, received: Received) -> None:
        self.request, self.received = request, received
        self.judgement = self._judged()
        self.search = SearchForm(request.POST if "q" in request.POST else None)
        self.found = self._found()
        self.refused: forms.Form | None = self.search if self.search.errors else None
        self.shown: list[Patient] = []

    def _judged(self) -> Judgement:
        [judgement] = judge([self.received])
        return judgement

    def do(self) -> tuple[str, ...]:
        """Do what was sent; return where to go on, or nothing if a form says why it is not done."""
        acts: dict[str, Callable[[], tuple[str, ...]]] = {
            "file": self._file,
            "set_aside": self._set_aside,
            "bring_back": self._bring_back,
            "take_back": self._take_back,
            "keep": self._keep,
        }
        asked = next((name for name in acts if name in self.request.POST), None)
        return acts[asked]() if asked else ()

    def _try(self, form: forms.Form, action: Callable[..., Any], said: str) -> bool:
        self.refused = form
        if not form.is_valid():
            return False
        try:
            action(received=self.received, by=self.request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            self.received.refresh_from_db()
            self.judgement = self._judged()
            return False
        messages.success(self.request, said)
        return True

    def _file(self) -> tuple[str, ...]:
        form = self._file_form(self.request.POST)
        if not self._try(form, filing.file_study, _("The images are filed.")):
            return ()
        return "patient", str(form.cleaned_data["patient"].public_id)

    def _set_aside(self) -> tuple[str, ...]:
        form = AsideForm(self.request.POST, auto_id="id_aside_%s")
        done = self._try(form, filing.set_aside, _("The images are set aside."))
        return ("unmatched",) if done else ()

    def _bring_back(self) -> tuple[str, ...]:
        form = forms.Form(self.request.POST)
        return self._here(self._try(form, filing.bring_back, _("The images wait on the list.")))

    def _take_back(self) -> tuple[str, ...]:
        form = TakeBackForm(self.request.POST, judgement=self.judgement)
        said = _("The images are nobody’s again, and wait on the list.")
        return self._here(self._try(form, filing.take_back, said))

    def _keep(self) -> tuple[str, ...]:
        form = GrownForm(self.request.POST, auto_id="id_grown_%s")
        return self._here(self._try(form, filing.keep_as_filed, _("It stays filed as it is.")))

    def _here(self, is_done: bool) -> tuple[str, ...]:
        return ("images", str(self.received.public_id)) if is_done else ()

    def _found(self) -> list[Patient]:
        """The patients of this clinic whom a search means; nobody is searched for in an address."""
        if not self.search.is_valid() or not self.search.cleaned_data["q"]:
            return []
        followed = patients_of([self.received.clinic])
        found = with_name_or_mrn(followed, self.search.cleaned_data["q"])
        return list(found.order_by("family_name", "given_name", "mrn")[:MOST_FOUND])

    def _file_form(self, data: Any = None) -> FileForm:
        asked = dict.fromkeys([*self.judgement.suspects, *self.found])
        return FileForm(data, judgement=self.judgement, patients=asked)

    def context(self) -> dict[str, Any]:
        """What the page shows, with the refused form in its place."""
        judgement, study = self.judgement, self.received.study
        is_waiting = study is None and not self.received.set_aside_because
        self.shown = [*judgement.shown, *self.found]
        return {
            "received": self.received,
            "judgement": judgement,
            "form": self.refused,
            "search": self.search,
            "found": self.found,
            "why": why(judgement),
            "who": who(judgement.headers),
            "regions": regions_in_words(judgement.coverage.regions),
            "filed_regions": regions_in_words(study.regions) if study else "",
            "evidence": evidence_in_words(judgement.coverage.evidence),
            "series": self.received.headers.annotate(slices=Count("instances")).order_by(
                "series_uid", "pk"
            ),
            "file": self._in_place(FileForm, self._file_form) if is_waiting else None,
            "aside": self._in_place(AsideForm, lambda: AsideForm(auto_id="id_aside_%s")),
            "back": self._in_place(TakeBackForm, lambda: TakeBackForm(judgement=judgement)),
            "grown": self._in_place(GrownForm, lambda: GrownForm(auto_id="id_grown_%s")),
        }

    def _in_place(self, kind: type[forms.Form], fresh: Callable[[], forms.Form]) -> forms.Form:
        return self.refused if type(self.refused) is kind and self.refused else fresh()
