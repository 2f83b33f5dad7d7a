"""What an administrator arranges for a clinic's images."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from imaging import arranging
from imaging.forms import ArrangementForm, PeerForm, RegionsOfTextForm, TextForm
from imaging.models import Arrangement, Peer, TextMeaning
from imaging.wording import regions_in_words
from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from surveillance.accounts.roles import Act


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.KEEP_CLINIC)
def arrangement(request: UserRequest, clinics: list[Clinic], code: str) -> HttpResponse:
    """How a clinic takes images in. Each form says by its button's name what it asks for."""
    clinic = next((clinic for clinic in clinics if clinic.code == code), None)
    if clinic is None:
        raise Http404
    desk = Desk(request, clinic)
    if request.method == "POST" and (said := desk.do()):
        messages.success(request, said)
        return redirect("arrangement", code=code)
    return render(request, "imaging/arrangement.html", desk.context())


class Desk:
    """What one administrator asks of one clinic's images, and the page that answers."""

    def __init__(self, request: UserRequest, clinic: Clinic) -> None:
        self.request, self.clinic = request, clinic
        self.refused: forms.Form | None = None
        self.refused_row: Peer | TextMeaning | None = None

    def do(self) -> str:
        """Do what was sent; return what is done, or nothing: then `refused` says why."""
        acts: dict[str, Callable[[], str]] = {
            "arrange": self._arrange,
            "add_peer": self._add_peer,
            "change_peer": self._change_peer,
            "remove_peer": self._remove_peer,
            "add_text": self._add_text,
            "change_text": self._change_text,
            "forget_text": self._forget_text,
        }
        asked = next((name for name in acts if name in self.request.POST), None)
        return acts[asked]() if asked else ""

    def _try(self, form: forms.Form, action: Callable[..., Any], said: str, **told: Any) -> str:
        self.refused = form
        if not form.is_valid():
            return ""
        try:
            action(by=self.request.user, **told, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            return ""
        return said

    def _arrange(self) -> str:
        form = ArrangementForm(self.request.POST, auto_id="id_arranged_%s")
        told = {"clinic": self.clinic, "seen": self.request.POST.get("seen", "")}
        return self._try(form, arranging.arrange, _("Saved."), **told)

    def _add_peer(self) -> str:
        form = PeerForm(self.request.POST, auto_id="id_peer_%s")
        said = _("%(peer)s is added.") % {"peer": self.request.POST.get("ae_title", "")}
        return self._try(form, arranging.keep_peer, said, clinic=self.clinic)

    def _change_peer(self) -> str:
        peer = self._row(self.clinic.dicom_peers, "change_peer")
        form = PeerForm(self.request.POST, auto_id=f"id_peer{peer.pk}_%s")
        said = _("%(peer)s is saved.") % {"peer": peer}
        told = {"clinic": self.clinic, "seen": self.request.POST.get("seen", "")}
        return self._try(form, arranging.keep_peer, said, peer=peer, **told)

    def _remove_peer(self) -> str:
        peer = self._row(self.clinic.dicom_peers, "remove_peer")
        said = _("%(peer)s is removed.") % {"peer": peer}
        return self._try(forms.Form(self.request.POST), arranging.remove_peer, said, peer=peer)

    def _add_text(self) -> str:
        form = TextForm(self.request.POST, auto_id="id_text_%s")
        said = _("The text has its regions now.")
        return self._try(form, arranging.give_meaning, said, clinic=self.clinic)

    def _change_text(self) -> str:
        meaning = self._row(self.clinic.text_meanings, "change_text")
        form = RegionsOfTextForm(self.request.POST, auto_id=f"id_text{meaning.pk}_%s")
        said = _("The text has its regions now.")
        told = {"clinic": self.clinic, "seen": self.request.POST.get("seen", "")}
        return self._try(form, arranging.give_meaning, said, text=meaning.text, **told)

    def _forget_text(self) -> str:
        meaning = self._row(self.clinic.text_meanings, "forget_text")
        form, said = forms.Form(self.request.POST), _("The text is read by its words again.")
        return self._try(form, arranging.forget_meaning, said, meaning=meaning)

    def _row(self, rows: Any, name: str) -> Any:
        """The row that a button names; there is no such page if it is not of this clinic."""
        try:
            key = UUID(self.request.POST[name])
        except ValueError as error:
            raise Http404 from error
        self.refused_row = get_object_or_404(rows, public_id=key)
        return self.refused_row

    def context(self) -> dict[str, Any]:
        """What the page shows, with the refused form in its place."""
        arranged = Arrangement.objects.filter(clinic=self.clinic).first() or Arrangement(
            clinic=self.clinic
        )
        fresh = ArrangementForm.of(arranged)
        return {
            "clinic": self.clinic,
            "form": self.refused,
            "arranged": arranged,
            "arrange": self.refused if isinstance(self.refused, ArrangementForm) else fresh,
            "peers": [
                (peer, self._of(peer, PeerForm.of(peer)))
                for peer in self.clinic.dicom_peers.order_by("ae_title")
            ],
            "add_peer": self._new(PeerForm, "id_peer_%s"),
            "texts": [
                (one, regions_in_words(one.regions), self._of(one, RegionsOfTextForm.of(one)))
                for one in self.clinic.text_meanings.select_related("by").order_by("text")
            ],
            "add_text": self._new(TextForm, "id_text_%s"),
        }

    def _of(self, row: Peer | TextMeaning, fresh: forms.Form) -> forms.Form:
        return self.refused if self.refused and row == self.refused_row else fresh

    def _new(self, kind: type[forms.Form], auto_id: str) -> forms.Form:
        is_here = type(self.refused) is kind and self.refused_row is None
        return self.refused if self.refused and is_here else kind(auto_id=auto_id)
