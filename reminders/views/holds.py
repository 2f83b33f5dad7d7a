"""What an administrator decides about messages that are held."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from patients.access import UserRequest, allowed
from patients.models import Clinic
from reminders import actions
from reminders.queries import holds_of
from surveillance.accounts.roles import Act

_DONE = {
    "release": _("The messages go out now, but for what is no longer true."),
    "discard": _("None of the messages is sent. What they told stands on the lists as before."),
}


@require_POST
@allowed(Act.DECIDE_HOLD)
def decide(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Release or discard what is held: as `decision` says."""
    hold = get_object_or_404(holds_of(clinics), public_id=public_id)
    decision = request.POST.get("decision", "")
    if decision not in _DONE:
        messages.error(request, gettext("Choose whether to release or to discard the messages."))
        return redirect("status")
    try:
        actions.decide_hold(hold=hold, release=decision == "release", by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _DONE[decision])
    return redirect("status")
